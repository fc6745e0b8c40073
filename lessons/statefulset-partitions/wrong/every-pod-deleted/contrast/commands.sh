kubectl apply -f cache.yaml
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 sts/cache --timeout=120s
kubectl set image sts/cache nginx=nginx:1.26
kubectl wait --for=jsonpath='{.status.observedGeneration}'=2 sts/cache --timeout=60s
kubectl delete pods -l app=cache
kubectl wait --for=create pod/cache-0 --timeout=60s
kubectl wait --for=jsonpath='{.status.readyReplicas}'=3 sts/cache --timeout=60s
