kubectl delete pod db-3
kubectl wait --for=create pod/db-3 --timeout=60s
kubectl wait --for=condition=Ready pod/db-3 --timeout=60s
