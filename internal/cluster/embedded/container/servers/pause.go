package servers

import (
	"context"
	"fmt"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// pause is the pause image's only program: it waits until it is told to stop.
type pause struct{ version string }

func (s pause) run(ctx context.Context, p *shell.Proc) int {
	if len(p.Args) > 1 && p.Args[1] == "-v" {
		fmt.Fprintf(p.Stdout, "pause.c %s\n", s.version)
		return 0
	}
	select {
	case signal := <-p.Notify(shell.SIGINT, shell.SIGTERM):
		fmt.Fprintf(p.Stderr, "Shutting down, got signal: %s\n", description(signal))
		return 0
	case <-ctx.Done():
		return 1
	}
}

// description is what C's strsignal says.
func description(s shell.Signal) string {
	if s == shell.SIGINT {
		return "Interrupt"
	}
	return "Terminated"
}
