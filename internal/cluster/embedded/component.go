package embedded

import (
	"context"
	"errors"
	"fmt"
)

// startComponent runs one of the programs that a cluster consists of in this
// process, and reports its end to died: nobody ever asks one to end, so whatever
// its reason, the cluster is no longer whole.
func startComponent(ctx context.Context, name string, died chan<- error, run func(context.Context) error) {
	go func() {
		err := run(ctx)
		if err == nil {
			err = errors.New("ended by itself")
		}
		select {
		case died <- fmt.Errorf("%s: %w", name, err):
		default: // one is enough
		}
	}()
}
