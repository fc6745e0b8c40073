package embedded

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestFeatureProbes(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "http",
			pod: `
containers:
- name: main
  image: nginx:1.25
  ports: [{name: web, containerPort: 80}]
  startupProbe: {httpGet: {port: web, path: /}, periodSeconds: 1}
  livenessProbe: {httpGet: {port: 80, path: /index.html}, periodSeconds: 1}
  readinessProbe: {httpGet: {port: web}, periodSeconds: 1}
`,
			want: []expectation{ready(), loggingPart("main", `"GET /index.html HTTP/1.1" 200`), loggingPart("main", `"kube-probe/1.36"`), neverRestarted("main")},
		},
		{
			name: "http, wrong status",
			pod: `
containers:
- {name: main, image: "nginx:1.25", readinessProbe: {httpGet: {port: 80, path: /absent}, periodSeconds: 1}}
`,
			want: []expectation{
				event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404"),
				running("main"), condition(corev1.PodReady, corev1.ConditionFalse), neverRestarted("main"),
			},
		},
		{
			name: "http, nobody listens",
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [sleep, infinity], readinessProbe: {httpGet: {port: 80, path: /health}, periodSeconds: 1}}
`,
			want: []expectation{event("Unhealthy", `Readiness probe failed: Get "http://{ip}:80/health": dial tcp {ip}:80: connect: connection refused`)},
		},
		{
			name: "http, no answer in time",
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "while :; do sleep 30 | nc -l -p 80; done"], readinessProbe: {httpGet: {port: 80, path: /health}, periodSeconds: 2, initialDelaySeconds: 1}}
`,
			want: []expectation{event("Unhealthy", `Readiness probe failed: Get "http://{ip}:80/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`)},
		},
		{
			name: "tcp",
			pod: `
containers:
- {name: open, image: "nginx:1.25", readinessProbe: {tcpSocket: {port: 80}, periodSeconds: 1}}
- {name: closed, image: "busybox:1.36", command: [sleep, infinity], readinessProbe: {tcpSocket: {port: 81}, periodSeconds: 1}}
`,
			want: []expectation{
				event("Unhealthy", "Readiness probe failed: dial tcp {ip}:81: connect: connection refused"),
				containerThat("open", "is ready", func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool { return s.Ready }),
				condition(corev1.PodReady, corev1.ConditionFalse),
			},
		},
		{
			name: "a command, until it fails",
			pod: `
containers:
- name: main
  image: busybox:1.36
  command: [sh, -c, "touch /tmp/healthy; sleep 2; rm /tmp/healthy; sleep infinity"]
  livenessProbe: {exec: {command: [cat, /tmp/healthy]}, periodSeconds: 1, failureThreshold: 1}
`,
			want: []expectation{
				event("Unhealthy", "Liveness probe failed: cat: can't open '/tmp/healthy': No such file or directory\n"),
				event("Killing", "Container main failed liveness probe, will be restarted"),
				restarts("main", 1), before("main", 137, "Error", ""),
			},
		},
		{
			name: "a command that takes too long",
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [sleep, infinity], readinessProbe: {exec: {command: [sh, -c, "sleep 30"]}, periodSeconds: 2}}
`,
			want: []expectation{event("Unhealthy", `Readiness probe failed: command timed out: "sh -c sleep 30" timed out after 1s`)},
		},
		{
			name: "a command that does not exist",
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [sleep, infinity], readinessProbe: {exec: {command: [curl, localhost]}, periodSeconds: 1}}
`,
			want: []expectation{event("Unhealthy", `Readiness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in container: `+
				`failed to start exec "{id}": OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown`)},
		},
		{
			name: "startup holds the others back, then restarts",
			pod: `
containers:
- name: slow
  image: busybox:1.36
  command: [sh, -c, "sleep 2; touch /tmp/up; sleep infinity"]
  startupProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1, failureThreshold: 30}
  livenessProbe: {exec: {command: [test, -e, /tmp/up]}, periodSeconds: 1, failureThreshold: 1}
- name: never
  image: busybox:1.36
  command: [sleep, infinity]
  startupProbe: {exec: {command: ["false"]}, periodSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1}
`,
			want: []expectation{
				event("Unhealthy", "Startup probe failed: "),
				event("Killing", "Container never failed startup probe, will be restarted"),
				restarts("never", 1),
				containerThat("never", "has not started", func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool { return s.Started != nil && !*s.Started }),
				containerThat("slow", "has started", func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool { return s.Started != nil && *s.Started }),
				neverRestarted("slow"),
			},
		},
		{
			name: "gRPC, nobody listens",
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [sleep, infinity], livenessProbe: {grpc: {port: 5000}, periodSeconds: 2}}
`,
			want: []expectation{event("Unhealthy", `Liveness probe failed: timeout: failed to connect service "{ip}:5000" within 1s: context deadline exceeded`)},
		},
	})
}
