package kind

import (
	"context"
	"fmt"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kind/pkg/apis/config/v1alpha4"
)

// allowCgroupV1 lets the kubelet of Kubernetes 1.35 and later run on a machine
// with cgroup v1, where it exits otherwise.
const allowCgroupV1 = "kind: KubeletConfiguration\nfailCgroupV1: false\n"

// patience gives a busy machine more time than kubeadm's default of 1 minute for a
// request and 4 minutes for a component, which count from its first try. The
// version makes kind leave it out for older nodes, whose kubeadm has other names.
const patience = `apiVersion: kubeadm.k8s.io/v1beta4
kind: %s
timeouts:
  kubernetesAPICall: 5m0s
  controlPlaneComponentHealthCheck: 8m0s
  kubeletHealthCheck: 8m0s
  tlsBootstrap: 8m0s
`

// unsafeEtcd does not wait for the disk after every write, which is most of what a
// cluster waits for on a busy one. What is lost when the machine loses its power is
// a lab.
const unsafeEtcd = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
etcd:
  local:
    extraArgs:
    - name: unsafe-no-fsync
      value: "true"
`

// Config is the configuration of a cluster with so many nodes that run Pods, as
// kind's own command reads it. It asks the engine for its cgroup version.
func Config(ctx context.Context, nodes int) ([]byte, error) {
	version, err := engine{}.cgroupVersion(ctx)
	if err != nil {
		return nil, err
	}
	c := config(nodes, version == "1")
	c.TypeMeta = v1alpha4.TypeMeta{Kind: "Cluster", APIVersion: "kind.x-k8s.io/v1alpha4"}
	return yaml.Marshal(c)
}

// config is kind's configuration of a cluster with so many nodes that run Pods.
func config(nodes int, cgroupV1 bool) *v1alpha4.Cluster {
	c := &v1alpha4.Cluster{
		Nodes: []v1alpha4.Node{{Role: v1alpha4.ControlPlaneRole}},
	}
	for len(c.Nodes) < containerCount(nodes) {
		c.Nodes = append(c.Nodes, v1alpha4.Node{Role: v1alpha4.WorkerRole})
	}
	for _, kind := range []string{"InitConfiguration", "JoinConfiguration"} {
		c.KubeadmConfigPatches = append(c.KubeadmConfigPatches, fmt.Sprintf(patience, kind))
	}
	c.KubeadmConfigPatches = append(c.KubeadmConfigPatches, unsafeEtcd)
	if cgroupV1 {
		c.KubeadmConfigPatches = append(c.KubeadmConfigPatches, allowCgroupV1)
	}
	v1alpha4.SetDefaultsCluster(c)
	return c
}

// containerCount is the number of containers, each a Kubernetes node, for so many
// nodes that run Pods: kind lets a control plane run them when it is alone.
func containerCount(nodes int) int {
	if nodes == 1 {
		return 1
	}
	return 1 + nodes
}
