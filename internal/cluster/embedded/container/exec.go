package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	cri "k8s.io/cri-client/pkg"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// maxExecOutput is how much output of ExecSync is kept, per stream: what fits into a gRPC message
// of the CRI.
const maxExecOutput = 16 << 20

// ExecSync runs a command and returns its output. A non-zero exit code is a utilexec.CodeExitError.
// After the timeout, if it is not 0, the command is killed and the error wraps the CRI client's
// ErrCommandTimedOut.
func (r *Runtime) ExecSync(ctx context.Context, id string, argv []string, timeout time.Duration) (stdout, stderr []byte, err error) {
	c, err := r.runningContainer(id)
	if err != nil {
		return nil, nil, err
	}
	if probe, ok := parseProbe(argv); ok {
		text, err := r.probe(ctx, c.sandbox, probe, timeout)
		return []byte(text), nil, err
	}
	out, errs := &limited{limit: maxExecOutput}, &limited{limit: maxExecOutput}
	p, err := c.start(ctx, argv, stdio{out: out, err: errs})
	if err != nil {
		return nil, nil, err
	}
	code, err := await(ctx, p, argv, timeout)
	if err != nil {
		return nil, nil, err
	}
	if code != 0 {
		err = utilexec.CodeExitError{
			Err:  fmt.Errorf("command '%s' exited with %d: %s", strings.Join(argv, " "), code, errs.Bytes()),
			Code: code,
		}
	}
	return out.Bytes(), errs.Bytes(), err
}

// runningContainer finds a container in which something can be executed.
func (r *Runtime) runningContainer(id string) (*container, error) {
	c, err := r.container(id)
	if err != nil {
		return nil, err
	}
	if r.running(c) {
		return c, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return nil, status.Errorf(codes.Unknown, "failed to exec in container: container is in %s state", c.state)
}

// start starts a command in the container. It is killed when ctx ends.
func (c *container) start(ctx context.Context, argv []string, streams stdio) (*shell.Process, error) {
	p, err := c.space.Start(ctx, c.process(argv, streams))
	if err == nil {
		return p, nil
	}
	select {
	case <-c.main.Done(): // and its files are closed
		return nil, status.Errorf(codes.Unknown, execStopped, newID())
	default:
		return nil, execError(err)
	}
}

// await waits for the end of a command and returns its exit code.
func await(ctx context.Context, p *shell.Process, argv []string, timeout time.Duration) (int, error) {
	var over <-chan time.Time
	if timeout > 0 {
		timer := time.NewTimer(timeout)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-p.Done():
		return p.Wait(), nil
	case <-over:
		p.Kill()
		<-p.Done()
		return 0, fmt.Errorf("%w: %q timed out after %s", cri.ErrCommandTimedOut, strings.Join(argv, " "), timeout)
	case <-ctx.Done():
		p.Kill()
		<-p.Done()
		return 0, interrupted(ctx)
	}
}

// interrupted is the error of what ended with ctx. Who cancels a call of the CRI sees it in
// gRPC's words, and the kubelet puts them into an Event.
func interrupted(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return status.FromContextError(ctx.Err()).Err()
	}
	return ctx.Err()
}

// execError is why a command could not be executed, in containerd's words.
func execError(err error) error {
	var start *shell.StartError
	if errors.As(err, &start) {
		return status.Error(codes.Unknown, fmt.Errorf(execTask, newID(), err).Error())
	}
	return status.Errorf(codes.Unknown, "failed to exec in container: %v", err)
}

// limited is a buffer that drops what it has no room for.
type limited struct {
	bytes.Buffer
	limit int
}

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:min(len(p), max(0, l.limit-l.Len()))])
	return len(p), nil
}

// Exec returns the address of a stream that will run a command.
func (r *Runtime) Exec(_ context.Context, request *runtimeapi.ExecRequest) (*runtimeapi.ExecResponse, error) {
	if _, err := r.runningContainer(request.GetContainerId()); err != nil {
		return nil, err
	}
	return r.server.streams.GetExec(request)
}

// Attach returns the address of a stream that will be connected to a container's main process.
func (r *Runtime) Attach(_ context.Context, request *runtimeapi.AttachRequest) (*runtimeapi.AttachResponse, error) {
	if _, err := r.runningContainer(request.GetContainerId()); err != nil {
		return nil, err
	}
	return r.server.streams.GetAttach(request)
}

// PortForward returns the address of a stream that will forward ports of a sandbox.
func (r *Runtime) PortForward(_ context.Context, request *runtimeapi.PortForwardRequest) (*runtimeapi.PortForwardResponse, error) {
	r.mu.Lock()
	s := r.sandboxes[request.GetPodSandboxId()]
	ready := s != nil && s.ready
	r.mu.Unlock()
	if !ready {
		return nil, status.Errorf(codes.Unknown, "failed to find sandbox %q: sandbox container is not running", request.GetPodSandboxId())
	}
	return r.server.streams.GetPortForward(request)
}

// streamExec runs a command over a client's streams.
func (r *Runtime) streamExec(ctx context.Context, id string, argv []string, in io.Reader, out, errs io.Writer, tty bool, sizes <-chan remotecommand.TerminalSize) error {
	c, err := r.runningContainer(id)
	if err != nil {
		return err
	}
	streams := stdio{in: in, out: out, err: errs}
	if tty {
		streams = withTerminal(in, out)
		defer streams.tty.hangUp()
		go streams.tty.resize(sizes, ctx.Done())
	}
	p, err := c.start(ctx, argv, streams)
	if err != nil {
		return errors.New(status.Convert(err).Message()) // a stream has no gRPC codes
	}
	if tty {
		streams.tty.onSignal(p.Interrupt)
	}
	code, err := await(ctx, p, argv, 0)
	if err == nil && code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", code), Code: code}
	}
	return err
}
