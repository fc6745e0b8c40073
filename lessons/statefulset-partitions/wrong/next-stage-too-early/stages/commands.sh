kubectl set image sts/db nginx=nginx:1.26
kubectl patch sts db -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}'
kubectl rollout status sts/db --timeout=60s
kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
