package servers

import (
	"io/fs"
	"maps"
	"slices"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/sandbox/files"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// Files are the files of an image, those of its base included.
func Files(image *images.Image) map[string]files.Entry {
	all := map[string]files.Entry{}
	for _, dir := range directories(image.Userland) {
		all[dir] = files.Entry{Mode: fs.ModeDir}
	}
	if image.Userland != images.None {
		all["/etc/passwd"] = files.Entry{Content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"}
		all["/etc/group"] = files.Entry{Content: "root:x:0:\nnogroup:x:65534:\n"}
	}
	for name, f := range image.Files {
		all[name] = entry(f)
	}
	return all
}

func entry(f images.File) files.Entry {
	if f.Dir {
		return files.Entry{Mode: fs.ModeDir}
	}
	return files.Entry{Content: f.Content, Link: f.Link}
}

// directories are those of the base of an image. A runtime makes /etc and /run anyway, for what it
// mounts there.
func directories(userland string) []string {
	if userland == images.None {
		return []string{"/etc", "/run"}
	}
	return []string{"/bin", "/etc", "/home", "/root", "/run", "/tmp", "/usr/bin", "/var/log", "/var/run", "/var/tmp"}
}

// userland are the commands that come with the base of an image.
func userland(name string) map[string]string {
	all := shell.Binaries()
	switch name {
	case images.Busybox, images.Alpine:
		maps.DeleteFunc(all, func(_, program string) bool { return slices.Contains(notInBusybox(), program) })
	case images.Debian:
		maps.DeleteFunc(all, func(_, program string) bool { return slices.Contains(notInDebian(), program) })
	default:
		clear(all)
	}
	return all
}

func notInBusybox() []string { return []string{"bash"} }

// notInDebian are the commands that debian's slim images lack: they have neither busybox nor
// procps, and no tool for the network.
func notInDebian() []string {
	return []string{"ash", "usleep", "rev", "wget", "nc", "ps"}
}
