kubectl apply -f - <<'END'
apiVersion: batch/v1
kind: Job
metadata:
  name: resize
spec:
  parallelism: 2
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: task
          image: busybox:1.36
          command: ["sh", "-c", "sleep 2"]
END
kubectl wait --for=condition=Complete job/resize --timeout=60s
kubectl apply -f resize.yaml
