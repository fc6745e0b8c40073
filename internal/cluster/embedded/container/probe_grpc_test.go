package container

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
)

func TestGRPCProbe(t *testing.T) {
	network := podnet.New(podnet.Options{})
	pod, err := network.Join(netip.MustParseAddr("10.244.7.7"))
	if err != nil {
		t.Fatal(err)
	}
	defer pod.Close()
	serve := func(address string, register func(*grpc.Server)) {
		listener, err := pod.Sockets().Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		server := grpc.NewServer()
		register(server)
		go server.Serve(listener)
		t.Cleanup(server.Stop)
	}
	checks := health.NewServer()
	checks.SetServingStatus("sick", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	serve(":50051", func(s *grpc.Server) { grpc_health_v1.RegisterHealthServer(s, checks) })
	serve(":50052", func(*grpc.Server) {})
	sick := "sick"
	p := prober{podIP: "10.244.7.7", timeout: 5 * time.Second, dial: network.DialContext}
	for _, tc := range []struct {
		name    string
		port    int
		service *string
		want    string
		fails   bool
	}{
		{"healthy", 50051, nil, "service healthy", false},
		{"unhealthy", 50051, &sick, `service unhealthy (responded with "NOT_SERVING")`, true},
		{"no health service", 50052, nil, "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ", true},
	} {
		text, err := p.grpc(t.Context(), probeRequest{GRPC: &corev1.GRPCAction{Service: tc.service}, Port: tc.port})
		if !strings.HasPrefix(text, tc.want) || errors.Is(err, errProbeFailed) != tc.fails {
			t.Errorf("%s: %q, %v", tc.name, text, err)
		}
	}
}
