package embedded

import (
	"context"

	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	controlleroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	"k8s.io/kubernetes/cmd/kube-controller-manager/names"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// newControllerManager assembles all controllers that are on by default.
func newControllerManager(ctx context.Context, kubeconfig string, p *pki) (run func(context.Context) error, err error) {
	options, err := controlleroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return nil, err
	}
	known, off, aliases := controllermanager.KnownControllers(), controllermanager.ControllersDisabledByDefault(), controllermanager.ControllerAliases()
	if err := parseFlags("kube-controller-manager", options.Flags(known, off, aliases), []string{
		"--kubeconfig=" + kubeconfig,
		// Losing a lease calls os.Exit; there is nobody to lose it to.
		"--leader-elect=false",
		"--secure-port=0",
		// Service account credentials for every controller cost thirty token
		// requests at each start; its certificate is in system:masters instead.
		"--use-service-account-credentials=false",
		"--service-account-private-key-file=" + p.path("sa.key"),
		"--root-ca-file=" + p.path("ca.crt"),
		"--allocate-node-cidrs=false",
		// The kubelets attach volumes themselves, of which there are none here that
		// need it; the controller would look ten times a second.
		"--controllers=*,-" + names.PersistentVolumeAttachDetachController,
		// It is made, and what is in it is run; the default is a directory of the host.
		"--flex-volume-plugin-dir=flexvolumes",
		"--kube-api-qps=1000", "--kube-api-burst=2000",
		"--controller-shutdown-timeout=1s",
	}); err != nil {
		return nil, err
	}
	config, err := options.Config(ctx, known, off, aliases)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return controllermanager.Run(ctx, config.Complete()) }, nil
}

// newScheduler assembles the default scheduler.
func newScheduler(ctx context.Context, kubeconfig string) (run func(context.Context) error, err error) {
	options := scheduleroptions.NewOptions()
	if err := parseFlags("kube-scheduler", *options.Flags, []string{
		"--kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=1000", "--kube-api-burst=2000",
	}); err != nil {
		return nil, err
	}
	config, sched, err := scheduler.Setup(ctx, options)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return scheduler.Run(ctx, config, sched) }, nil
}
