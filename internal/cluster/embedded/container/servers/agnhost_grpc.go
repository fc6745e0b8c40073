package servers

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/spf13/pflag"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// grpcHealth is a server for gRPC probes. Its answer can be changed over HTTP.
type grpcHealth struct {
	grpc_health_v1.UnimplementedHealthServer
	*goProgram
	port, httpPort, delay int
	service               string
	certFile, keyFile     string
	started               time.Time
	forced                atomic.Pointer[bool] // unhealthy or not, whatever the time; nil for neither
}

func grpcHealthCheckingCommand() subcommand {
	h := &grpcHealth{}
	return subcommand{
		name: "grpc-health-checking", short: "Starts a simple grpc health checking endpoint", arity: noArgs,
		flags: func(set *pflag.FlagSet) {
			set.IntVar(&h.port, "port", 5000, "Port number.")
			set.IntVar(&h.httpPort, "http-port", 8080, "Port number for the /make-serving and /make-not-serving.")
			set.IntVar(&h.delay, "delay-unhealthy-sec", -1, "Number of seconds to delay before start reporting NOT_SERVING, negative value indicates never.")
			set.StringVar(&h.service, "service", "", "Service name to register the health check for.")
			set.StringVar(&h.certFile, "tls-cert-file", "", "File containing an x509 certificate for gRPC TLS. (CA cert, if any, concatenated after server cert).")
			set.StringVar(&h.keyFile, "tls-private-key-file", "", "File containing an x509 private key matching --tls-cert-file.")
		},
		run: func(g *goProgram, _ []string) int {
			h.goProgram, h.started = g, g.Now()
			return h.run()
		},
	}
}

func (h *grpcHealth) run() int {
	if (h.certFile == "") != (h.keyFile == "") {
		return h.fatalf("Both --tls-cert-file and --tls-private-key-file must be set")
	}
	h.logf("Http server starting to listen on :%d", h.httpPort)
	if _, err := h.serve(h.httpPort, h.routes()); err != nil {
		return h.fatalf("%v", err)
	}
	if err := h.startGRPC(); err != nil {
		return h.fatalf("Error while starting the listening service %v", err)
	}
	_, code := h.wait()
	return code
}

func (h *grpcHealth) startGRPC() error {
	l, err := h.listen(h.port)
	if err != nil {
		return err
	}
	var options []grpc.ServerOption
	if h.certFile != "" {
		config, err := h.certificate(h.certFile, h.keyFile)
		if err != nil {
			return err
		}
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&config.Certificates[0])))
	}
	server := grpc.NewServer(options...)
	grpc_health_v1.RegisterHealthServer(server, h)
	h.logf("gRPC server starting to listen on :%d", h.port)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l) // ends with the program
	}()
	h.closers = append(h.closers, func() {
		server.Stop()
		<-served
	})
	return nil
}

func (h *grpcHealth) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/make-not-serving", func(w http.ResponseWriter, _ *http.Request) { h.force(w, true, "unhealthy") })
	mux.HandleFunc("/make-serving", func(w http.ResponseWriter, _ *http.Request) { h.force(w, false, "healthy") })
	return mux
}

func (h *grpcHealth) force(w http.ResponseWriter, unhealthy bool, word string) {
	h.logf("Mark as %s", word)
	h.forced.Store(&unhealthy)
	fmt.Fprint(w, h.Now().Sub(h.started))
}

// Check answers a probe.
func (h *grpcHealth) Check(_ context.Context, request *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	h.logf("Serving the Check request for health check, started at %v", h.started)
	if request.GetService() != h.service {
		return nil, status.Errorf(codes.NotFound, "unknown service")
	}
	forced := h.forced.Load()
	late := h.delay >= 0 && h.Now().Sub(h.started) >= time.Duration(h.delay)*time.Second
	if forced != nil && *forced || late {
		return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_NOT_SERVING}, nil
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}
