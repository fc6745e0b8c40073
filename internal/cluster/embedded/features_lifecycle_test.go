package embedded

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

func TestFeatureInitContainers(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "one after the other, then the main container",
			pod: `
restartPolicy: Never
volumes: [{name: d, emptyDir: {}}]
initContainers:
- {name: one, image: "busybox:1.36", command: [sh, -c, "sleep 0.3; echo one >> /d/order"], volumeMounts: [{name: d, mountPath: /d}]}
- {name: two, image: "busybox:1.36", command: [sh, -c, "echo two >> /d/order"], volumeMounts: [{name: d, mountPath: /d}]}
containers:
- {name: main, image: "busybox:1.36", command: [cat, /d/order], volumeMounts: [{name: d, mountPath: /d}]}
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logged("main", "one\ntwo\n"),
				terminated("one", 0, "Completed", ""),
				terminated("two", 0, "Completed", ""),
				order("one ends before two starts", finished("one"), started("two")),
				condition(corev1.PodInitialized, corev1.ConditionTrue),
			},
		},
		{
			name: "one that fails ends a Pod that is never restarted",
			pod: `
restartPolicy: Never
initContainers:
- {name: one, image: "busybox:1.36", command: [sh, -c, "echo no >&2; exit 7"]}
- {name: two, image: "busybox:1.36", command: ["true"]}
containers:
- {name: main, image: "busybox:1.36", command: ["true"]}
`,
			want: []expectation{
				phase(corev1.PodFailed),
				terminated("one", 7, "Error", ""),
				waiting("two", "PodInitializing", ""),
				waiting("main", "PodInitializing", ""),
				condition(corev1.PodInitialized, corev1.ConditionFalse),
				logged("one", "no\n"),
			},
		},
		{
			name: "one that fails is tried again",
			pod: `
restartPolicy: OnFailure
volumes: [{name: d, emptyDir: {}}]
initContainers:
- {name: one, image: "busybox:1.36", command: [sh, -c, "test -e /d/tried || { touch /d/tried; exit 1; }"], volumeMounts: [{name: d, mountPath: /d}]}
containers:
- {name: main, image: "busybox:1.36", command: ["true"]}
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				restarts("one", 1),
				terminated("one", 0, "Completed", ""),
				before("one", 1, "Error", ""),
			},
		},
		{
			name: "a sidecar starts before and ends after the main container",
			pod: `
restartPolicy: Never
terminationGracePeriodSeconds: 20
volumes: [{name: d, emptyDir: {}}]
initContainers:
- name: sidecar
  image: busybox:1.36
  restartPolicy: Always
  command: [sh, -c, "trap 'echo bye; cat /d/main; exit 0' TERM; echo hello; touch /d/up; while :; do sleep 0.05; done"]
  startupProbe: {exec: {command: [test, -e, /d/up]}, periodSeconds: 1}
  volumeMounts: [{name: d, mountPath: /d}]
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "test -e /d/up && echo ran > /d/main"], volumeMounts: [{name: d, mountPath: /d}]}
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				terminated("main", 0, "Completed", ""),
				terminated("sidecar", 0, "Completed", ""),
				logged("sidecar", "hello\nbye\nran\n"),
				order("the sidecar starts first", started("sidecar"), started("main")),
				order("the sidecar ends last", finished("main"), finished("sidecar")),
			},
		},
		{
			name: "a sidecar that ends is started again",
			pod: `
initContainers:
- {name: sidecar, image: "busybox:1.36", restartPolicy: Always, command: [sh, -c, "sleep 0.2; exit 4"]}
containers:
- {name: main, image: "busybox:1.36", command: [sleep, infinity]}
`,
			want: []expectation{restarts("sidecar", 1), before("sidecar", 4, "Error", ""), running("main"), neverRestarted("main")},
		},
	})
}

func TestFeatureRestarts(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "Always, with the kubelet's back-off",
			// The kubelet shows the back-off when it looks at the Pod again: at its end, or because of the
			// other container.
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "echo out; exit 3"]}
- {name: other, image: "busybox:1.36", command: [sh, -c, "sleep 4; exit 1"]}
`,
			want: []expectation{
				event("BackOff", "Back-off restarting failed container main in pod pod_{ns}({uid})"),
				ever(waiting("main", "CrashLoopBackOff", "back-off 10s restarting failed container=main pod=pod_{ns}({uid})")),
				before("main", 3, "Error", ""),
				restarts("main", 2),
				restartedAfter("main", 10*time.Second),
				phase(corev1.PodRunning),
				condition(corev1.PodReady, corev1.ConditionFalse),
			},
		},
		{
			name: "Always, also of one that succeeds",
			pod:  `containers: [{name: main, image: "busybox:1.36", command: ["true"]}]`,
			want: []expectation{restarts("main", 1), before("main", 0, "Completed", "")},
		},
		{
			name: "OnFailure, until it succeeds",
			pod: `
restartPolicy: OnFailure
volumes: [{name: d, emptyDir: {}}]
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "test -e /d/tried || { touch /d/tried; exit 9; }"], volumeMounts: [{name: d, mountPath: /d}]}
`,
			want: []expectation{phase(corev1.PodSucceeded), restarts("main", 1), terminated("main", 0, "Completed", ""), before("main", 9, "Error", "")},
		},
		{
			name: "Never",
			pod: `
restartPolicy: Never
containers:
- {name: good, image: "busybox:1.36", command: ["true"]}
- {name: bad, image: "busybox:1.36", command: ["false"]}
`,
			want: []expectation{
				phase(corev1.PodFailed), terminated("good", 0, "Completed", ""), terminated("bad", 1, "Error", ""),
				neverRestarted("good"), neverRestarted("bad"),
			},
		},
		{
			name: "by a rule of the container",
			pod: `
restartPolicy: Never
volumes: [{name: d, emptyDir: {}}]
containers:
- name: main
  image: busybox:1.36
  restartPolicy: Never
  restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]
  command: [sh, -c, "test -e /d/tried || { touch /d/tried; exit 42; }; exit 43"]
  volumeMounts: [{name: d, mountPath: /d}]
`,
			want: []expectation{phase(corev1.PodFailed), restarts("main", 1), terminated("main", 43, "Error", ""), before("main", 42, "Error", "")},
		},
		{
			name: "not after the Pod's deadline",
			pod: `
containers:
- {name: stubborn, image: "busybox:1.36", command: [sh, -c, "sleep 3600; true"]}
- {name: handler, image: "busybox:1.36", command: [sh, -c, "trap 'exit 3' TERM; sleep 3600 & wait"]}
- {name: server, image: "nginx:1.25"}
- {name: pause, image: "registry.k8s.io/pause:3.9"}
`,
			want: []expectation{
				atDeadline(),
				failed("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"),
				terminated("stubborn", 137, "Error", ""),
				terminated("handler", 3, "Error", ""),
				terminated("server", 0, "Completed", ""),
				terminated("pause", 0, "Completed", ""),
			},
		},
	})
}

func TestFeatureTerminationMessages(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "from files and logs",
			pod: `
restartPolicy: Never
containers:
- {name: usual, image: "busybox:1.36", command: [sh, -c, "echo -n all well > /dev/termination-log"]}
- {name: other, image: "busybox:1.36", terminationMessagePath: /tmp/last-words, command: [sh, -c, "echo -n bad > /tmp/last-words; exit 2"]}
- {name: log, image: "busybox:1.36", terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "echo one; echo two; exit 1"]}
- {name: file-first, image: "busybox:1.36", terminationMessagePolicy: FallbackToLogsOnError, command: [sh, -c, "echo log; echo -n file > /dev/termination-log; exit 1"]}
- {name: no-error, image: "busybox:1.36", terminationMessagePolicy: FallbackToLogsOnError, command: [echo, log]}
`,
			want: []expectation{
				terminated("usual", 0, "Completed", "all well"),
				terminated("other", 2, "Error", "bad"),
				terminated("log", 1, "Error", "one\ntwo\n"),
				terminated("file-first", 1, "Error", "file"),
				terminated("no-error", 0, "Completed", ""),
			},
		},
	})
}

func TestFeatureHooks(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "postStart runs beside the container, which is not Ready before",
			pod: `
containers:
- name: main
  image: busybox:1.36
  command: [sleep, infinity]
  lifecycle: {postStart: {exec: {command: [sh, -c, "sleep 0.2; echo started > /tmp/hook"]}}}
  readinessProbe: {exec: {command: [cat, /tmp/hook]}, periodSeconds: 1}
`,
			want: []expectation{ready()},
		},
		{
			name: "a postStart that fails kills the container",
			pod: `
containers:
- name: main
  image: busybox:1.36
  command: [sleep, infinity]
  lifecycle: {postStart: {exec: {command: [sh, -c, "echo no; exit 5"]}}}
`,
			want: []expectation{
				event("FailedPostStartHook", "PostStartHook failed"),
				event("Killing", "FailedPostStartHook"),
				before("main", 137, "Error", ""),
			},
		},
		{
			name: "postStart asks a server",
			pod: `
containers:
- name: server
  image: nginx:1.25-alpine
  lifecycle: {postStart: {exec: {command: [sh, -c, "until wget -q -O /dev/null localhost; do sleep 0.1; done"]}}}
- name: main
  image: busybox:1.36
  command: [sleep, infinity]
  lifecycle: {postStart: {httpGet: {port: 80, path: /hook}}}
`,
			want: []expectation{ready(), loggingPart("server", `"GET /hook HTTP/1.1" 404 153 "-" "kube-lifecycle/1.36" "-"`)},
		},
		{
			name: "postStart asks where nobody listens",
			pod: `
containers:
- name: main
  image: busybox:1.36
  command: [sleep, infinity]
  lifecycle: {postStart: {httpGet: {port: 8080, path: /hook}}}
`,
			want: []expectation{event("FailedPostStartHook", "PostStartHook failed"), before("main", 137, "Error", "")},
		},
		{
			name: "postStart sleeps",
			pod:  `containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity], lifecycle: {postStart: {sleep: {seconds: 1}}}}]`,
			want: []expectation{ready()},
		},
		{
			name: "preStop comes before SIGTERM",
			pod: `
terminationGracePeriodSeconds: 20
containers:
- name: command
  image: busybox:1.36
  command: [sh, -c, "trap 'cat /tmp/hook; exit 3' TERM; while :; do sleep 0.05; done"]
  lifecycle: {preStop: {exec: {command: [sh, -c, "sleep 0.2; echo hook was here > /tmp/hook"]}}}
- name: server
  image: nginx:1.25
  lifecycle: {preStop: {httpGet: {port: 80, path: /bye}}}
- name: sleeper
  image: busybox:1.36
  command: [sh, -c, "trap 'exit 4' TERM; while :; do sleep 0.05; done"]
  lifecycle: {preStop: {sleep: {seconds: 2}}}
- name: fails
  image: busybox:1.36
  command: [sh, -c, "trap 'exit 5' TERM; while :; do sleep 0.05; done"]
  lifecycle: {preStop: {exec: {command: ["false"]}}}
`,
			want: []expectation{
				atDeadline(),
				event("FailedPreStopHook", "PreStopHook failed"),
				terminated("command", 3, "Error", ""),
				logged("command", "hook was here\n"),
				terminated("server", 0, "Completed", ""),
				loggingPart("server", `"GET /bye HTTP/1.1" 404 153 "-" "kube-lifecycle/1.36" "-"`),
				terminated("sleeper", 4, "Error", ""),
				terminated("fails", 5, "Error", ""),
			},
		},
		{
			name: "a preStop that never ends is killed with the container",
			pod: `
terminationGracePeriodSeconds: 2
containers:
- name: main
  image: busybox:1.36
  command: [sh, -c, "trap 'exit 3' TERM; while :; do sleep 0.05; done"]
  lifecycle: {preStop: {exec: {command: [sleep, infinity]}}}
`,
			want: []expectation{atDeadline(), terminated("main", 3, "Error", "")},
		},
	})
}
