kubectl set image deployment/web nginx=nginx:1.261
kubectl rollout status deployment/web --timeout=5s
kubectl delete deployment web
kubectl apply -f web.yaml
kubectl rollout status deployment/web --timeout=60s
