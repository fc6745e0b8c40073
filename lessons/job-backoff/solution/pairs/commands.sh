kubectl apply -f resize.yaml
kubectl wait --for=condition=Complete job/resize --timeout=60s
kubectl get pods -l job-name=resize --sort-by=.metadata.creationTimestamp
