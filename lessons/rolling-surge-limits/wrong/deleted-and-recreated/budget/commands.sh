kubectl delete -f api.yaml
kubectl apply -f api.yaml
kubectl rollout status deployment/api --timeout=60s
