package existing

import (
	"errors"
	"strings"
)

// strayError is namespaces of ours that could not be removed.
type strayError struct{ err error }

func (e *strayError) Error() string { return "remove the lab's namespaces: " + e.err.Error() }
func (e *strayError) Unwrap() error { return e.err }

const otherwise = "--cluster embedded needs no cluster of yours."

// hint says what to do about an error.
func hint(err error) string {
	if missing, ok := errors.AsType[*contextError](err); ok {
		if len(missing.known) == 0 {
			return "Set KUBECONFIG to a file with contexts. " + otherwise
		}
		return "Name one with --context; there are: " + strings.Join(missing.known, ", ") + "."
	}
	if _, ok := errors.AsType[*strayError](err); ok {
		return "`k8slab clean` tries again."
	}
	if _, ok := errors.AsType[*RightsError](err); ok {
		return "Ask whoever runs the cluster for these rights, use another context, or do the lesson elsewhere: " + otherwise
	}
	if _, ok := errors.AsType[*unreachableError](err); ok {
		return "`kubectl --context CONTEXT version` shows when it answers. " + otherwise
	}
	if _, ok := errors.AsType[*nodesError](err); ok {
		return "Use a larger cluster. --cluster kind and --cluster embedded make one."
	}
	return ""
}
