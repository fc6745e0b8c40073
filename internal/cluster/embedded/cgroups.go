package embedded

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/klog/v2"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	"k8s.io/utils/ptr"
)

// noCgroups is a container manager of a machine without cgroups. A resize of a Pod
// sets the limits of the Pod's cgroup, then those of its containers, which the
// runtime knows about; the first is of no consequence here.
type noCgroups struct{ cm.ContainerManager }

// NewPodContainerManager returns what manages the cgroups of Pods.
func (c noCgroups) NewPodContainerManager() cm.PodContainerManager {
	return noPodCgroups{c.ContainerManager.NewPodContainerManager()}
}

type noPodCgroups struct{ cm.PodContainerManager }

// cfsPeriod is the kubelet's default, in microseconds.
const cfsPeriod = 100_000

// GetPodCgroupConfig tells what the cgroup would have been given. The kubelet reads
// all four numbers.
func (noPodCgroups) GetPodCgroupConfig(pod *corev1.Pod, _ corev1.ResourceName) (*cm.ResourceConfig, error) {
	asked := cm.ResourceConfigForPod(pod, true, cfsPeriod, false, kubeletconfig.NoneMemoryReservationPolicy)
	if asked == nil {
		asked = &cm.ResourceConfig{} // on machines that never have cgroups
	}
	return &cm.ResourceConfig{
		Memory:    ptr.To(ptr.Deref(asked.Memory, 0)),
		CPUShares: ptr.To(ptr.Deref(asked.CPUShares, 0)),
		CPUQuota:  ptr.To(ptr.Deref(asked.CPUQuota, 0)),
		CPUPeriod: ptr.To(ptr.Deref(asked.CPUPeriod, 0)),
	}, nil
}

// SetPodCgroupConfig accepts all limits.
func (noPodCgroups) SetPodCgroupConfig(klog.Logger, *corev1.Pod, *cm.ResourceConfig) error {
	return nil
}
