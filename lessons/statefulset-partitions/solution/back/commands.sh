kubectl apply -f db.yaml
kubectl wait --for=jsonpath='{.status.updatedReplicas}'=5 sts/db --timeout=60s
kubectl wait --for=jsonpath='{.status.readyReplicas}'=5 sts/db --timeout=60s
kubectl get pods -l app=db -L controller-revision-hash
kubectl get controllerrevisions
