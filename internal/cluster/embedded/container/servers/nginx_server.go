package servers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/sandbox/shell"
)

// nginx tries to bind this often, with this pause, before it gives up.
const (
	bindAttempts = 5
	bindPause    = 500 * time.Millisecond
)

// nginxServer is a running nginx.
type nginxServer struct {
	nginx
	proc    *shell.Proc
	call    *invocation
	site    atomic.Pointer[site]
	webs    map[string]*web // by address
	closed  []*web          // that a reload took away
	workers int             // that were started so far
}

// run serves until a signal comes. nginx leaves quickly on SIGTERM and lets requests end on SIGQUIT;
// both exit with 0.
func (s *nginxServer) run(ctx context.Context) int {
	signals := s.proc.Notify(shell.SIGTERM, shell.SIGINT, shell.SIGQUIT, shell.SIGHUP, shell.SIGUSR1)
	s.webs = map[string]*web{}
	defer s.close()
	config, err := s.read()
	if err == nil && config.daemon {
		return 0 // the server would go to the background, and the container with it
	}
	if err == nil {
		err = s.apply(ctx, config)
	}
	if err != nil {
		s.emergency(s.proc, err)
		return 1
	}
	s.started()
	for {
		select {
		case <-ctx.Done():
			return 128 + int(shell.SIGKILL)
		case signal := <-signals:
			if s.leave(ctx, signal) {
				return 0
			}
		}
	}
}

// read reads the configuration, with what -g says.
func (s *nginxServer) read() (*nginxConfig, error) {
	config, err := readConfig(s.proc.Files(), s.call.config)
	if err != nil {
		return nil, err
	}
	if directive := strings.Join(strings.Fields(s.call.directives), " "); strings.Contains(directive, "daemon off;") {
		config.daemon = false
	}
	return config, nil
}

// leave says whether a signal ends the server.
func (s *nginxServer) leave(ctx context.Context, signal shell.Signal) bool {
	report := func(what string) { s.notice("signal %d (SIG%s) received, %s", int(signal), signal, what) }
	switch signal {
	case shell.SIGHUP:
		report("reconfiguring")
		s.reload(ctx)
		return false
	case shell.SIGUSR1:
		report("reopening logs")
		return false
	case shell.SIGQUIT:
		report("shutting down")
		for _, w := range s.webs {
			_ = w.shutdown(ctx) // until the container is killed
		}
	default:
		report("exiting")
	}
	s.notice("exit")
	return true
}

// reload takes a new configuration, or keeps the old one if that is wrong.
func (s *nginxServer) reload(ctx context.Context) {
	s.notice("reconfiguring")
	config, err := s.read()
	if err == nil {
		err = s.apply(ctx, config)
	}
	if err != nil {
		s.log("emerg", "%v", err)
		return
	}
	s.worker()
}

// apply opens and closes ports as a configuration has it, and answers by it from then on.
func (s *nginxServer) apply(ctx context.Context, config *nginxConfig) error {
	next, err := newSite(s, config)
	if err != nil {
		return err
	}
	opened := map[string]net.Listener{}
	for address, secure := range next.addresses() {
		if s.webs[address] != nil {
			continue
		}
		l, err := s.bind(ctx, address)
		if err != nil {
			for _, other := range opened {
				other.Close()
			}
			return err
		}
		if secure {
			l = tls.NewListener(l, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate(address)})
		}
		opened[address] = l
	}
	s.site.Store(next)
	for address, l := range opened {
		s.webs[address] = serveWeb(l, &port{server: s, address: address})
	}
	for address, w := range s.webs {
		if _, ok := next.addresses()[address]; !ok {
			w.listener.Close()
			s.closed = append(s.closed, w)
			delete(s.webs, address)
		}
	}
	return nil
}

// certificate finds the certificate for a connection.
func (s *nginxServer) certificate(address string) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		site := s.site.Load()
		if certificate := site.certificates[site.server(address, hello.ServerName)]; certificate != nil {
			return certificate, nil
		}
		return nil, errors.New("no certificate")
	}
}

// bind opens a port, with nginx' patience for one that is in use.
func (s *nginxServer) bind(ctx context.Context, address string) (net.Listener, error) {
	for range bindAttempts {
		l, err := s.proc.Listen(ctx, "tcp", address)
		if err == nil {
			return l, nil
		}
		failed := fmt.Errorf("bind() to %s failed (%s)", address, errnoText(err))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, failed
		}
		s.emergency(s.proc, fmt.Errorf("bind() to %s failed (98: Address already in use)", address))
		if err := s.proc.Sleep(ctx, bindPause); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("still could not bind()")
}

// close ends all connections.
func (s *nginxServer) close() {
	for _, w := range append(s.closed, slices.Collect(maps.Values(s.webs))...) {
		w.close()
	}
	if site := s.site.Load(); site != nil {
		site.closeLogs()
	}
}

// started are the notices of a start.
func (s *nginxServer) started() {
	s.notice(`using the "epoll" event method`)
	s.notice("nginx/%s", s.version)
	s.notice("OS: Linux")
	s.worker()
}

func (s *nginxServer) worker() {
	s.notice("start worker processes")
	s.notice("start worker process %d", 29+s.workers)
	s.workers++
}

func (s *nginxServer) notice(format string, args ...any) { s.log("notice", format, args...) }

// levels are those of the error log, the gravest last.
func levels() []string {
	return []string{"debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"}
}

// log writes to the error log what is grave enough for it.
func (s *nginxServer) log(level, format string, args ...any) {
	site := s.site.Load()
	if site == nil || slices.Index(levels(), level) < slices.Index(levels(), site.config.errorLog.level) {
		return
	}
	site.write(site.config.errorLog.path, fmt.Sprintf("%s [%s] %d#%d: %s\n", s.proc.Now().UTC().Format(errorTime), level, s.proc.PID(), s.proc.PID(), fmt.Sprintf(format, args...)))
}

// openLogs opens the files that a configuration logs to.
func (s *nginxServer) openLogs(config *nginxConfig) (map[string]io.WriteCloser, error) {
	logs := map[string]io.WriteCloser{}
	names := []string{config.errorLog.path}
	for _, server := range config.servers {
		names = append(names, server.logPaths()...)
		for _, l := range server.locations {
			names = append(names, l.logPaths()...)
		}
	}
	for _, name := range names {
		if logs[name] != nil {
			continue
		}
		f, err := s.proc.Open(name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			for _, other := range logs {
				other.Close()
			}
			return nil, fmt.Errorf("open() %q failed (%s)", name, errnoText(err))
		}
		logs[name] = f
	}
	return logs, nil
}

// logPaths are the files of a scope's access logs.
func (s *scope) logPaths() []string {
	var names []string
	for _, l := range s.logs {
		names = append(names, path.Clean(l.path))
	}
	return names
}
