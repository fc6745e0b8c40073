package embedded

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestFeatureMemory(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "too much",
			pod: `
restartPolicy: Never
volumes: [{name: m, emptyDir: {medium: Memory}}]
containers:
- {name: tail, image: "busybox:1.36", command: [tail, /dev/zero], resources: {limits: {memory: 64Mi}}}
- {name: variable, image: "busybox:1.36", command: [sh, -c, "x=0123456789; while :; do x=$x$x; done"], resources: {limits: {memory: 20Mi}}}
- {name: child, image: "busybox:1.36", command: [sh, -c, "head -c 12000000 /dev/zero | tail -c 12000000 | wc -c; echo survived"], resources: {limits: {memory: 8Mi}}}
- name: volume
  image: busybox:1.36
  command: [dd, if=/dev/zero, of=/m/x, bs=1M, count=16]
  resources: {limits: {memory: 10Mi}}
  volumeMounts: [{name: m, mountPath: /m}]
- {name: server, image: "nginx:1.25", resources: {limits: {memory: 2Mi}}}
`,
			want: []expectation{
				terminated("tail", 137, "OOMKilled", ""),
				terminated("variable", 137, "OOMKilled", ""),
				terminated("child", 137, "OOMKilled", ""),
				terminated("volume", 137, "OOMKilled", ""),
				terminated("server", 137, "OOMKilled", ""),
				logged("child", ""),
			},
		},
		{
			name: "enough",
			pod: `
restartPolicy: Never
volumes: [{name: m, emptyDir: {medium: Memory}}]
containers:
- {name: variable, image: "busybox:1.36", command: [sh, -c, "x=0123456789; while [ ${#x} -lt 1000000 ]; do x=$x$x; done; echo ${#x}"], resources: {limits: {memory: 20Mi}}}
- {name: child, image: "busybox:1.36", command: [sh, -c, "for i in 1 2 3 4; do head -c 3000000 /dev/zero | tail -c 3000000 | wc -c; done"], resources: {limits: {memory: 8Mi}}}
- name: volume
  image: busybox:1.36
  command: [sh, -c, "for i in 1 2 3; do dd if=/dev/zero of=/m/x bs=1M count=6 2>/dev/null; rm /m/x; done; echo well"]
  resources: {limits: {memory: 10Mi}}
  volumeMounts: [{name: m, mountPath: /m}]
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logged("variable", "1310720\n"),
				logged("child", "3000000\n3000000\n3000000\n3000000\n"),
				logged("volume", "well\n"),
			},
		},
		{
			name: "restarted after that",
			pod: `
containers:
- {name: main, image: "busybox:1.36", command: [tail, /dev/zero], resources: {limits: {memory: 16Mi}}}
`,
			want: []expectation{restarts("main", 1), before("main", 137, "OOMKilled", "")},
		},
	})
}

// A resize in place: the container goes on with its new limits.
func TestFeatureResize(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`
containers:
- name: main
  image: busybox:1.36
  command: [sleep, infinity]
  resources: {limits: {cpu: 200m, memory: 32Mi}, requests: {cpu: 100m, memory: 16Mi}}
`)
	p.wait(ready())
	patch := `{"spec":{"containers":[{"name":"main","resources":{"limits":{"cpu":"400m","memory":"48Mi"},"requests":{"cpu":"200m","memory":"16Mi"}}}]}}`
	if _, err := p.client.CoreV1().Pods(p.namespace).Patch(t.Context(), podName, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "resize"); err != nil {
		t.Fatal(err)
	}
	p.wait(containerThat("main", "has 400m and 48Mi", func(_ *place, _ *corev1.Pod, s corev1.ContainerStatus) bool {
		return s.Resources != nil && s.Resources.Limits.Cpu().String() == "400m" && s.Resources.Limits.Memory().String() == "48Mi"
	}))
	p.wait(neverRestarted("main"))
}
