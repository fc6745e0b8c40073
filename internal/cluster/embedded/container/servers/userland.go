package servers

import (
	"io/fs"
	"maps"
	"slices"
	"strings"

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
	mode := fs.FileMode(0o644)
	if strings.HasPrefix(f.Content, "#!") {
		mode = 0o755
	}
	return files.Entry{Content: f.Content, Link: f.Link, Mode: mode}
}

// directories are those of the base of an image. A runtime makes /etc and /run anyway, for what it
// mounts there.
func directories(userland string) []string {
	if userland == images.None {
		return []string{"/etc", "/run"}
	}
	return []string{"/bin", "/etc", "/home", "/root", "/run", "/tmp", "/usr/bin", "/var/log", "/var/run", "/var/tmp"}
}

// commands are those of the base of an image, and its own.
func commands(image *images.Image) map[string]string {
	all := shell.Binaries()
	lacks := map[string][]string{
		images.Busybox: {"bash", "curl"},
		images.Alpine:  {"bash", "curl"},
		images.Debian:  notInDebian(),
	}[image.Userland]
	maps.DeleteFunc(all, func(_, program string) bool {
		return image.Userland == images.None || slices.Contains(lacks, program) && !slices.Contains(image.Commands, program)
	})
	return all
}

// notInDebian are the commands that debian's slim images lack: they have neither busybox nor
// procps, and no tool for the network.
func notInDebian() []string {
	return []string{
		"ash", "usleep", "rev", "wget", "curl", "nc", "ps", "free", "uptime", "watch", "pgrep", "pkill", "pidof", "killall", "hexdump", "xxd", "strings", "unlink", "less", "time",
	}
}
