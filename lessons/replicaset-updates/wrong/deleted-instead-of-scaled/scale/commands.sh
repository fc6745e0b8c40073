kubectl scale rs web --replicas=5
kubectl wait --for=jsonpath='{.status.readyReplicas}'=5 rs/web --timeout=60s
kubectl delete pods $(kubectl get pods -l app=web -o jsonpath='{.items[0].metadata.name} {.items[1].metadata.name}')
kubectl wait --for=jsonpath='{.status.readyReplicas}'=5 rs/web --timeout=60s
kubectl scale rs web --replicas=3
kubectl wait --for=jsonpath='{.status.replicas}'=3 rs/web --timeout=60s
