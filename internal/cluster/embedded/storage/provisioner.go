// Package storage makes the volumes that PersistentVolumeClaims ask for: a
// directory each, below one directory of the lab.
//
// Run is the provisioner, Classes are the StorageClasses that offer it. Where a
// volume can be used follows from its class: with WaitForFirstConsumer it stays
// on the node of its first Pod, as the volumes of kind's local-path provisioner
// do, though all nodes could reach it; bound at once, it is reachable from every
// node, as a file server is. Events have the texts of the provisioners that
// people meet elsewhere.
//
// Nothing is ever read from or removed at a path that a volume names: only the
// entry of the lab's directory that has the volume's own name.
//
// Deliberately absent: the size that was asked for is recorded, not enforced
// (what a container may write is bounded in package files); growing a claim,
// which the API server refuses for these classes; snapshots, clones and block
// devices; surviving the cluster.
package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// How long to wait until something is tried again that went wrong: often a full
// disk, which somebody has to see first.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// provisioner works one object at a time: making a directory takes no time.
type provisioner struct {
	client   kubernetes.Interface
	dir      string
	root     *os.Root // dir
	claims   corelisters.PersistentVolumeClaimLister
	volumes  corelisters.PersistentVolumeLister
	recorder record.EventRecorder
	queue    workqueue.TypedRateLimitingInterface[cache.ObjectName] // a volume has no namespace
}

// Run makes and removes volumes below dir, which is made, until ctx ends. It
// returns early only if it cannot begin.
func Run(ctx context.Context, client kubernetes.Interface, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	events := record.NewBroadcaster(record.WithContext(ctx))
	events.StartRecordingToSink(&typedcorev1.EventSinkImpl{Interface: client.CoreV1().Events("")})
	p := &provisioner{
		client: client, dir: dir, root: root,
		recorder: events.NewRecorder(scheme.Scheme, corev1.EventSource{Component: ProvisionerName}),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[cache.ObjectName](firstRetry, lastRetry)),
	}
	defer p.queue.ShutDown()
	if err := p.watch(ctx); err != nil {
		return err
	}
	go p.work(ctx)
	<-ctx.Done()
	return ctx.Err()
}

// watch starts to fill the queue.
func (p *provisioner) watch(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(p.client, 0)
	core := factory.Core().V1()
	p.claims, p.volumes = core.PersistentVolumeClaims().Lister(), core.PersistentVolumes().Lister()
	enqueue := cache.ResourceEventHandlerFuncs{
		AddFunc:    p.enqueue,
		UpdateFunc: func(_, object any) { p.enqueue(object) },
	}
	if _, err := core.PersistentVolumeClaims().Informer().AddEventHandler(enqueue); err != nil {
		return err
	}
	enqueue.DeleteFunc = func(object any) { p.forget(ctx, object) }
	if _, err := core.PersistentVolumes().Informer().AddEventHandler(enqueue); err != nil {
		return err
	}
	factory.StartWithContext(ctx)
	return factory.WaitForCacheSyncWithContext(ctx).AsError()
}

func (p *provisioner) enqueue(object any) {
	if name, err := cache.ObjectToName(object); err == nil {
		p.queue.Add(name)
	}
}

func (p *provisioner) work(ctx context.Context) {
	for {
		name, ended := p.queue.Get()
		if ended {
			return
		}
		if err := p.sync(ctx, name); err != nil {
			klog.FromContext(ctx).Error(err, "A volume is tried again later", "object", name)
			p.queue.AddRateLimited(name)
		} else {
			p.queue.Forget(name)
		}
		p.queue.Done(name)
	}
}

func (p *provisioner) sync(ctx context.Context, name cache.ObjectName) error {
	if name.Namespace == "" {
		volume, err := p.volumes.Get(name.Name)
		if err != nil || !p.reclaimable(volume) {
			return ignoreNotFound(err)
		}
		return p.report(volume, "VolumeFailedDelete", p.reclaim(ctx, volume))
	}
	claim, err := p.claims.PersistentVolumeClaims(name.Namespace).Get(name.Name)
	if err != nil || !addressed(claim) {
		return ignoreNotFound(err)
	}
	class, err := p.client.StorageV1().StorageClasses().Get(ctx, *claim.Spec.StorageClassName, metav1.GetOptions{})
	if err != nil || !due(claim, class) {
		return err
	}
	if err := p.provision(ctx, claim, class); err != nil {
		return p.report(claim, "ProvisioningFailed", fmt.Errorf("Failed to provision volume with StorageClass %q: %w", class.Name, err)) //nolint:staticcheck // the text of Kubernetes' event
	}
	return nil
}

// report shows an error to whoever describes the object. It returns the error if
// trying again could help.
func (p *provisioner) report(object runtime.Object, reason string, err error) error {
	if err == nil {
		return nil
	}
	p.recorder.Event(object, corev1.EventTypeWarning, reason, err.Error())
	if _, hopeless := errors.AsType[refusal](err); hopeless {
		return nil
	}
	return err
}

// addressed reports whether a claim waits for a volume from here.
func addressed(claim *corev1.PersistentVolumeClaim) bool {
	return claim.Spec.VolumeName == "" && claim.DeletionTimestamp == nil &&
		claim.Spec.StorageClassName != nil && claim.Annotations[annotationProvisioner] == ProvisionerName
}

// due reports whether the volume is to be made now, not when the claim's first
// Pod has a node.
func due(claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) bool {
	return class.Provisioner == ProvisionerName &&
		(*class.VolumeBindingMode == storagev1.VolumeBindingImmediate || claim.Annotations[annotationSelectedNode] != "")
}

// provision makes the directory first: a volume that is there can be used.
func (p *provisioner) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim, class *storagev1.StorageClass) error {
	p.recorder.Eventf(claim, corev1.EventTypeNormal, "Provisioning", "External provisioner is provisioning volume for claim %q", klog.KObj(claim).String())
	volume, err := newVolume(p.dir, claim, class)
	if err != nil {
		return err
	}
	if err := p.root.MkdirAll(volume.Name, 0o777); err != nil {
		return err
	}
	_, err = p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil // the claim that we saw was older than our last answer to it
	}
	if err != nil {
		return err // with the directory kept: the answer may be lost, and the volume in use
	}
	p.recorder.Eventf(claim, corev1.EventTypeNormal, "ProvisioningSucceeded", "Successfully provisioned volume %s", volume.Name)
	return nil
}

// made reports whether a volume is one from here, whatever its annotations say.
func (p *provisioner) made(volume *corev1.PersistentVolume) bool {
	return volume.Annotations[annotationProvisionedBy] == ProvisionerName &&
		volume.Spec.HostPath != nil && volume.Spec.HostPath.Path == filepath.Join(p.dir, volume.Name)
}

func (p *provisioner) reclaimable(volume *corev1.PersistentVolume) bool {
	return p.made(volume) && volume.Spec.PersistentVolumeReclaimPolicy == corev1.PersistentVolumeReclaimDelete &&
		volume.Status.Phase == corev1.VolumeReleased && volume.DeletionTimestamp == nil
}

func (p *provisioner) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	if err := p.root.RemoveAll(volume.Name); err != nil {
		return err
	}
	return ignoreNotFound(p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name,
		metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(volume.UID))}))
}

// forget removes the data of a volume that somebody deleted before it was
// released, which its policy promises as well.
func (p *provisioner) forget(ctx context.Context, object any) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	volume, ok := object.(*corev1.PersistentVolume)
	if !ok || !p.made(volume) || volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return
	}
	if err := p.root.RemoveAll(volume.Name); err != nil {
		klog.FromContext(ctx).Error(err, "The data of a deleted volume stays", "volume", volume.Name)
	}
}

func ignoreNotFound(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
