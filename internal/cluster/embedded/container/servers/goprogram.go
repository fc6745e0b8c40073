package servers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// goProgram is a process that runs a program written in Go: what packages os, log and net/http
// do for such a program, in a container. A signal that the program has not asked for ends it, also
// as PID 1: the kernel spares that one, but Go's runtime then exits with 2.
type goProgram struct {
	*shell.Proc
	ctx     context.Context // done when the program ends
	cancel  context.CancelFunc
	signals <-chan shell.Signal
	exits   chan int
	closers []func()
}

func newGoProgram(ctx context.Context, p *shell.Proc) *goProgram {
	ctx, cancel := context.WithCancel(ctx)
	return &goProgram{
		Proc:    p,
		ctx:     ctx,
		cancel:  cancel,
		signals: p.Notify(shell.SIGHUP, shell.SIGINT, shell.SIGQUIT, shell.SIGTERM),
		exits:   make(chan int, 1),
	}
}

// close ends what the program has open. Its process must not end before.
func (g *goProgram) close() {
	g.cancel()
	for _, c := range g.closers {
		c()
	}
}

// wait waits for the end of the program: a signal, a call of exit, or the end of the container.
// handled tells signals that the program has asked for from those that end it.
func (g *goProgram) wait(handled ...shell.Signal) (caught shell.Signal, code int) {
	select {
	case <-g.ctx.Done():
		return 0, 128 + int(shell.SIGKILL)
	case code := <-g.exits:
		return 0, code
	case s := <-g.signals:
		for _, h := range handled {
			if s == h {
				return s, 0
			}
		}
		return 0, g.killed(s)
	}
}

// killed is the exit code after a signal that nobody handles.
func (g *goProgram) killed(s shell.Signal) int {
	if g.PID() == 1 {
		return 2
	}
	return 128 + int(s)
}

// exit is os.Exit for every goroutine: the first call counts.
func (g *goProgram) exit(code int) {
	select {
	case g.exits <- code:
	default:
	}
}

// logf is log.Printf.
func (g *goProgram) logf(format string, args ...any) {
	text := strings.TrimSuffix(fmt.Sprintf(format, args...), "\n")
	fmt.Fprintf(g.Stderr, "%s %s\n", g.Now().UTC().Format("2006/01/02 15:04:05"), text)
}

// fatalf is log.Fatalf. It returns, with the exit code.
func (g *goProgram) fatalf(format string, args ...any) int {
	g.logf(format, args...)
	g.exit(1)
	return 1
}

// listen opens a port on all addresses.
func (g *goProgram) listen(port int) (net.Listener, error) {
	l, err := g.Listen(g.ctx, "tcp", ":"+strconv.Itoa(port))
	if err != nil {
		return nil, listenError(port, err)
	}
	g.closers = append(g.closers, func() { l.Close() })
	return l, nil
}

// listenError is what package net says on Linux, where a listener on all addresses is an IPv6 one.
func listenError(port int, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("listen tcp :%d: bind: address already in use", port)
	}
	return err
}

// serve is http.ListenAndServe that returns at once.
func (g *goProgram) serve(port int, handler http.Handler) (*web, error) {
	l, err := g.listen(port)
	if err != nil {
		return nil, err
	}
	return g.serveOn(l, handler), nil
}

func (g *goProgram) serveOn(l net.Listener, handler http.Handler) *web {
	w := serveWeb(l, handler)
	g.closers = append(g.closers, w.close)
	return w
}

// certificate is tls.LoadX509KeyPair in the container.
func (g *goProgram) certificate(certFile, keyFile string) (*tls.Config, error) {
	cert, err := g.readFile(certFile)
	if err != nil {
		return nil, err
	}
	key, err := g.readFile(keyFile)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}, nil
}

// maxFile is how much of a file of its container a program reads into memory.
const maxFile = 1 << 20

// readFile is os.ReadFile, with its errors.
func (g *goProgram) readFile(name string) ([]byte, error) {
	data, err := g.Files().ReadFile(g.Path(name), maxFile)
	return data, named(err, "open", name)
}

// named gives an error the name that the program used.
func named(err error, op, name string) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return &os.PathError{Op: op, Path: name, Err: path.Err}
	}
	return err
}
