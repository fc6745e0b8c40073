kubectl apply -f import.yaml
kubectl wait --for=condition=Failed job/import --timeout=30s
kubectl get pods -l job-name=import
kubectl get events --field-selector involvedObject.name=import
