package embedded

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestFeatureVolumes(t *testing.T) {
	const objects = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, size: large, site.conf: "listen 80;\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {password: secret}
`
	runFeatures(t, []feature{
		{
			name:    "kinds",
			objects: objects,
			pod: `
metadata:
  name: pod
  labels: {app: web, tier: front}
spec:
  restartPolicy: Never
  volumes:
  - {name: config, configMap: {name: settings}}
  - {name: items, configMap: {name: settings, items: [{key: color, path: deep/colour, mode: 0400}]}}
  - {name: absent, configMap: {name: absent, optional: true}}
  - {name: hidden, secret: {secretName: hidden, defaultMode: 0440}}
  - name: about
    downwardAPI:
      items:
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - {path: name, fieldRef: {fieldPath: metadata.name}}
      - {path: memory, resourceFieldRef: {containerName: main, resource: limits.memory, divisor: 1Mi}}
  - name: all
    projected:
      sources:
      - {configMap: {name: settings, items: [{key: size, path: size}]}}
      - {secret: {name: hidden}}
      - {downwardAPI: {items: [{path: namespace, fieldRef: {fieldPath: metadata.namespace}}]}}
      - {serviceAccountToken: {path: token, expirationSeconds: 3600}}
  containers:
  - name: main
    image: busybox:1.36
    resources: {limits: {memory: 64Mi}}
    command:
    - sh
    - -c
    - |
      cd /v; ls config items/deep absent hidden about all
      cat config/color items/deep/colour; echo
      cat hidden/password about/name about/memory all/size all/namespace all/password; echo
      cat about/labels; echo
      cut -c 1-3 all/token
      echo x > config/color
      ls /var/run/secrets/kubernetes.io/serviceaccount
    volumeMounts:
    - {name: config, mountPath: /v/config}
    - {name: items, mountPath: /v/items}
    - {name: absent, mountPath: /v/absent}
    - {name: hidden, mountPath: /v/hidden}
    - {name: about, mountPath: /v/about}
    - {name: all, mountPath: /v/all}
`,
			want: []expectation{logged("main", `about:
labels
memory
name

absent:

all:
namespace
password
size
token

config:
color
site.conf
size

hidden:
password

items/deep:
colour
blueblue
secretpod64large{ns}secret
app="web"
tier="front"
eyJ
sh: can't create config/color: Read-only file system
ca.crt
namespace
token
`)},
		},
		{
			name: "emptyDir is shared, and outlives a container",
			pod: `
volumes: [{name: d, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}]
containers:
- name: writer
  image: busybox:1.36
  command: [sh, -c, "echo life >> /d/lives; cp /d/lives /m/copy; sleep 0.5; exit 1"]
  volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}]
- name: reader
  image: busybox:1.36
  command: [sh, -c, "until [ \"$(grep -c life /m/copy)\" = 2 ]; do sleep 0.1; done; echo two lives; echo x > /d/x; sleep infinity"]
  volumeMounts: [{name: d, mountPath: /d, readOnly: true}, {name: m, mountPath: /m}]
`,
			want: []expectation{restarts("writer", 1), logged("reader", "two lives\nsh: can't create /d/x: Read-only file system\n")},
		},
		{
			name:    "parts of volumes",
			objects: objects,
			pod: `
restartPolicy: Never
volumes: [{name: d, emptyDir: {}}, {name: config, configMap: {name: settings}}]
initContainers:
- {name: one, image: "busybox:1.36", command: [sh, -c, "mkdir /d/data; echo here > /d/data/file"], volumeMounts: [{name: d, mountPath: /d}]}
containers:
- name: main
  image: nginx:1.25
  command: [sh, -c, "cat /data/file /etc/nginx/conf.d/default.conf; ls /etc/nginx/conf.d; echo $(ls /logs/..) > /logs/mine"]
  env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
  volumeMounts:
  - {name: d, mountPath: /data, subPath: data}
  - {name: config, mountPath: /etc/nginx/conf.d/default.conf, subPath: site.conf}
  - {name: d, mountPath: /logs, subPathExpr: logs/$(NAME)}
- name: other
  image: busybox:1.36
  command: [sh, -c, "until [ -s /d/logs/pod/mine ]; do sleep 0.1; done; ls /d/logs"]
  volumeMounts: [{name: d, mountPath: /d}]
`,
			want: []expectation{phase(corev1.PodSucceeded), logged("main", "here\nlisten 80;\ndefault.conf\n"), logged("other", "pod\n")},
		},
		{
			name: "a Memory volume that is full",
			pod: `
restartPolicy: Never
volumes: [{name: m, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]
containers:
- {name: main, image: "busybox:1.36", command: [dd, if=/dev/zero, of=/m/x, bs=1k, count=2000], volumeMounts: [{name: m, mountPath: /m}]}
`,
			want: []expectation{terminated("main", 1, "Error", ""), loggingPart("main", "dd: error writing '/m/x': No space left on device\n")},
		},
		{
			name: "a volume over its limit is the end of the Pod",
			pod: `
volumes: [{name: d, emptyDir: {sizeLimit: 1Mi}}]
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "dd if=/dev/zero of=/d/x bs=1M count=2; sleep infinity"], volumeMounts: [{name: d, mountPath: /d}]}
`,
			want: []expectation{failed("Evicted", `Usage of EmptyDir volume "d" exceeds the limit "1Mi". `)},
		},
	})
}

// A volume follows its ConfigMap when the kubelet looks at the Pod again; a change
// of the Pod makes it look at once.
func TestFeatureVolumeFollowsItsConfigMap(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {color: blue}\n")
	p.create(`
volumes:
- {name: d, configMap: {name: settings}}
- {name: about, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
containers:
- name: main
  image: busybox:1.36
  command: [sh, -c, "until grep -q red /d/color && grep -q changed /about/labels; do sleep 0.1; done; echo red; sleep infinity"]
  volumeMounts: [{name: d, mountPath: /d}, {name: about, mountPath: /about}]
`)
	p.wait(ready())
	maps := p.client.CoreV1().ConfigMaps(p.namespace)
	if _, err := maps.Patch(t.Context(), "settings", types.MergePatchType, []byte(`{"data":{"color":"red"}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	pods := p.client.CoreV1().Pods(p.namespace)
	if _, err := pods.Patch(t.Context(), podName, types.MergePatchType, []byte(`{"metadata":{"labels":{"changed":"yes"}}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	p.wait(logged("main", "red\n"))
}
