package kind

import (
	"errors"
	"fmt"
	osexec "os/exec"
	"strings"

	"sigs.k8s.io/kind/pkg/exec"

	"github.com/k8slab/k8slab/internal/cluster/claim"
)

// existsError is a cluster of our name that this creation has not made.
type existsError struct {
	name       string
	containers []string
}

func (e *existsError) Error() string {
	return fmt.Sprintf("there is such a cluster already (%s)", strings.Join(e.containers, ", "))
}

// imageError is a node image that the engine does not have and cannot pull.
type imageError struct {
	image string
	err   error
}

func (e *imageError) Error() string {
	return fmt.Sprintf("the node image %s is not in the Docker engine: %v", shortImage(e.image), e.err)
}

func (e *imageError) Unwrap() error { return e.err }

// strayError is a cluster of ours that could not be removed.
type strayError struct {
	name string
	err  error
}

func (e *strayError) Error() string { return fmt.Sprintf("remove the cluster %s: %v", e.name, e.err) }
func (e *strayError) Unwrap() error { return e.err }

const embeddedInstead = "The embedded cluster (--cluster embedded) needs no Docker."

const moreWatches = "Raise the limits of the machine: `sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288`."

// causes are the hints for what an engine or kind says, the first match counts.
var causes = []struct {
	says []string // any of it, in lower case
	hint string
}{
	{
		[]string{"permission denied while trying to connect"},
		"Let your user reach the engine: run `sudo usermod -aG docker $USER` and log in again. " + embeddedInstead,
	},
	{
		[]string{"cannot connect to the docker daemon", "is the docker daemon running", "error during connect", "no answer"},
		"Start the engine, with `sudo systemctl start docker` or by opening Docker Desktop; `docker info` shows when it answers. " + embeddedInstead,
	},
	{
		[]string{"no space left on device"},
		"Make room on the engine's disk: `docker system df` shows what uses it.",
	},
	{
		[]string{"unable to apply caps", "operation not permitted"},
		"This engine may not run privileged containers, which kind needs. " + embeddedInstead,
	},
	{
		[]string{"too many open files"},
		moreWatches,
	},
	{
		[]string{"phase wait-control-plane", "context deadline exceeded", "tls handshake timeout"},
		"The control plane did not come up in time. A machine that is busy, or short of memory, is the usual reason: try again when it has less to do. The log says more. " + embeddedInstead,
	},
	{
		[]string{"fully subnetted", "could not find an available"},
		"The engine has no network addresses left: `docker network prune` removes unused networks.",
	},
}

// hint says what to do about an error of a creation.
func hint(err error) string {
	if stray, ok := errors.AsType[*strayError](err); ok {
		return "`k8slab clean` tries again; without it: " + Removal(stray.name)
	}
	if exists, ok := errors.AsType[*existsError](err); ok {
		return "Somebody else has made it, or another user, or k8slab with another XDG_STATE_HOME: choose another name with --lab NAME. If nobody needs it, remove it: " + Removal(exists.name)
	}
	if _, ok := errors.AsType[*claim.HeldError](err); ok {
		return "End that run first, or give this one another name with --lab NAME."
	}
	if missing, ok := errors.AsType[*imageError](err); ok {
		return fmt.Sprintf("Fetch it where there is a network, with `docker pull %s`, or name a node image that this engine has in K8SLAB_KIND_IMAGE (`docker images` lists them).", missing.image)
	}
	failed, ok := errors.AsType[*exec.RunError](err)
	if ok && errors.Is(failed.Inner, osexec.ErrNotFound) {
		return "Install Docker (https://docs.docker.com/engine/install/) and start it. " + embeddedInstead
	}
	return hintForText(evidence(err, failed))
}

func hintForText(text string) string {
	text = strings.ToLower(text)
	for _, cause := range causes {
		for _, part := range cause.says {
			if strings.Contains(text, part) {
				return cause.hint
			}
		}
	}
	return ""
}

func evidence(err error, failed *exec.RunError) string {
	if failed == nil {
		return err.Error()
	}
	return err.Error() + "\n" + string(failed.Output)
}

// Removal is the command that removes the containers of a cluster; it needs
// nothing but Docker.
func Removal(name string) string {
	return fmt.Sprintf("`docker rm -fv $(docker ps -aq --filter label=%s=%s)`", clusterLabel, name)
}
