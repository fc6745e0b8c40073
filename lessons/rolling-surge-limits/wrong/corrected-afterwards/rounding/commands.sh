kubectl apply -f small.yaml
kubectl rollout status deployment/small --timeout=120s
kubectl set image deployment/small nginx=nginx:1.26
kubectl rollout status deployment/small --timeout=120s
kubectl patch deployment small -p '{"spec":{"strategy":{"rollingUpdate":{"maxUnavailable":"25%"}}}}'
kubectl scale deployment/web --replicas=8
kubectl rollout status deployment/web --timeout=120s
