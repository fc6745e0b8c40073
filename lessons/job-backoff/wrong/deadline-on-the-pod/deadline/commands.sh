kubectl apply -f poll.yaml
