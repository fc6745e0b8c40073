kubectl apply -f web.yaml
kubectl set image pods -l app=web nginx=nginx:1.26
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 rs/web --timeout=60s
