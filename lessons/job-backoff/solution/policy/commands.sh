kubectl apply -f import.yaml
kubectl wait --for=condition=Failed job/import --timeout=30s
kubectl get pods -l job-name=import
kubectl get job import -o jsonpath='{.status.conditions[?(@.type=="Failed")].reason}: {.status.conditions[?(@.type=="Failed")].message}{"\n"}'
