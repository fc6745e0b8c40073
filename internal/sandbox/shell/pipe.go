package shell

import (
	"context"
	"io"
	"sync"
	"syscall"
)

// pipeSize is the room of a pipe, as in Linux.
const pipeSize = 64 << 10

// pipe is a pipe in memory. Unlike io.Pipe it has a buffer and waits no longer than a context.
type pipe struct {
	mu       sync.Mutex
	data     []byte
	ends     []int // how many bytes are in front of each end of file that was typed at a terminal
	noReader bool
	noWriter bool
	changed  chan struct{} // closed and replaced at every change
}

func newPipe() *pipe { return &pipe{changed: make(chan struct{})} }

// wake tells everybody who waits.
func (p *pipe) wake() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pipe) read(ctx context.Context, b []byte) (int, error) {
	for {
		p.mu.Lock()
		if len(p.ends) > 0 && p.ends[0] == 0 {
			p.ends = p.ends[1:]
			p.mu.Unlock()
			return 0, io.EOF
		}
		if len(p.data) > 0 {
			n := p.take(b)
			p.mu.Unlock()
			return n, nil
		}
		ended, changed := p.noWriter, p.changed
		p.mu.Unlock()
		if ended {
			return 0, io.EOF
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// take moves data out, up to the next end of file.
func (p *pipe) take(b []byte) int {
	data := p.data
	if len(p.ends) > 0 {
		data = data[:p.ends[0]]
	}
	n := copy(b, data)
	for i := range p.ends {
		p.ends[i] -= n
	}
	p.data = p.data[n:]
	if len(p.data) == 0 {
		p.data = nil
	}
	p.wake()
	return n
}

// end makes one read after the data so far find the end of the file.
func (p *pipe) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ends = append(p.ends, len(p.data))
	p.wake()
}

func (p *pipe) write(ctx context.Context, b []byte) (int, error) {
	written := 0
	for {
		p.mu.Lock()
		if p.noReader {
			p.mu.Unlock()
			return written, syscall.EPIPE
		}
		n := min(len(b)-written, pipeSize-len(p.data))
		if n > 0 {
			p.data = append(p.data, b[written:written+n]...)
			written += n
			p.wake()
		}
		changed := p.changed
		p.mu.Unlock()
		if written == len(b) {
			return written, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return written, ctx.Err()
		}
	}
}

func (p *pipe) closeRead() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noReader = true
	p.data = nil
	p.wake()
}

func (p *pipe) closeWrite() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noWriter = true
	p.wake()
}

// pipeReader and pipeWriter are the ends of a pipe as files.
type (
	pipeReader struct{ *pipe }
	pipeWriter struct{ *pipe }
)

func (e pipeReader) Read(ctx context.Context, b []byte) (int, error) { return e.read(ctx, b) }
func (pipeReader) Write(context.Context, []byte) (int, error)        { return 0, syscall.EBADF }

func (e pipeReader) Close() error {
	e.closeRead()
	return nil
}

func (pipeWriter) Read(context.Context, []byte) (int, error)          { return 0, syscall.EBADF }
func (e pipeWriter) Write(ctx context.Context, b []byte) (int, error) { return e.write(ctx, b) }

func (e pipeWriter) Close() error {
	e.closeWrite()
	return nil
}
