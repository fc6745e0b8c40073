kubectl apply -f burst.yaml
kubectl wait --for=condition=Failed job/burst --timeout=60s
