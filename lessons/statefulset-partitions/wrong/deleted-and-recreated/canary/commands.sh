kubectl delete -f db.yaml
kubectl wait --for=delete pod -l app=db --timeout=60s
kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
