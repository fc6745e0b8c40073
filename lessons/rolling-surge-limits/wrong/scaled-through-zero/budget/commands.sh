kubectl scale deployment/api --replicas=0
kubectl wait --for=jsonpath='{.status.replicas}'=0 deployment/api --timeout=60s
kubectl apply -f api.yaml
kubectl rollout status deployment/api --timeout=60s
