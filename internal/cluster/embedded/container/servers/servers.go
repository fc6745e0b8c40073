// Package servers are the programs of the simulated images that do more than a shell: the web
// servers nginx and httpd, agnhost of Kubernetes' own tests, and pause.
//
// They are shell.Programs. What they serve are the files of their container, read anew for every
// request; they listen on the container's network; signals reach them as they reach the real
// programs. Flags, answers, log lines and exit codes are the real programs'. Each file says what of
// its program is absent.
package servers

import (
	"maps"
	"slices"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// Programs are the programs that an image has besides those of the shell, by name, for
// shell.Config.Programs.
func Programs(image *images.Image) map[string]shell.Program {
	switch image.Program {
	case "nginx":
		server := nginx{version: image.Version}
		return map[string]shell.Program{"nginx": server.run, "nginx-entrypoint": server.entrypoint}
	case "httpd":
		server := httpd{version: image.Version}
		return map[string]shell.Program{"httpd": server.run, "httpd-foreground": server.run}
	case "agnhost":
		return map[string]shell.Program{"agnhost": agnhost{version: image.Version}.run}
	case "pause":
		return map[string]shell.Program{"pause": pause{version: image.Version}.run}
	}
	return nil
}

// Executables are the programs of an image by their path in it, for files.Options.Programs.
func Executables(image *images.Image) map[string]string {
	all := userland(image.Userland)
	maps.Copy(all, map[string]map[string]string{
		"nginx":   {"/usr/sbin/nginx": "nginx", nginxEntrypoint: "nginx-entrypoint"},
		"httpd":   {"/usr/local/apache2/bin/httpd": "httpd", "/usr/local/bin/httpd-foreground": "httpd-foreground"},
		"agnhost": {"/agnhost": "agnhost"},
		"pause":   {"/pause": "pause"},
	}[image.Program])
	return all
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
