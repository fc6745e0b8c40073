package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/pflag"
	apiextensionsopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/egressselector"
	cliflag "k8s.io/component-base/cli/flag"
	aggregatoropenapi "k8s.io/kube-aggregator/pkg/generated/openapi"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	apiserveroptions "k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

const (
	serviceCIDR    = "10.96.0.0/16" // of ClusterIPs, kubeadm's default
	apiServiceIP   = "10.96.0.1"    // of the Service "kubernetes", the first of serviceCIDR
	frontProxyName = "front-proxy-client"
)

// dialFunc connects to an address of the cluster that this machine's network
// does not know.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// apiServerConfig is what the API server needs from the rest of the cluster.
type apiServerConfig struct {
	pki      *pki
	store    *store
	limits   *limitsPlugin
	listener net.Listener // on loopback; the server closes it
	dialNode dialFunc     // to the kubelets' API, for logs and exec
	dialPod  dialFunc     // to Pods, for the Pod and Service proxy
}

// apiServer is an API server that is put together but not running.
type apiServer struct{ config *apiserver.Config }

// newAPIServer does the part of the assembly that needs no store yet. The order
// of the calls, here and in prepare, is that of kube-apiserver's own Run, without
// its signal handlers.
func newAPIServer(ctx context.Context, c apiServerConfig) (*apiServer, error) {
	options := apiserveroptions.NewServerRunOptions()
	if err := parseFlags("kube-apiserver", options.Flags(), c.flags()); err != nil {
		return nil, err
	}
	options.SecureServing.Listener = c.listener
	c.limits.register(options.Admission.GenericAdmission)
	if err := options.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return nil, err
	}
	completed, err := options.Complete(ctx)
	if err != nil {
		return nil, err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	config, err := apiserver.NewConfig(completed)
	if err != nil {
		return nil, err
	}
	// Node addresses are made up: only the port says which kubelet is meant.
	config.KubeAPIs.Extra.KubeletClientConfig.Lookup = func(egressselector.NetworkContext) (utilnet.DialFunc, error) {
		return utilnet.DialFunc(c.dialNode), nil
	}
	config.KubeAPIs.ControlPlane.ProxyTransport.DialContext = c.dialPod
	// What they make comes from the seed or from bootstrap: each of these hooks
	// sleeps for a second first, and one makes 130 requests then.
	config.KubeAPIs.ControlPlane.Generic.DisabledPostStartHooks.Insert(
		"rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes")
	return &apiServer{config}, nil
}

// prepare assembles the rest, which reads the store.
func (s *apiServer) prepare() (run func(context.Context) error, err error) {
	serveOpenAPI := deferOpenAPI(s.config.KubeAPIs.ControlPlane.Generic)
	onlyDefinitions(&s.config.ApiExtensions.GenericConfig.Config, apiextensionsopenapi.GetOpenAPIDefinitions)
	onlyDefinitions(&s.config.Aggregator.GenericConfig.Config, aggregatoropenapi.GetOpenAPIDefinitions)
	complete, err := s.config.Complete()
	if err != nil {
		return nil, err
	}
	chain, err := apiserver.CreateServerChain(complete)
	if err != nil {
		return nil, err
	}
	builtin, ok := chain.GenericAPIServer.NextDelegate().(*genericapiserver.GenericAPIServer)
	if !ok {
		return nil, fmt.Errorf("the aggregator delegates to a %T", chain.GenericAPIServer.NextDelegate())
	}
	serveOpenAPI(builtin)
	prepared, err := chain.PrepareRun()
	if err != nil {
		return nil, err
	}
	return prepared.Run, nil
}

func (c apiServerConfig) flags() []string {
	p := c.pki
	return []string{
		"--etcd-servers=" + c.store.url,
		"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.listener.Addr().(*net.TCPAddr).Port),
		"--tls-cert-file=" + p.path("apiserver.crt"),
		"--tls-private-key-file=" + p.path("apiserver.key"),
		"--client-ca-file=" + p.path("ca.crt"),
		"--requestheader-client-ca-file=" + p.path("front-proxy-ca.crt"),
		"--requestheader-allowed-names=" + frontProxyName,
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + p.path("front-proxy-client.crt"),
		"--proxy-client-key-file=" + p.path("front-proxy-client.key"),
		"--kubelet-client-certificate=" + p.path("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + p.path("apiserver-kubelet-client.key"),
		"--kubelet-certificate-authority=" + p.path("ca.crt"),
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + p.path("sa.key"),
		"--service-account-signing-key-file=" + p.path("sa.key"),
		"--service-cluster-ip-range=" + serviceCIDR,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
		// One server: nobody has to agree on the endpoints of "kubernetes".
		"--endpoint-reconciler-type=none",
		"--shutdown-delay-duration=0s",
		"--profiling=false",
	}
}

// parseFlags gives a component its command line; the flags are its documented
// interface, its option structs are not.
func parseFlags(component string, sets cliflag.NamedFlagSets, args []string) error {
	flags := pflag.NewFlagSet(component, pflag.ContinueOnError)
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	return flags.Parse(args)
}
