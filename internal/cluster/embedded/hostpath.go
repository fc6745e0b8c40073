package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/volume"
)

// hostPaths is the hostPath plugin of a simulated node, which has files of its
// own: a directory of the lab is its "/", empty at first. The real plugin would
// look at the paths of this machine, and make a DirectoryOrCreate there.
type hostPaths struct {
	volume.PersistentVolumePlugin
	files   string // the directory that is "/"
	volumes string // the directory of provisioned volumes, which have their real path
}

func (p hostPaths) NewMounter(spec *volume.Spec, pod *corev1.Pod) (volume.Mounter, error) {
	changed := *spec
	changed.Volume, changed.PersistentVolume = spec.Volume.DeepCopy(), spec.PersistentVolume.DeepCopy()
	source := hostPathOf(&changed)
	path, kind := source.Path, corev1.HostPathUnset
	if source.Type != nil {
		kind = *source.Type
	}
	source.Type = nil
	if below(p.volumes, path) {
		return p.PersistentVolumePlugin.NewMounter(&changed, pod)
	}
	source.Path = filepath.Join(p.files, filepath.Join("/", path))
	mounter, err := p.PersistentVolumePlugin.NewMounter(&changed, pod)
	return hostPathMounter{Mounter: mounter, files: p.files, path: path, kind: kind}, err
}

func hostPathOf(spec *volume.Spec) *corev1.HostPathVolumeSource {
	if spec.Volume != nil && spec.Volume.HostPath != nil {
		return spec.Volume.HostPath
	}
	return spec.PersistentVolume.Spec.HostPath
}

// below reports whether a path is inside of a directory.
func below(dir, path string) bool {
	inside, err := filepath.Rel(dir, path)
	return err == nil && inside != "." && filepath.IsLocal(inside)
}

// hostPathMounter does what the real one does before a container starts, without
// following a link that a container has made out of the node's files.
type hostPathMounter struct {
	volume.Mounter
	files string
	path  string // as the Pod has it
	kind  corev1.HostPathType
}

// SetUp makes what is missing and may be made, and checks the type with the
// texts of the real plugin. A directory that nobody asked to be made is made as
// well: a container runtime does that for every mount.
func (m hostPathMounter) SetUp(volume.MounterArgs) error {
	root, err := os.OpenRoot(m.files)
	if err != nil {
		return err
	}
	defer root.Close()
	name, err := filepath.Rel("/", filepath.Join("/", m.path))
	if err != nil {
		return err
	}
	info, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		switch m.kind {
		case corev1.HostPathUnset, corev1.HostPathDirectoryOrCreate:
			return root.MkdirAll(name, 0o755)
		case corev1.HostPathFileOrCreate:
			return root.WriteFile(name, nil, 0o644)
		}
	}
	var mode fs.FileMode = fs.ModeIrregular
	if err == nil {
		mode = info.Mode()
	}
	if what, ok := is(m.kind, mode); !ok {
		return fmt.Errorf("hostPath type check failed: %s is not a %s", m.path, what)
	}
	return nil
}

// is reports whether a file is what a hostPath's type says, and what that is.
func is(kind corev1.HostPathType, mode fs.FileMode) (what string, ok bool) {
	switch kind {
	case corev1.HostPathDirectory, corev1.HostPathDirectoryOrCreate:
		return "directory", mode.IsDir()
	case corev1.HostPathFile, corev1.HostPathFileOrCreate:
		return "file", mode.IsRegular()
	case corev1.HostPathSocket:
		return "socket file", mode.Type() == fs.ModeSocket
	case corev1.HostPathCharDev:
		return "character device", mode.Type() == fs.ModeDevice|fs.ModeCharDevice
	case corev1.HostPathBlockDev:
		return "block device", mode.Type() == fs.ModeDevice
	}
	return "", true
}
