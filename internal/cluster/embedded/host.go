package embedded

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/blang/semver/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/record"
	"k8s.io/component-base/metrics"
	"k8s.io/component-base/metrics/legacyregistry"
	"k8s.io/kubernetes/pkg/kubelet"
	kubecontainer "k8s.io/kubernetes/pkg/kubelet/container"
	"k8s.io/kubernetes/pkg/kubelet/metrics/collectors"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"
	"k8s.io/kubernetes/pkg/volume/util/subpath"
)

// This file is what stands between the kubelet and the machine it really runs
// on. Each type replaces one dependency of the kubelet by the smallest thing
// that keeps it from touching the host. They are tied to one version of
// Kubernetes; a test is named after each of them.

// hostOS is the kubelet's view of the operating system.
type hostOS struct{ kubecontainer.RealOS }

// Symlink does nothing: the kubelet would link every log file into a directory
// that log collectors of the host read.
func (hostOS) Symlink(string, string) error { return nil }

// hostUtil lets several kubelets live in one process. Each registers two
// metrics collectors of its own in a registry of the process, and panics if
// they are there. MakeRShared is the first call to a dependency after that.
type hostUtil struct {
	hostutil.HostUtils
	released func() // is told when the next kubelet may start
}

// MakeRShared would change a mount of the host; there is none to change.
func (h hostUtil) MakeRShared(string) error {
	releaseCollectors()
	h.released()
	return nil
}

func releaseCollectors() {
	version := semver.MustParse("1.36.0")
	for _, c := range []metrics.StableCollector{collectors.NewVolumeStatsCollector(nil), collectors.NewLogMetricsCollector(nil)} {
		c.Create(&version, c)
		legacyregistry.Registerer().Unregister(c)
		prometheus.DefaultRegisterer.Unregister(c)
	}
}

// subPaths makes the directories behind a volumeMount's subPath. The real one
// bind-mounts them against links that leave the volume; here the container's
// file tree refuses to follow such a link.
type subPaths struct {
	within []string // directories of volumes; nothing is made elsewhere
}

func (subPaths) CleanSubPaths(string, string) error { return nil }

// PrepareSafeSubpath returns the path without symbolic links, so that nobody can
// point one of them elsewhere afterwards.
func (subPaths) PrepareSafeSubpath(s subpath.Subpath) (string, func(), error) {
	volume, err := filepath.EvalSymlinks(s.VolumePath)
	if err != nil {
		return "", nil, err
	}
	path, err := filepath.EvalSymlinks(s.Path)
	if err != nil {
		return "", nil, err
	}
	if inside, err := filepath.Rel(volume, path); err != nil || !filepath.IsLocal(inside) {
		return "", nil, fmt.Errorf("subpath %q not within volume path %q", s.Path, s.VolumePath)
	}
	return path, func() {}, nil
}

// SafeMakeDir makes a directory in a volume of this node. A link in a volume leads
// nowhere.
func (p subPaths) SafeMakeDir(sub, base string, perm os.FileMode) error {
	for _, dir := range p.within {
		if !below(dir, base) {
			continue
		}
		volume, err := filepath.Rel(dir, base)
		if err != nil {
			return err
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer root.Close()
		inside, err := root.OpenRoot(volume)
		if err != nil {
			return err
		}
		defer inside.Close()
		return inside.MkdirAll(filepath.Clean(sub), perm.Perm())
	}
	return fmt.Errorf("subpath %q: %s is not a volume of this node", sub, base)
}

// localPaths is the plugin for local volumes of a node that has no disks. The real
// one attaches loop devices and formats disks.
type localPaths struct{ volume.PersistentVolumePlugin }

func (localPaths) NewMounter(spec *volume.Spec, _ *corev1.Pod) (volume.Mounter, error) {
	return nil, fmt.Errorf("path %q does not exist: a simulated node has no disks, use a StorageClass", spec.PersistentVolume.Spec.Local.Path)
}

// withoutOOMWatcher keeps the kubelet from reading the kernel's log, which needs
// root. It makes no watcher for a fake recorder, but the rest of it needs the
// real one: asking for a tracer is the first call after the watcher was made.
func withoutOOMWatcher(deps *kubelet.Dependencies, recorder record.EventRecorderLogger, tracers trace.TracerProvider) {
	deps.Recorder = &record.FakeRecorder{}
	deps.TracerProvider = firstTracer{tracers, func() { deps.Recorder = recorder }}
}

type firstTracer struct {
	trace.TracerProvider
	asked func()
}

func (t firstTracer) Tracer(name string, options ...trace.TracerOption) trace.Tracer {
	t.asked()
	return t.TracerProvider.Tracer(name, options...)
}

// setContainerLogsDir keeps the kubelet from making /var/log/containers. The
// path is a variable of its package, the same for all nodes of the process.
func setContainerLogsDir(dir string) { kubelet.ContainerLogsDir = dir }
