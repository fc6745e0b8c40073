kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
kubectl get pods -l app=db -o custom-columns='NAME:.metadata.name,IMAGE:.spec.containers[0].image,CREATED:.metadata.creationTimestamp'
