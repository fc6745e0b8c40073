package container

import (
	"context"
	"net"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/servers"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// newSpace makes the process table of a container: its files, its network, its programs.
func (r *Runtime) newSpace(c *container) *shell.Container {
	return shell.New(shell.Config{
		Files:    c.tree,
		Hostname: c.sandbox.hostname,
		Programs: servers.Programs(c.image.Image),
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
