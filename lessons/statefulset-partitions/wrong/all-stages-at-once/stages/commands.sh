kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
