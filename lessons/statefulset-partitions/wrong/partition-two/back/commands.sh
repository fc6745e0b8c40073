kubectl apply -f db.yaml
kubectl patch sts db -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'
kubectl wait --for=jsonpath='{.status.updatedReplicas}'=5 sts/db --timeout=120s
kubectl wait --for=jsonpath='{.status.readyReplicas}'=5 sts/db --timeout=120s
kubectl apply -f db.yaml
