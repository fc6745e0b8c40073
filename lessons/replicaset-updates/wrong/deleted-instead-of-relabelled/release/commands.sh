kubectl delete pod $(kubectl get pods -l app=web -o jsonpath='{.items[0].metadata.name}')
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 rs/web --timeout=60s
