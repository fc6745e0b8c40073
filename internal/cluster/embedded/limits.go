package embedded

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	apiserveroptions "k8s.io/apiserver/pkg/server/options"
	"k8s.io/kubernetes/pkg/apis/core"
)

// limits is what a lab may hold. Beyond them the API server refuses to create
// more, and says so, instead of the lab's process growing until the machine kills
// it. They are not ResourceQuotas, which learners would see, and could delete.
type limits struct {
	Pods    int64 `json:"pods"`    // in whatever phase
	Objects int64 `json:"objects"` // all others together, but for events
	Bytes   int64 `json:"bytes"`   // in the store, with what it keeps of the last minutes
}

// defaultLimits are for a laptop: all Pods that fit on three nodes take 0.7 GB.
func defaultLimits() limits {
	return limits{Pods: 3 * maxPods, Objects: 10_000, Bytes: 512 << 20}
}

// storeQuota is when etcd itself accepts no more writes, which ends a lab: the
// last line, for what the limits do not count.
const storeQuota = 2 << 30

// limitsName is the name of the admission plugin, in the API server's metrics.
const limitsName = "LabLimits"

// limitsPlugin refuses what a lab cannot hold, or this machine must not do. It
// looks at the store itself: an informer would lag behind a burst.
type limitsPlugin struct {
	*admission.Handler
	limits  limits
	store   *store
	volumes string // the directory of provisioned volumes
}

var _ admission.ValidationInterface = &limitsPlugin{}

// register adds the plugin to those of the API server.
func (p *limitsPlugin) register(options *apiserveroptions.AdmissionOptions) {
	p.Handler = admission.NewHandler(admission.Create, admission.Update)
	options.Plugins.Register(limitsName, func(io.Reader) (admission.Interface, error) { return p, nil })
	options.RecommendedPluginOrder = append(slices.Clone(options.RecommendedPluginOrder), limitsName)
}

// Validate implements admission.ValidationInterface.
func (p *limitsPlugin) Validate(ctx context.Context, a admission.Attributes, _ admission.ObjectInterfaces) error {
	if volume, ok := a.GetObject().(*core.PersistentVolume); ok {
		if err := p.harmless(volume); err != nil {
			return admission.NewForbidden(a, err)
		}
	}
	if a.GetOperation() != admission.Create || a.GetSubresource() != "" || unlimited(a.GetResource().GroupResource()) {
		return nil
	}
	if err := p.room(ctx, a.GetResource().GroupResource()); err != nil {
		return admission.NewForbidden(a, err)
	}
	return nil
}

// unlimited are the resources that are not stored, and those without which a full
// lab could not be looked at and emptied.
func unlimited(resource schema.GroupResource) bool {
	switch resource.Group {
	case "authentication.k8s.io", "authorization.k8s.io", "coordination.k8s.io", "events.k8s.io":
		return true
	}
	return resource == corev1.Resource("events")
}

// room says what is full.
func (p *limitsPlugin) room(ctx context.Context, resource schema.GroupResource) error {
	if used := p.store.bytes(); used >= p.limits.Bytes {
		return fmt.Errorf("this lab's store holds %d MB, which is its limit: delete what you do not need, and wait for five minutes, in which the store forgets what was deleted", p.limits.Bytes>>20)
	}
	pods, err := p.store.count(ctx, "/registry/pods/")
	if err != nil {
		return err
	}
	if resource == corev1.Resource("pods") {
		if pods >= p.limits.Pods {
			return fmt.Errorf("this lab holds %d Pods, which is its limit: scale something down, or delete Pods that have ended", pods)
		}
		return nil
	}
	all, err := p.store.count(ctx, "/registry/")
	if err != nil {
		return err
	}
	events, err := p.store.count(ctx, "/registry/events/")
	if err != nil {
		return err
	}
	if objects := all - pods - events; objects >= p.limits.Objects {
		return fmt.Errorf("this lab holds %d objects besides Pods and events, which is its limit: delete what you do not need", objects)
	}
	return nil
}

// removable is what the controller manager's hostPath plugin takes for a path that
// it may remove when a volume is released. It means the machine it runs on, which
// here is the learner's.
var removable = regexp.MustCompile("/tmp/.+")

// harmless refuses a volume that would be removed from this machine.
func (p *limitsPlugin) harmless(volume *core.PersistentVolume) error {
	path := volume.Spec.HostPath
	if path == nil || volume.Spec.PersistentVolumeReclaimPolicy != core.PersistentVolumeReclaimDelete ||
		!removable.MatchString(path.Path) || filepath.Dir(path.Path) == p.volumes {
		return nil
	}
	return fmt.Errorf("the data of a hostPath volume below /tmp cannot be deleted here: set persistentVolumeReclaimPolicy to Retain, or claim a volume from a StorageClass")
}
