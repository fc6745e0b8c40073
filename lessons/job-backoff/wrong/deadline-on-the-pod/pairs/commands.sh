kubectl delete job poll
kubectl apply -f resize.yaml
kubectl wait --for=condition=Complete job/resize --timeout=60s
