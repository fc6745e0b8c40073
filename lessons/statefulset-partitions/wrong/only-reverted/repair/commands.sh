kubectl apply -f db.yaml
kubectl get pods -l app=db
