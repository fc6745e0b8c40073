kubectl set image deployment/api nginx=nginx:1.26
kubectl rollout status deployment/api --timeout=60s
kubectl apply -f api.yaml
kubectl rollout status deployment/api --timeout=60s
