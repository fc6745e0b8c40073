kubectl apply -f poll.yaml
kubectl wait --for=condition=Failed job/poll --timeout=60s
kubectl get pods -l job-name=poll
kubectl get events --field-selector involvedObject.name=poll
