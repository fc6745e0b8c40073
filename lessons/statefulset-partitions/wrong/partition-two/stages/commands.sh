kubectl set image sts/db nginx=nginx:1.26
kubectl rollout status sts/db --timeout=60s
kubectl apply -f db.yaml
kubectl rollout status sts/db --timeout=60s
kubectl patch sts db -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'
kubectl rollout status sts/db --timeout=60s
