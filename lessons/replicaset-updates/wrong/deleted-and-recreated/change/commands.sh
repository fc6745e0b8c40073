kubectl delete -f web.yaml
kubectl apply -f web.yaml
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 rs/web --timeout=60s
