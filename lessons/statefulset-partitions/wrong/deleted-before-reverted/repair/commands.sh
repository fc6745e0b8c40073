kubectl delete pod db-4
kubectl wait --for=create pod/db-4 --timeout=60s
kubectl apply -f db.yaml
kubectl get pods -l app=db
