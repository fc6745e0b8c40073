kubectl apply -f poll.yaml
kubectl wait --for=condition=Failed job/poll --timeout=60s
kubectl get pods -l job-name=poll
kubectl get job poll -o custom-columns='NAME:.metadata.name,FAILED:.status.failed,REASON:.status.conditions[?(@.type=="Failed")].reason'
