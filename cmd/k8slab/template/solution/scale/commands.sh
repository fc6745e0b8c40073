# The files beside this one are laid over the workspace; then this is typed.
kubectl apply -f web.yaml
kubectl rollout status deployment/web --timeout=60s
