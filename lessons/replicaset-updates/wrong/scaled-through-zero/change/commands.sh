kubectl apply -f web.yaml
kubectl scale rs web --replicas=0
kubectl wait --for=jsonpath='{.status.replicas}'=0 rs/web --timeout=60s
kubectl scale rs web --replicas=3
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 rs/web --timeout=60s
