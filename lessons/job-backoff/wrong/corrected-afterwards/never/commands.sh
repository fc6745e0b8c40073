kubectl apply -f report.yaml
kubectl wait --for=condition=Failed job/report --timeout=120s
kubectl patch job report -p '{"spec":{"backoffLimit":2}}'
