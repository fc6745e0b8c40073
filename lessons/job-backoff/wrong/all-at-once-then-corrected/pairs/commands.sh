kubectl apply -f resize.yaml
kubectl patch job resize -p '{"spec":{"parallelism":5}}'
kubectl wait --for=condition=Complete job/resize --timeout=60s
kubectl apply -f resize.yaml
