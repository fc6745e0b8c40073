kubectl rollout undo sts/db
kubectl wait --for=jsonpath='{.status.updatedReplicas}'=5 sts/db --timeout=60s
kubectl wait --for=jsonpath='{.status.readyReplicas}'=5 sts/db --timeout=60s
