package checks

import (
	"strings"
	"sync"
)

// maxPrinted is how much is kept of what a script or a dying worker prints.
const maxPrinted = 16 << 10

// capped is a writer that keeps the beginning of what is written and drops the
// rest. The zero value is ready. It is safe for concurrent use.
type capped struct {
	mu   sync.Mutex
	kept []byte
}

func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	room := min(maxPrinted-len(c.kept), len(p))
	c.kept = append(c.kept, p[:room]...)
	return len(p), nil
}

func (c *capped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.ToValidUTF8(string(c.kept), "")
}

func (c *capped) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = c.kept[:0]
}
