kubectl delete deployment web
kubectl apply -f web.yaml
kubectl rollout status deployment/web --timeout=60s
