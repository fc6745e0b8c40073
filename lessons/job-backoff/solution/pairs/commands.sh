kubectl apply -f resize.yaml
kubectl wait --for=condition=Complete job/resize --timeout=60s
kubectl get pods -l job-name=resize --sort-by=.metadata.creationTimestamp -o custom-columns='NAME:.metadata.name,CREATED:.metadata.creationTimestamp,FINISHED:.status.containerStatuses[0].state.terminated.finishedAt'
