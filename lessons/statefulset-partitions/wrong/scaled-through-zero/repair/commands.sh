kubectl scale sts db --replicas=0
kubectl wait --for=delete pod -l app=db --timeout=60s
kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
