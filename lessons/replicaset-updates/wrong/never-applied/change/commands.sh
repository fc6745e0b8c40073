kubectl get rs web -o wide
