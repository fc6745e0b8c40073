kubectl set image deployment/small nginx=nginx:1.25
kubectl rollout status deployment/small --timeout=60s
kubectl patch deployment small -p '{"spec":{"minReadySeconds":5}}'
