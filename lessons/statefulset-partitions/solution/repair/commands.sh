kubectl apply -f db.yaml
kubectl get pods -l app=db
kubectl delete pod db-4
kubectl wait --for=create pod/db-4 --timeout=60s
kubectl wait --for=condition=Ready pod/db-4 --timeout=60s
kubectl get pods -l app=db -o custom-columns='NAME:.metadata.name,IMAGE:.spec.containers[0].image,CREATED:.metadata.creationTimestamp'
