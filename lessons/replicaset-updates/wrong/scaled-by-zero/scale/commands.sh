kubectl scale rs web --replicas=0
kubectl wait --for=jsonpath='{.status.replicas}'=0 rs/web --timeout=60s
kubectl scale rs web --replicas=5
kubectl wait --for=jsonpath='{.status.readyReplicas}'=5 rs/web --timeout=60s
kubectl scale rs web --replicas=3
kubectl wait --for=jsonpath='{.status.replicas}'=3 rs/web --timeout=60s
