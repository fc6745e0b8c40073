package embedded

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestFeatureEnvironment(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "from everywhere",
			objects: `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: blue, SIZE: large}
---
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {password: "pa ss"}
`,
			pod: `
metadata:
  name: pod
  labels: {app: web}
  annotations: {note: "two words"}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: busybox:1.36
    command: [sh, -c, "env | grep ^T_ | sort"]
    resources: {limits: {cpu: 500m, memory: 64Mi}, requests: {cpu: 250m, memory: 32Mi}}
    envFrom:
    - {prefix: T_FROM_, configMapRef: {name: settings}}
    - {prefix: T_FROM_, secretRef: {name: hidden}}
    - {prefix: T_FROM_, configMapRef: {name: absent, optional: true}}
    env:
    - {name: T_PLAIN, value: plain}
    - {name: T_USES, value: "$(T_PLAIN)/$$(T_PLAIN)/$(T_LATER)"}
    - {name: T_LATER, value: later}
    - {name: T_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: T_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: T_UID, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}
    - {name: T_LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['app']"}}}
    - {name: T_NOTE, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['note']"}}}
    - {name: T_NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: T_ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
    - {name: T_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: T_HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    - {name: T_CPU_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: T_CPU_MILLIS, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
    - {name: T_MEMORY, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Mi}}}
    - {name: T_KEY, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
    - {name: T_PASSWORD, valueFrom: {secretKeyRef: {name: hidden, key: password}}}
    - {name: T_ABSENT, valueFrom: {configMapKeyRef: {name: settings, key: absent, optional: true}}}
    - {name: T_NOBODY, valueFrom: {secretKeyRef: {name: absent, key: absent, optional: true}}}
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logged("main", `T_ACCOUNT=default
T_CPU_LIMIT=1
T_CPU_MILLIS=500
T_FROM_SIZE=large
T_FROM_color=blue
T_FROM_password=pa ss
T_HOST_IP={hostIP}
T_IP={ip}
T_KEY=blue
T_LABEL=web
T_LATER=later
T_MEMORY=32
T_NAME=pod
T_NAMESPACE={ns}
T_NODE={node}
T_NOTE=two words
T_PASSWORD=pa ss
T_PLAIN=plain
T_UID={uid}
T_USES=plain/$(T_PLAIN)/$(T_LATER)
`),
			},
		},
		{
			name: "variables in command and args",
			pod: `
restartPolicy: Never
containers:
- name: args
  image: busybox:1.36
  command: [echo]
  args: ["$(GREETING)", "$$(GREETING)", "$(UNKNOWN)"]
  env: [{name: GREETING, value: "good morning"}]
- name: only-args
  image: busybox:1.36
  args: [echo, the, "image's", entrypoint, is, empty]
- name: shell
  image: busybox:1.36
  command: [sh, -c, 'echo "$0 $1 $GREETING"', zero, one]
  env: [{name: GREETING, value: hello}]
- name: directory
  image: busybox:1.36
  workingDir: /some/where
  command: [pwd]
- name: identity
  image: busybox:1.36
  command: [sh, -c, "hostname; echo $HOSTNAME $HOME $KUBERNETES_SERVICE_PORT"]
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logged("args", "good morning $(GREETING) $(UNKNOWN)\n"),
				logged("only-args", "the image's entrypoint is empty\n"),
				logged("shell", "zero one hello\n"),
				logged("directory", "/some/where\n"),
				logged("identity", "pod\npod /root 443\n"),
			},
		},
		{
			name: "names and addresses",
			pod: `
restartPolicy: Never
hostname: web
subdomain: site
hostAliases: [{ip: 10.9.8.7, hostnames: [old, older]}]
dnsPolicy: None
dnsConfig: {nameservers: [10.0.0.53], searches: [example.org], options: [{name: ndots, value: "2"}]}
containers:
- {name: hosts, image: "busybox:1.36", command: [cat, /etc/hosts]}
- {name: dns, image: "busybox:1.36", command: [cat, /etc/resolv.conf]}
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logging("hosts", "{ip}\tweb.site.{ns}.svc.cluster.local\tweb"),
				logging("hosts", "10.9.8.7\told\tolder"),
				logged("dns", "search example.org\nnameserver 10.0.0.53\noptions ndots:2\n"),
			},
		},
		{
			name: "the cluster's name server",
			pod: `
restartPolicy: Never
enableServiceLinks: false
containers: [{name: main, image: "busybox:1.36", command: [cat, /etc/resolv.conf]}]
`,
			want: []expectation{logged("main", "search {ns}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n")},
		},
	})
}

// What stands in the way of a container, in the words of the kubelet and of containerd.
func TestFeatureStartErrors(t *testing.T) {
	const startTask = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
		"unable to start container process: error during container init: "
	runFeatures(t, []feature{
		{
			name: "no such tag",
			pod:  `containers: [{name: main, image: "nginx:1.999"}]`,
			want: []expectation{
				event("Failed", `Failed to pull image "nginx:1.999": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:1.999": `+
					`failed to resolve reference "docker.io/library/nginx:1.999": docker.io/library/nginx:1.999: not found`),
				event("Failed", "Error: ErrImagePull"),
				event("Failed", "Error: ImagePullBackOff"),
				event("BackOff", `Back-off pulling image "nginx:1.999"`),
				waiting("main", "ImagePullBackOff", `Back-off pulling image "nginx:1.999": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image `+
					`"docker.io/library/nginx:1.999": failed to resolve reference "docker.io/library/nginx:1.999": docker.io/library/nginx:1.999: not found`),
				phase(corev1.PodPending),
			},
		},
		{
			name: "no such repository",
			pod:  `containers: [{name: main, image: "ngnix"}]`,
			want: []expectation{
				event("Failed", `Failed to pull image "ngnix": failed to pull and unpack image "docker.io/library/ngnix:latest": `+
					`failed to resolve reference "docker.io/library/ngnix:latest": pull access denied, repository does not exist or may require authorization: `+
					`server message: insufficient_scope: authorization failed`),
			},
		},
		{
			name: "an image that is never pulled",
			pod:  `containers: [{name: main, image: "nginx:1.14.0", imagePullPolicy: Never}]`,
			want: []expectation{
				waiting("main", "ErrImageNeverPull", `Container image "nginx:1.14.0" is not present with pull policy of Never`),
				event("ErrImageNeverPull", `Container image "nginx:1.14.0" is not present with pull policy of Never`),
				event("Failed", "Error: ErrImageNeverPull"),
			},
		},
		{
			name: "an invalid image name",
			pod:  `containers: [{name: main, image: "Nginx:1.25"}]`,
			want: []expectation{
				waiting("main", "InvalidImageName", `Failed to apply default image tag "Nginx:1.25": couldn't parse image name "Nginx:1.25": invalid reference format: repository name (library/Nginx) must be lowercase`),
			},
		},
		{
			name: "no ConfigMap",
			pod:  `containers: [{name: main, image: "busybox:1.36", envFrom: [{configMapRef: {name: absent}}]}]`,
			want: []expectation{
				waiting("main", "CreateContainerConfigError", `configmap "absent" not found`),
				event("Failed", `Error: configmap "absent" not found`),
			},
		},
		{
			name:    "no key in a Secret",
			objects: "apiVersion: v1\nkind: Secret\nmetadata: {name: hidden}\n",
			pod:     `containers: [{name: main, image: "busybox:1.36", env: [{name: X, valueFrom: {secretKeyRef: {name: hidden, key: absent}}}]}]`,
			want:    []expectation{waiting("main", "CreateContainerConfigError", `couldn't find key absent in Secret {ns}/hidden`)},
		},
		{
			name: "no volume",
			pod: `
volumes: [{name: d, configMap: {name: absent}}]
containers: [{name: main, image: "busybox:1.36", volumeMounts: [{name: d, mountPath: /d}]}]
`,
			want: []expectation{
				event("FailedMount", `MountVolume.SetUp failed for volume "d" : configmap "absent" not found`),
				waiting("main", "ContainerCreating", ""),
			},
		},
		{
			name: "an image that would run as root",
			pod: `
securityContext: {runAsNonRoot: true}
containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity]}]
`,
			want: []expectation{
				waiting("main", "CreateContainerConfigError", `container has runAsNonRoot and image will run as root (pod: "pod_{ns}({uid})", container: main)`),
			},
		},
		{
			name: "a user that would be root",
			pod: `
containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity], securityContext: {runAsNonRoot: true, runAsUser: 0}}]
`,
			want: []expectation{
				waiting("main", "CreateContainerConfigError", `container has runAsNonRoot and image will run as root (pod: "pod_{ns}({uid})", container: main)`),
			},
		},
		{
			name: "no such command",
			pod:  `containers: [{name: main, image: "busybox:1.36", command: [serve, --port=80]}]`,
			want: []expectation{
				waiting("main", "RunContainerError", startTask+`exec: "serve": executable file not found in $PATH: unknown`),
				event("Failed", `Error: `+startTask+`exec: "serve": executable file not found in $PATH: unknown`),
				before("main", 128, "StartError", startTask+`exec: "serve": executable file not found in $PATH: unknown`),
			},
		},
		{
			name: "no such file",
			pod: `
restartPolicy: Never
containers: [{name: main, image: "busybox:1.36", command: [/srv/run]}]
`,
			want: []expectation{
				terminated("main", 128, "StartError", startTask+`exec: "/srv/run": stat /srv/run: no such file or directory: unknown`),
				phase(corev1.PodFailed),
			},
		},
		{
			name: "a subPath that leads out",
			pod: `
volumes: [{name: d, emptyDir: {}}]
containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity], env: [{name: UP, value: "../up"}], volumeMounts: [{name: d, mountPath: /d, subPathExpr: "$(UP)"}]}]
`,
			want: []expectation{waiting("main", "CreateContainerConfigError", "unable to provision SubPath `../up`: must not contain '..'")},
		},
	})
}

func TestFeatureUsers(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "a user who is not root",
			pod: `
restartPolicy: Never
securityContext: {runAsNonRoot: true, runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000]}
containers:
- {name: main, image: "busybox:1.36", command: [id]}
- {name: other, image: "busybox:1.36", command: [sh, -c, "id -u; id -g"], securityContext: {runAsUser: 1001}}
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logged("main", "uid=1000 gid=3000 groups=2000,3000,4000\n"),
				logged("other", "1001\n3000\n"),
			},
		},
		{
			name: "root by default",
			pod: `
restartPolicy: Never
containers: [{name: main, image: "busybox:1.36", command: [id]}]
`,
			want: []expectation{logged("main", "uid=0(root) gid=0(root) groups=0(root)\n")},
		},
		{
			name: "a root that is read-only",
			pod: `
restartPolicy: Never
volumes: [{name: tmp, emptyDir: {}}]
containers:
- name: main
  image: busybox:1.36
  command: [sh, -c, "touch /x; touch /tmp/x && echo tmp"]
  securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, seccompProfile: {type: RuntimeDefault}}
  volumeMounts: [{name: tmp, mountPath: /tmp}]
`,
			want: []expectation{logged("main", "touch: /x: Read-only file system\ntmp\n")},
		},
	})
}

// The node's network: the Pod has its address, and a port of it is taken once.
func TestFeatureHostNetwork(t *testing.T) {
	runFeatures(t, []feature{
		{
			name: "the node's address and name",
			pod: `
restartPolicy: Never
hostNetwork: true
containers: [{name: main, image: "busybox:1.36", command: [hostname]}]
`,
			want: []expectation{
				phase(corev1.PodSucceeded),
				logged("main", "{node}\n"),
				addresses("{hostIP}", "{hostIP}"),
			},
		},
		{
			name: "a port of the node",
			pod: `
nodeName: ""
containers: [{name: main, image: "nginx:1.25", ports: [{containerPort: 80, hostPort: 8080}]}]
`,
			want: []expectation{ready()},
		},
	})
}
