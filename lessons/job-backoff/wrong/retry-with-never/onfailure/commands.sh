kubectl apply -f retry.yaml
kubectl wait --for=condition=Failed job/retry --timeout=120s
