package kind

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kind/pkg/exec"
)

const (
	// clusterLabel is what kind puts on every container of a cluster, with the
	// cluster's name.
	clusterLabel = "io.x-k8s.kind.cluster"

	// answerTimeout bounds the questions to the engine, which take some 50 ms.
	answerTimeout = 30 * time.Second
)

// engine is the Docker engine that the docker command talks to, which is also
// what kind uses. The zero value is ready to use.
type engine struct{}

// cgroupVersion returns "1" or "2" for the machine that the engine runs on, which
// need not be this one; it is empty before Docker 20.10. Its errors are those of
// an engine that is absent, stopped or closed to this user.
func (e engine) cgroupVersion(ctx context.Context) (string, error) {
	out, err := e.ask(ctx, "info", "--format", "{{.CgroupVersion}}")
	return strings.TrimSpace(string(out)), err
}

// containers returns the names of the containers of a kind cluster, stopped ones
// too.
func (e engine) containers(ctx context.Context, cluster string) ([]string, error) {
	out, err := e.ask(ctx, "ps", "--all", "--filter", "label="+clusterLabel+"="+cluster, "--format", "{{.Names}}")
	return strings.Fields(string(out)), err
}

// clusters returns the names of all kind clusters.
func (e engine) clusters(ctx context.Context) ([]string, error) {
	out, err := e.ask(ctx, "ps", "--all", "--filter", "label="+clusterLabel, "--format", `{{.Label "`+clusterLabel+`"}}`)
	names := strings.Fields(string(out))
	slices.Sort(names)
	return slices.Compact(names), err
}

func (e engine) hasImage(ctx context.Context, image string) bool {
	_, err := e.ask(ctx, "image", "inspect", image)
	return err == nil
}

func (e engine) pull(ctx context.Context, image string) error {
	_, err := e.run(ctx, "pull", image)
	return err
}

// awaitStop returns why a container no longer runs, or nil when ctx ends first.
func (e engine) awaitStop(ctx context.Context, container string) error {
	for ctx.Err() == nil {
		// The docker command also ends by the Ctrl-C that the terminal sends
		// to everything in the foreground, so its end alone says nothing.
		_, _ = e.run(ctx, "wait", container)
		out, err := e.ask(ctx, "inspect", "--format", "{{.State.Status}} with exit code {{.State.ExitCode}}", container)
		state := strings.TrimSpace(string(out))
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		case strings.HasPrefix(state, "exited"), strings.HasPrefix(state, "dead"):
			return fmt.Errorf("container %s %s", container, state)
		}
		pause(ctx, time.Second)
	}
	return nil
}

// ask runs a docker command that answers at once.
func (e engine) ask(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	out, err := e.run(ctx, args...)
	if ctx.Err() != nil {
		return out, fmt.Errorf("docker %s: no answer: %w", args[0], ctx.Err())
	}
	return out, err
}

// run runs a docker command and returns its standard output.
func (engine) run(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, "docker", args...)
}

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := exec.Output(exec.CommandContext(ctx, name, args...))
	if failed, ok := errors.AsType[*exec.RunError](err); ok {
		return out, &commandError{failed}
	}
	return out, err
}

// commandError is a command to an engine that failed, with the last line it printed as
// the message. The log has all it printed.
type commandError struct {
	*exec.RunError
}

func (e *commandError) Error() string {
	said := strings.TrimSpace(string(e.Output))
	if said == "" {
		said = e.Inner.Error()
	}
	return e.Command[0] + " " + e.Command[1] + ": " + said[strings.LastIndexByte(said, '\n')+1:]
}

func (e *commandError) Unwrap() error { return e.RunError }

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// shortImage is an image reference without its digest.
func shortImage(image string) string {
	name, _, _ := strings.Cut(image, "@")
	return name
}
