package container

import (
	"context"
	"net"
	"path"
	"slices"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// newSpace makes the process table of a container: its files, its network, its programs.
func (r *Runtime) newSpace(c *container) *shell.Container {
	return shell.New(shell.Config{
		Files:    c.tree,
		Hostname: c.sandbox.hostname,
		Programs: programs(c),
		Dial:     c.sockets.DialContext,
		Listen: func(_ context.Context, network, address string) (net.Listener, error) {
			return c.sockets.Listen(network, address)
		},
		Sleep: r.sleep,
	})
}

// process describes a process to be started in the container.
func (c *container) process(argv []string, streams stdio) shell.Command {
	env := c.environment()
	if streams.tty {
		env = append(env, "TERM=xterm")
	}
	return shell.Command{
		Argv:   argv,
		Env:    env,
		Dir:    c.workingDir(),
		Stdin:  streams.in,
		Stdout: streams.out,
		Stderr: streams.err,
		TTY:    streams.tty,
	}
}

// environment is what the image and the Pod set, the Pod's last.
func (c *container) environment() []string {
	env := []string{"HOSTNAME=" + c.sandbox.hostname, "HOME=/root"}
	env = append(env, c.image.Env...)
	for _, variable := range c.config.GetEnvs() {
		env = append(env, variable.GetKey()+"="+string(variable.GetValue()))
	}
	return env
}

// programs are the programs that this package adds to the shell's.
func programs(c *container) map[string]shell.Program {
	server := &nginx{version: c.image.Version, listen: c.sockets.Listen, ready: c.ready}
	return map[string]shell.Program{
		"pause":            c.pause,
		"nginx":            server.run,
		"nginx-entrypoint": server.entrypoint,
	}
}

// handlesSignals says whether a command is one of our programs that calls ready.
func handlesSignals(argv []string) bool {
	return slices.Contains([]string{"pause", "nginx", path.Base(nginxEntrypoint)}, path.Base(argv[0]))
}

// executables are the programs of an image, by their path in it.
func executables(image *images.Image) map[string]string {
	if image.Program == "pause" {
		return map[string]string{"/pause": "pause"}
	}
	all := shell.Binaries()
	if image.Program == "nginx" {
		all["/usr/sbin/nginx"] = "nginx"
		all[nginxEntrypoint] = "nginx-entrypoint"
		all["/bin/bash"] = "sh"
	}
	return all
}

// pause waits until it is told to stop, as the pause image does.
func (c *container) pause(ctx context.Context, p *shell.Proc) int {
	signals := p.Notify(shell.SIGINT, shell.SIGTERM)
	c.ready()
	select {
	case <-signals:
	case <-ctx.Done():
	}
	return 0
}
