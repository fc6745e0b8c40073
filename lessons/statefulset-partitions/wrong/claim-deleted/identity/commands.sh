kubectl delete pvc data-db-2 --wait=false
kubectl delete pod db-2
kubectl wait --for=create pod/db-2 --timeout=60s
kubectl wait --for=condition=Ready pod/db-2 --timeout=60s
