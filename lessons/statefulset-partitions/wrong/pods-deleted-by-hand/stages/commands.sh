kubectl apply -f db.yaml
kubectl delete pods -l app=db
kubectl wait --for=create pod/db-4 --timeout=60s
kubectl rollout status sts/db --timeout=60s
