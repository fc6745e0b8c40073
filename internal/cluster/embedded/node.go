package embedded

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	nooptrace "go.opentelemetry.io/otel/trace/noop"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"
	kubeletapp "k8s.io/kubernetes/cmd/kubelet/app"
	kubeletoptions "k8s.io/kubernetes/cmd/kubelet/app/options"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/kubelet"
	kubeletconfig "k8s.io/kubernetes/pkg/kubelet/apis/config"
	"k8s.io/kubernetes/pkg/kubelet/cm"
	podconfig "k8s.io/kubernetes/pkg/kubelet/config"
	kubeletserver "k8s.io/kubernetes/pkg/kubelet/server"
	"k8s.io/kubernetes/pkg/kubelet/server/stats"
	kubeletutil "k8s.io/kubernetes/pkg/kubelet/util"
	"k8s.io/kubernetes/pkg/util/oom"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/downwardapi"
	"k8s.io/kubernetes/pkg/volume/emptydir"
	"k8s.io/kubernetes/pkg/volume/hostpath"
	"k8s.io/kubernetes/pkg/volume/local"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/pkg/volume/util/hostutil"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
)

// nodeConfig is what one node needs from the rest of the cluster.
type nodeConfig struct {
	index   int // from 1; it decides the name and all addresses
	dir     string
	volumes string // the directory of provisioned volumes, the same for all nodes
	pki     *pki
	admin   *kubernetes.Clientset
	client  *rest.Config // reaches the API server; the node adds its own certificate
	runtime *container.Runtime
	mounts  *mounts
	died    chan<- error // see startComponent
}

func (c nodeConfig) name() string { return fmt.Sprintf("node-%d", c.index) }

func (c nodeConfig) address() netip.Addr {
	return netip.AddrFrom4([4]byte{172, 30, 0, byte(10 + c.index)})
}

// podRange holds the addresses of all Pods, of which each node has a part.
func podRange() netip.Prefix { return netip.MustParsePrefix("10.244.0.0/16") }

// podCIDR has addresses for twice maxPods, so that none is reused soon.
func (c nodeConfig) podCIDR() netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 244, byte(c.index * 4), 0}), 22)
}

// maxPods of a node: 1,000 Pods fit on three, beside those that are ending. The
// kubelet's default, 110, is for machines.
const maxPods = 400

// startNode starts the real kubelet of a node that is to be registered before
// the kubelet's requests are let through. Nodes are started one after another: a
// kubelet registers metrics that only one at a time may own (see hostUtil).
//
// The context ends with the process. No kubelet can be stopped: its informers
// run for ever.
func startNode(ctx context.Context, c nodeConfig) error {
	ctx = klog.NewContext(ctx, klog.FromContext(ctx).WithName(c.name()))
	serving, err := c.pki.cluster.issue(identity{
		name: "system:node:" + c.name(), groups: []string{"system:nodes"},
		dns: []string{c.name()}, ips: []net.IP{c.address().AsSlice()},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	config, err := c.kubeletConfiguration(listener.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return err
	}
	clients, err := c.clients(serving)
	if err != nil {
		return err
	}
	shared := make(chan struct{})
	k, deps, err := c.newKubelet(ctx, config, clients, hostUtil{hostutil.NewHostUtil(), func() { close(shared) }})
	if err != nil {
		return fmt.Errorf("make the kubelet: %w", err)
	}
	if err := c.runKubelet(ctx, k, deps, config, listener, serving); err != nil {
		return err
	}
	select {
	case <-shared: // it owns no metrics any more
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// register makes the Node object before the kubelet does, because its
// addresses are made up: a kubelet with an external cloud provider keeps the
// addresses that it finds, and looks for no others.
func (c nodeConfig) register(ctx context.Context) error {
	_, err := c.admin.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: c.name()},
		Spec:       corev1.NodeSpec{PodCIDR: c.podCIDR().String(), PodCIDRs: []string{c.podCIDR().String()}, ProviderID: c.providerID()},
		Status: corev1.NodeStatus{Addresses: []corev1.NodeAddress{
			{Type: corev1.NodeInternalIP, Address: c.address().String()},
			{Type: corev1.NodeHostName, Address: c.name()},
		}},
	}, metav1.CreateOptions{})
	return err
}

func (c nodeConfig) providerID() string { return "k8slab://" + c.name() }

func (c nodeConfig) kubeletConfiguration(port int) (*kubeletconfig.KubeletConfiguration, error) {
	config, err := kubeletoptions.NewKubeletConfiguration()
	if err != nil {
		return nil, err
	}
	config.Port = int32(port)
	config.EnableServer = false // we serve it on our own listener
	config.PodLogsDir = filepath.Join(c.dir, "podlogs")
	config.ClusterDomain = "cluster.local"
	config.ClusterDNS = []string{"10.96.0.10"}
	config.ResolverConfig = ""

	// There are no cgroups, no iptables and no swap here: containers are simulated.
	config.CgroupsPerQOS = false
	config.EnforceNodeAllocatable = []string{}
	config.MakeIPTablesUtilChains = false
	config.FailSwapOn = false
	config.EvictionHard = map[string]string{}
	config.EnableControllerAttachDetach = false
	config.ShutdownGracePeriod.Duration = 0

	config.MaxPods = maxPods
	config.SerializeImagePulls = false
	config.ConfigMapAndSecretChangeDetectionStrategy = kubeletconfig.WatchChangeDetectionStrategy
	config.Authentication.X509.ClientCAFile = c.pki.path("ca.crt")
	config.Authentication.Anonymous.Enabled = false
	config.Authentication.Webhook.Enabled = false
	config.Authorization.Mode = kubeletconfig.KubeletAuthorizationModeAlwaysAllow
	return config, nil
}

// nodeClients are the kubelet's two connections: heartbeats must not wait
// behind its other requests.
type nodeClients struct{ requests, heartbeats *kubernetes.Clientset }

func (c nodeConfig) clients(serving keyPair) (nodeClients, error) {
	config := rest.CopyConfig(c.client)
	config.CertData, config.KeyData = serving.cert, serving.key
	config.CertFile, config.KeyFile = "", ""
	config.QPS = -1
	config.UserAgent = "kubelet"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	requests, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nodeClients{}, err
	}
	config = rest.CopyConfig(config)
	config.Timeout = 10 * time.Second // the kubelet's default status update frequency
	heartbeats, err := kubernetes.NewForConfig(config)
	return nodeClients{requests, heartbeats}, err
}

func (c nodeConfig) newKubelet(ctx context.Context, config *kubeletconfig.KubeletConfiguration, clients nodeClients, host hostUtil) (*kubelet.Kubelet, *kubelet.Dependencies, error) {
	events := record.NewBroadcaster(record.WithContext(ctx))
	recorder := events.NewRecorder(legacyscheme.Scheme, corev1.EventSource{Component: "kubelet", Host: c.name()})
	events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: clients.requests.CoreV1().Events("")})

	deps := &kubelet.Dependencies{
		KubeClient:                clients.requests,
		HeartbeatClient:           clients.heartbeats,
		EventClient:               clients.requests.CoreV1(),
		RemoteRuntimeService:      c.runtime,
		RemoteImageService:        c.runtime.Images(),
		CAdvisorInterface:         machine{name: c.name()},
		ContainerManager:          noCgroups{cm.NewStubContainerManager()},
		OOMAdjuster:               oom.NewFakeOOMAdjuster(),
		Mounter:                   c.mounts,
		OSInterface:               hostOS{},
		Subpather:                 subPaths{within: []string{c.dir, c.volumes}},
		HostUtil:                  host,
		VolumePlugins:             c.volumePlugins(),
		PodStartupLatencyTracker:  kubeletutil.NewPodStartupLatencyTracker(),
		NodeStartupLatencyTracker: kubeletutil.NewNodeStartupLatencyTracker(),
	}
	withoutOOMWatcher(deps, recorder, nooptrace.NewTracerProvider())
	deps.PodConfig = podconfig.NewPodConfig(recorder, deps.PodStartupLatencyTracker)
	c.watchPods(ctx, deps.PodConfig, clients.requests)

	flags := kubeletoptions.NewKubeletFlags()
	k, err := kubelet.NewMainKubelet(ctx, config, deps, &flags.ContainerRuntimeOptions,
		c.name(), types.NodeName(c.name()), nil, c.providerID(), "external",
		filepath.Join(c.dir, "pki"), c.dir, config.PodLogsDir, "", "",
		true, nil, nil, "", false, false,
		flags.MinimumGCAge, flags.MaxPerPodContainerCount, flags.MaxContainerCount,
		map[string]string{}, config.NodeStatusMaxImages, false)
	return k, deps, err
}

func (c nodeConfig) runKubelet(ctx context.Context, k *kubelet.Kubelet, deps *kubelet.Dependencies, config *kubeletconfig.KubeletConfiguration, listener net.Listener, serving keyPair) error {
	auth, watchCA, err := kubeletapp.BuildAuth(types.NodeName(c.name()), deps.KubeClient, *config)
	if err != nil {
		return err
	}
	watchCA(ctx.Done())
	certificate, err := tls.X509KeyPair(serving.cert, serving.key)
	if err != nil {
		return err
	}
	clientCAs := x509.NewCertPool()
	clientCAs.AddCert(c.pki.cluster.cert)

	k.BirthCry()
	k.StartGarbageCollection(ctx)
	go k.Run(ctx, deps.PodConfig.Updates())

	api := kubeletserver.NewServer(ctx, k, stats.NewResourceAnalyzer(ctx, k, time.Minute, deps.Recorder), nil, nil, auth, config)
	server := &http.Server{
		Handler:           &api,
		ReadHeaderTimeout: 32 * time.Second, // as the kubelet's own server has it
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			ClientAuth:   tls.RequireAndVerifyClientCert,
			ClientCAs:    clientCAs,
			MinVersion:   tls.VersionTLS12,
		},
	}
	startComponent(ctx, "the kubelet's API on "+c.name(), c.died, func(context.Context) error {
		return server.ServeTLS(listener, "", "")
	})
	return nil
}

// dialKubelet connects to the kubelet that listens on the port of addr,
// whatever address the Node object has.
func dialKubelet(ctx context.Context, network, addr string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

func (c nodeConfig) volumePlugins() []volume.VolumePlugin {
	var plugins []volume.VolumePlugin
	plugins = append(plugins, emptydir.ProbeVolumePlugins()...)
	plugins = append(plugins, secret.ProbeVolumePlugins()...)
	plugins = append(plugins, configmap.ProbeVolumePlugins()...)
	plugins = append(plugins, downwardapi.ProbeVolumePlugins()...)
	plugins = append(plugins, projected.ProbeVolumePlugins()...)
	for _, plugin := range hostpath.ProbeVolumePlugins(volume.VolumeConfig{}) {
		plugins = append(plugins, hostPaths{plugin.(volume.PersistentVolumePlugin), c.filesDir(), c.volumes})
	}
	for _, plugin := range local.ProbeVolumePlugins() {
		plugins = append(plugins, localPaths{plugin.(volume.PersistentVolumePlugin)})
	}
	return plugins
}

// hostDir has nothing in it but filesDir, so that a Pod may mount all of that.
func (c nodeConfig) hostDir() string { return filepath.Join(c.dir, "host") }

// filesDir is "/" of the node, for hostPath volumes.
func (c nodeConfig) filesDir() string { return filepath.Join(c.hostDir(), "root") }

// prepareDirs makes the directories of a node.
func (c nodeConfig) prepareDirs() error {
	for _, dir := range []string{filepath.Join(c.dir, "podlogs"), c.filesDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}
