package container

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/servers"
	"github.com/k8slab/k8slab/internal/sandbox/files"
)

// assemble makes the file tree of a container.
func (r *Runtime) assemble(c *container) (*files.Tree, error) {
	mounts, err := r.mounts(c)
	if err != nil {
		return nil, err
	}
	root := filepath.Join(r.containerDir(c.id), "root")
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	entries := imageFiles(c)
	if err := r.addSandboxFiles(c.sandbox, entries); err != nil {
		return nil, err
	}
	if err := files.Populate(root, entries); err != nil {
		return nil, err
	}
	return files.Open(files.Options{
		Root:     root,
		ReadOnly: c.config.GetLinux().GetSecurityContext().GetReadonlyRootfs(),
		Mounts:   mounts,
		Programs: servers.Executables(c.image.Image),
	})
}

// imageFiles are the files of the container's image, and its working directory.
func imageFiles(c *container) map[string]files.Entry {
	entries := servers.Files(c.image.Image)
	entries[c.workingDir()] = files.Entry{Mode: os.ModeDir}
	return entries
}

// workingDir is the Pod's, else the image's, else the root.
func (c *container) workingDir() string {
	for _, dir := range []string{c.config.GetWorkingDir(), c.image.WorkingDir} {
		if dir != "" {
			return dir
		}
	}
	return "/"
}

// addSandboxFiles gives a container the files of its Pod, as copies: a mount would hold an open
// directory for each of them for as long as the container runs.
func (r *Runtime) addSandboxFiles(s *sandbox, entries map[string]files.Entry) error {
	for _, name := range sandboxFiles {
		content, err := os.ReadFile(r.sandboxFile(s, name))
		if err != nil {
			return err
		}
		entries[name] = files.Entry{Content: string(content)}
	}
	return nil
}

// mounts translates the kubelet's mounts, with its own /etc/hosts.
func (r *Runtime) mounts(c *container) ([]files.Mount, error) {
	var mounts []files.Mount
	for _, m := range c.config.GetMounts() {
		mount, err := r.mount(c, m)
		if err != nil {
			return nil, err
		}
		mounts = append(mounts, mount)
	}
	return mounts, nil
}

// mount translates one mount, or refuses it.
func (r *Runtime) mount(c *container, m *runtimeapi.Mount) (files.Mount, error) {
	if m.GetImage() != nil {
		return files.Mount{}, fmt.Errorf("failed to mount image volume at %q: image volumes are not supported by the simulated container runtime", m.GetContainerPath())
	}
	within, source, ok := r.confine(c.sandbox.config.GetMetadata().GetUid(), m.GetHostPath())
	if !ok {
		return files.Mount{}, fmt.Errorf("failed to mount hostPath %q at %q: a simulated node has no files of its own, only volumes that Kubernetes makes (emptyDir, configMap, secret, …) can be mounted",
			m.GetHostPath(), m.GetContainerPath())
	}
	mount := files.Mount{Path: m.GetContainerPath(), Within: within, Source: source, ReadOnly: m.GetReadonly()}
	if size, ok := r.inMemory(m); ok {
		mount.Memory = &files.Memory{Size: size, Grow: c.grow}
	}
	return mount, nil
}

// inMemory says whether a container can fill a mount that is in memory, and how large that is. What
// the kubelet fills is mounted read-only.
func (r *Runtime) inMemory(m *runtimeapi.Mount) (size int64, ok bool) {
	if r.options.InMemory == nil || m.GetReadonly() {
		return 0, false
	}
	return r.options.InMemory(m.GetHostPath())
}

// grow accounts for files in memory. There are none before the container has started.
func (c *container) grow(bytes int64) { c.space.Grow(bytes) }

// confine splits a host path into a directory that the mount must not leave, whatever symlinks lie
// on the way, and the rest. ok is false for a path that a Pod with the given UID may not mount.
func (r *Runtime) confine(uid, hostPath string) (within, source string, ok bool) {
	if parts, below := elements(r.options.PodsDir, hostPath); below && len(parts) > 1 && parts[0] == uid {
		return split(r.options.PodsDir, parts, volumeDepth(parts))
	}
	for _, root := range r.options.MountRoots {
		if parts, below := elements(root, hostPath); below {
			return split(root, parts, min(1, len(parts)-1))
		}
	}
	return "", "", false
}

// elements are the names on the way from a directory to a path below it.
func elements(dir, hostPath string) ([]string, bool) {
	rel, err := filepath.Rel(dir, hostPath)
	if dir == "" || err != nil || rel == "." || !filepath.IsLocal(rel) {
		return nil, false
	}
	return strings.Split(rel, string(filepath.Separator)), true
}

// volumeDepth is how many elements below the kubelet's pods directory name what a mount must stay
// in: UID/volumes/PLUGIN/NAME for a volume, or a symlink in one volume would show another one, else
// the directory that the file is in.
func volumeDepth(parts []string) int {
	if len(parts) >= 4 && parts[1] == "volumes" {
		return 4
	}
	return len(parts) - 1
}

func split(root string, parts []string, depth int) (within, source string, ok bool) {
	within = filepath.Join(root, filepath.Join(parts[:depth]...))
	return within, filepath.Join(".", filepath.Join(parts[depth:]...)), true
}
