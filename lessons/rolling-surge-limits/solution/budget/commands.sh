kubectl apply -f api.yaml
kubectl rollout status deployment/api --timeout=120s
kubectl get replicasets -l app=api
