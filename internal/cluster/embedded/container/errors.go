package container

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var errClosed = status.Error(codes.Unavailable, "the container runtime is stopped")

// What containerd puts in front of the reasons why a process did not start.
const (
	createTask  = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: "
	execTask    = "failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: unable to start container process: %w: unknown"
	execStopped = "failed to exec in container: failed to start exec %q: OCI runtime exec failed: exec failed: cannot exec in a stopped container: unknown"
)

func notFound(kind, id string) error {
	return status.Errorf(codes.NotFound, "an error occurred when try to find %s %q: not found", kind, id)
}
