// Package servers are the programs of the simulated images that do more than a shell: the web
// servers nginx and httpd, redis, agnhost of Kubernetes' own tests, and pause.
//
// They are shell.Programs. What they serve are the files of their container, read anew for every
// request; they listen on the container's network; signals reach them as they reach the real
// programs. Flags, answers, log lines and exit codes are the real programs'. Each file says what of
// its program is absent.
package servers

import (
	"maps"

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
	case "redis":
		server := redis{version: image.Version}
		return map[string]shell.Program{"redis-server": server.server, "redis-cli": server.cli, "redis-entrypoint": server.entrypoint}
	case "pause":
		return map[string]shell.Program{"pause": pause{version: image.Version}.run}
	}
	return nil
}

// Executables are the programs of an image by their path in it, for files.Options.Programs.
func Executables(image *images.Image) map[string]string {
	all := commands(image)
	maps.Copy(all, map[string]map[string]string{
		"nginx":   {"/usr/sbin/nginx": "nginx", nginxEntrypoint: "nginx-entrypoint"},
		"httpd":   {"/usr/local/apache2/bin/httpd": "httpd", "/usr/local/bin/httpd-foreground": "httpd-foreground"},
		"agnhost": {"/agnhost": "agnhost"},
		"pause":   {"/pause": "pause"},
		"redis": {
			"/usr/local/bin/redis-server": "redis-server", "/usr/local/bin/redis-cli": "redis-cli", "/usr/local/bin/docker-entrypoint.sh": "redis-entrypoint",
		},
	}[image.Program])
	return all
}
