package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
	"github.com/k8slab/k8slab/internal/cluster/embedded/container/podnet"
	"github.com/k8slab/k8slab/internal/cluster/embedded/storage"
)

// pollEvery is how often a starting cluster is asked whether it is ready: often
// enough that nobody waits for the answer, seldom enough to cost nothing.
const pollEvery = 10 * time.Millisecond

// controlPlane is everything but the nodes, while it is being started.
type controlPlane struct {
	config   processConfig
	progress func(string)
	died     chan error // receives the first component that ended

	pki       *pki
	listener  net.Listener // the API server's
	store     *store
	seeded    bool
	apiServer *apiServer
	network   *podnet.Network
	admin     *kubernetes.Clientset
	client    *rest.Config
	nodes     []nodeConfig
	kubelets  gate                                   // opens when the API server is ready and the nodes are registered
	managers  map[string]func(context.Context) error // the programs beside the API server, put together
}

// startCluster starts all parts in the order of their needs and returns when
// every node is Ready and Pods can be created. A part that ends later reports
// to died.
func startCluster(ctx context.Context, config processConfig, progress func(string)) (died <-chan error, err error) {
	c := &controlPlane{
		config: config, progress: progress, died: make(chan error, 1),
		network: podnet.New(podnet.Options{}), kubelets: newGate(), managers: map[string]func(context.Context) error{},
	}
	for _, step := range []struct {
		phase string
		run   func(context.Context) error
	}{
		{"making certificates", c.makeCertificates},
		{"starting etcd", c.startStore},
		{"starting the API server", c.startAPIServer},
		{"starting nodes, controllers and scheduler", c.startRest},
		{"waiting for nodes", c.waitForNodes},
	} {
		progress(step.phase)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.phase, err)
		}
	}
	if !c.seeded {
		c.keepSeed(ctx)
	}
	return c.died, nil
}

func (c *controlPlane) makeCertificates(context.Context) (err error) {
	if c.pki, err = newPKI(filepath.Join(c.config.dataDir(), "pki")); err != nil {
		return err
	}
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	return c.connect("https://" + c.listener.Addr().String())
}

// startStore starts the store and fills it from the seed, while the API server
// is being put together: that takes as long, for the sake of a key.
func (c *controlPlane) startStore(ctx context.Context) (err error) {
	if c.store, err = newStore(); err != nil {
		return err
	}
	c.store.serveDirectly(ctx)
	var parts errgroup.Group
	parts.Go(func() error { return c.plantSeed(ctx) })
	parts.Go(func() error { return c.startNodes(ctx) })
	parts.Go(func() (err error) {
		c.apiServer, err = newAPIServer(ctx, apiServerConfig{
			pki: c.pki, store: c.store, listener: c.listener,
			limits:   &limitsPlugin{limits: c.config.Limits, store: c.store, volumes: c.config.volumesDir()},
			dialNode: dialKubelet, dialPod: c.dialPod,
		})
		return err
	})
	return parts.Wait()
}

func (c *controlPlane) plantSeed(ctx context.Context) error {
	if err := c.store.waitUntilReady(ctx); err != nil {
		return err
	}
	s, err := readSeed(seedPath(c.config.CacheDir))
	if errors.Is(err, errNoSeed) {
		klog.FromContext(ctx).Info("Starting without a seed, which takes a little longer", "reason", err)
		return nil
	}
	if err != nil {
		return err
	}
	c.seeded = true
	return s.plant(ctx, c.store)
}

// startAPIServer returns when the API server is ready. It is put together on one
// processor; on another one so is everything that will talk to it.
func (c *controlPlane) startAPIServer(ctx context.Context) error {
	var parts errgroup.Group
	parts.Go(func() error { return c.runAPIServer(ctx) })
	parts.Go(func() error { return c.assembleRest(ctx) })
	return parts.Wait()
}

func (c *controlPlane) runAPIServer(ctx context.Context) error {
	run, err := c.apiServer.prepare()
	if err != nil {
		return err
	}
	startComponent(ctx, "kube-apiserver", c.died, run)
	if !c.seeded {
		if err := c.waitForAPIServer(ctx, "/livez/ping"); err != nil {
			return err
		}
		if err := c.waitForNamespaces(ctx); err != nil {
			return err
		}
		if err := bootstrap(ctx, c.admin); err != nil {
			return fmt.Errorf("create the roles that every cluster has: %w", err)
		}
	}
	// Not livez: before its authorizer has seen the policy, the server refuses
	// the scheduler, which then waits for seconds.
	return c.waitForAPIServer(ctx, "/readyz")
}

// assembleRest puts together what runs beside the API server. The kubelets run
// already; their first requests wait at the gate.
func (c *controlPlane) assembleRest(ctx context.Context) (err error) {
	setJobPace(c.config.Pace)
	if c.managers["kube-controller-manager"], err = newControllerManager(ctx, c.pki.path("controller-manager.kubeconfig"), c.pki); err != nil {
		return err
	}
	c.managers["kube-scheduler"], err = newScheduler(ctx, c.pki.path("scheduler.kubeconfig"))
	return err
}

// startRest lets everything talk to the API server.
func (c *controlPlane) startRest(ctx context.Context) error {
	for _, node := range c.nodes {
		if err := node.register(ctx); err != nil {
			return fmt.Errorf("register %s: %w", node.name(), err)
		}
	}
	c.kubelets.open()
	c.managers["storage provisioner"] = func(ctx context.Context) error {
		return storage.Run(ctx, c.admin, c.config.volumesDir())
	}
	for name, run := range c.managers {
		startComponent(ctx, name, c.died, run)
	}
	return nil
}

// dialPod connects the API server's proxy to Pods, and to nothing else: whoever
// may make a Service could reach this machine's network through it.
func (c *controlPlane) dialPod(ctx context.Context, network, addr string) (net.Conn, error) {
	if to, err := netip.ParseAddrPort(addr); err != nil || !podRange().Contains(to.Addr()) {
		return nil, fmt.Errorf("dial %s: not the address of a Pod", addr)
	}
	return c.network.DialContext(ctx, network, addr)
}

// connect writes the kubeconfigs and makes the administrator's client.
func (c *controlPlane) connect(server string) error {
	for _, k := range []struct {
		path string
		id   identity
	}{
		{c.config.kubeconfig(), identity{name: "kubernetes-admin", groups: []string{"system:masters"}}},
		{c.pki.path("controller-manager.kubeconfig"), identity{name: "system:kube-controller-manager", groups: []string{"system:masters"}}},
		{c.pki.path("scheduler.kubeconfig"), identity{name: "system:kube-scheduler"}},
	} {
		pair, err := c.pki.cluster.issue(k.id)
		if err != nil {
			return err
		}
		if err := writeKubeconfig(k.path, server, c.pki.cluster.pem, k.id.name, pair); err != nil {
			return err
		}
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.config.kubeconfig())
	if err != nil {
		return err
	}
	config.QPS = -1
	config.UserAgent = "k8slab"
	c.client = config
	c.admin, err = kubernetes.NewForConfig(config)
	return err
}

func (c *controlPlane) waitForAPIServer(ctx context.Context, endpoint string) error {
	return c.poll(ctx, func(ctx context.Context) (bool, error) {
		var status int
		c.admin.RESTClient().Get().AbsPath(endpoint).Do(ctx).StatusCode(&status)
		return status == http.StatusOK, nil
	})
}

// waitForNamespaces waits for those that the API server makes when it starts,
// and that parts of the policy are in.
func (c *controlPlane) waitForNamespaces(ctx context.Context) error {
	return c.poll(ctx, func(ctx context.Context) (bool, error) {
		namespaces, err := c.admin.CoreV1().Namespaces().List(ctx, metav1.ListOptions{})
		return err == nil && len(namespaces.Items) >= len(systemNamespaces()), nil
	})
}

// systemNamespaces are in every cluster.
func systemNamespaces() []string {
	return []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease}
}

func (c *controlPlane) startNodes(ctx context.Context) error {
	catalogue, err := images.Builtin()
	if err != nil {
		return err
	}
	setContainerLogsDir(filepath.Join(c.config.dataDir(), "containerlogs"))
	for i := 1; i <= c.config.Nodes; i++ {
		node := nodeConfig{
			index: i, volumes: c.config.volumesDir(), pki: c.pki, admin: c.admin, client: rest.CopyConfig(c.client),
			mounts: newMounts(), died: c.died,
		}
		node.client.Dial = c.kubelets.dial
		node.dir = filepath.Join(c.config.dataDir(), node.name())
		if err := node.prepareDirs(); err != nil {
			return err
		}
		node.runtime, err = container.New(container.Options{
			Dir:     filepath.Join(node.dir, "runtime"),
			PodsDir: filepath.Join(node.dir, "pods"), // where the kubelet has the Pods' volumes
			// Each node mounts from the same directory: it depends on the volume
			// whether it may be used on all of them.
			MountRoots: []string{node.volumes, node.hostDir()},
			PodCIDR:    node.podCIDR(), NodeIP: node.address(), NodeName: node.name(),
			Network: c.network, Images: catalogue, Pace: c.config.Pace, InMemory: node.mounts.inMemory,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", node.name(), err)
		}
		if err := startNode(ctx, node); err != nil {
			return fmt.Errorf("%s: %w", node.name(), err)
		}
		c.nodes = append(c.nodes, node)
	}
	return nil
}

// waitForNodes waits until a Pod that is created now runs.
func (c *controlPlane) waitForNodes(ctx context.Context) error {
	return c.poll(ctx, func(ctx context.Context) (bool, error) {
		nodes, err := c.admin.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil || len(nodes.Items) < c.config.Nodes {
			return false, nil
		}
		for i := range nodes.Items {
			if !usable(&nodes.Items[i]) {
				return false, nil
			}
		}
		return c.hasServiceAccount(ctx, metav1.NamespaceDefault), nil
	})
}

func usable(node *corev1.Node) bool {
	if len(node.Spec.Taints) > 0 {
		return false
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (c *controlPlane) hasServiceAccount(ctx context.Context, namespace string) bool {
	_, err := c.admin.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
	return err == nil
}

// keepSeed makes a seed for the next start. One that cannot be kept is no
// reason to have no cluster.
func (c *controlPlane) keepSeed(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err := c.poll(limited, c.bootstrapped)
	if err == nil {
		err = c.harvestInto(limited, seedPath(c.config.CacheDir))
	}
	if err != nil {
		klog.FromContext(ctx).Error(err, "No seed was kept, so that the next start takes longer")
	}
}

func (c *controlPlane) harvestInto(ctx context.Context, path string) error {
	s, err := harvest(ctx, c.store)
	if err != nil {
		return err
	}
	return s.write(path)
}

// bootstrapped reports whether the controllers have done their part of the
// bootstrap: aggregated roles are filled and every namespace has its account.
func (c *controlPlane) bootstrapped(ctx context.Context) (bool, error) {
	for _, name := range []string{"admin", "edit", "view"} {
		role, err := c.admin.RbacV1().ClusterRoles().Get(ctx, name, metav1.GetOptions{})
		if err != nil || len(role.Rules) == 0 {
			return false, nil
		}
	}
	for _, namespace := range systemNamespaces() {
		if !c.hasServiceAccount(ctx, namespace) {
			return false, nil
		}
	}
	return true, nil
}

// poll asks until the answer is yes, and gives up when a component has died.
func (c *controlPlane) poll(ctx context.Context, ask func(context.Context) (bool, error)) error {
	return wait.PollUntilContextCancel(ctx, pollEvery, true, func(ctx context.Context) (bool, error) {
		select {
		case err := <-c.died:
			c.died <- err // for whoever asks next
			return false, err
		default:
			return ask(ctx)
		}
	})
}
