package container

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// grpc is a probe that asks a health service (pkg/probe/grpc, with its texts).
func (p prober) grpc(ctx context.Context, request probeRequest) (string, error) {
	ctx, cancel := p.limit(ctx)
	defer cancel()
	at := net.JoinHostPort(p.podIP, strconv.Itoa(request.Port))
	//nolint:staticcheck // the kubelet waits for the connection in the same way, and its texts follow from that
	conn, err := grpc.DialContext(ctx, at,
		grpc.WithUserAgent("kube-probe/"+kubeletVersion),
		grpc.WithBlock(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			return p.dial(ctx, "tcp", address)
		}))
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("timeout: failed to connect service %q within %v: %+v", at, p.timeout, err), errProbeFailed
	}
	if err != nil {
		return fmt.Sprintf("error: failed to connect service at %q: %+v", at, err), errProbeFailed
	}
	defer conn.Close()
	service := ""
	if request.GRPC.Service != nil {
		service = *request.GRPC.Service
	}
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	if err != nil {
		return p.grpcError(err), errProbeFailed
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return fmt.Sprintf("service unhealthy (responded with %q)", answer.GetStatus().String()), errProbeFailed
	}
	return "service healthy", nil
}

func (p prober) grpcError(err error) string {
	switch status.Code(err) {
	case codes.Unimplemented:
		return "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + status.Convert(err).Message()
	case codes.DeadlineExceeded:
		return fmt.Sprintf("timeout: health rpc did not complete within %v", p.timeout)
	}
	return fmt.Sprintf("error: health rpc probe failed: %+v", err)
}
