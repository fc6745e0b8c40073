kubectl apply -f web.yaml
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 rs/web --timeout=120s
kubectl set image rs/web nginx=nginx:1.25
