kubectl apply -f import.yaml
kubectl wait --for=jsonpath='{.status.failed}'=1 job/import --timeout=30s
