package container

import (
	"context"
	"net"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/servers"
	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// newSpace makes the process table of a container: its files, its network, its programs.
func (r *Runtime) newSpace(c *container) *shell.Container {
	space := shell.New(shell.Config{
		Files:    c.tree,
		Hostname: c.sandbox.hostname,
		User:     c.user(),
		Programs: servers.Programs(c.image.Image),
		Dial:     c.sockets.DialContext,
		Listen: func(_ context.Context, network, address string) (net.Listener, error) {
			return c.sockets.Listen(network, address)
		},
		Sleep: r.sleep,
	})
	space.Grow(int64(c.image.Memory))
	return space
}

// process describes a process to be started in the container.
func (c *container) process(argv []string, streams stdio) shell.Command {
	command := shell.Command{
		Argv:   argv,
		Env:    c.environment(),
		Dir:    c.workingDir(),
		Stdin:  streams.in,
		Stdout: streams.out,
		Stderr: streams.err,
	}
	if streams.tty != nil {
		command.TTY, command.Size = true, streams.tty.Size
		command.Env = append(command.Env, "TERM=xterm")
	}
	return command
}

// environment is what the image and the Pod set, the Pod's last.
func (c *container) environment() []string {
	home := "/root"
	if c.user().UID != 0 {
		home = "/" // as for everybody who is not in /etc/passwd
	}
	env := []string{"HOSTNAME=" + c.sandbox.hostname, "HOME=" + home}
	env = append(env, c.image.Env...)
	for _, variable := range c.config.GetEnvs() {
		env = append(env, variable.GetKey()+"="+string(variable.GetValue()))
	}
	return env
}
