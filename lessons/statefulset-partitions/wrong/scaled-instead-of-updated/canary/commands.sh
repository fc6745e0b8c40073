kubectl scale sts db --replicas=3
kubectl wait --for=delete pod/db-3 --timeout=60s
kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
