package shell

import "sync/atomic"

// memory is what a container holds, in bytes: what its programs are said to need, the variables of
// its shells, what its programs remember of their input, and its files in memory. It is an account,
// not a measurement. What a process asks for is limited apart from it (maxVariables, maxInput): in a
// container with a limit, a process that would need more than that is taken to go beyond the limit.
type memory struct {
	held, limit atomic.Int64
	exceeded    atomic.Bool
}

// Grow accounts for n more bytes that the container holds, or fewer if n is negative.
func (c *Container) Grow(n int64) {
	c.memory.held.Add(n)
	c.checkMemory()
}

// Memory is how many bytes the container holds.
func (c *Container) Memory() int64 { return max(0, c.memory.held.Load()) }

// SetMemoryLimit makes the container end, all its processes at once, when it holds more bytes, as
// the kernel ends a container over its limit. 0 is no limit.
func (c *Container) SetMemoryLimit(bytes int64) {
	c.memory.limit.Store(bytes)
	c.checkMemory()
}

// OutOfMemory says that the container has ended because of its limit.
func (c *Container) OutOfMemory() bool { return c.memory.exceeded.Load() }

func (c *Container) checkMemory() {
	if limit := c.memory.limit.Load(); limit > 0 && c.memory.held.Load() > limit {
		c.exhaust()
	}
}

// exhaust ends the container because of its limit, if it has one.
func (c *Container) exhaust() {
	if c.memory.limit.Load() > 0 && c.memory.exceeded.CompareAndSwap(false, true) {
		c.end(nil)
	}
}

// hold accounts for n more bytes of the process, or fewer if n is negative. What it holds at its end
// is given back then. It is called by the goroutine of the process, inside of guard.
func (p *Process) hold(n int) {
	p.held += n
	p.container.Grow(int64(n))
	if n > 0 && p.container.OutOfMemory() {
		panic(outOfMemory{})
	}
}
