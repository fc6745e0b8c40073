package recorder

import (
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// eventOf makes the event of an object's version, without most of its managedFields.
func eventOf(t watch.EventType, kind string, object *unstructured.Unstructured) (*timeline.Event, error) {
	version, err := parseVersion(object.GetResourceVersion())
	if err != nil {
		return nil, fmt.Errorf("%s %s/%s: %w", kind, object.GetNamespace(), object.GetName(), err)
	}
	trimManagedFields(object)
	raw, err := object.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("%s %s/%s: %w", kind, object.GetNamespace(), object.GetName(), err)
	}
	return &timeline.Event{
		Type: t, Kind: kind,
		Namespace: object.GetNamespace(), Name: object.GetName(), UID: object.GetUID(),
		ResourceVersion: version, Object: raw,
	}, nil
}

// parseVersion reads a resourceVersion, which on etcd is a number that all objects share.
func parseVersion(version string) (uint64, error) {
	n, err := strconv.ParseUint(version, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("resourceVersion %q is not a number above 0", version)
	}
	return n, nil
}

// trimManagedFields keeps who wrote and when, and drops what: that is half of an
// object's size, and the versions themselves tell it.
func trimManagedFields(object *unstructured.Unstructured) {
	fields, found, err := unstructured.NestedFieldNoCopy(object.Object, "metadata", "managedFields")
	list, ok := fields.([]any)
	if err != nil || !found || !ok {
		return
	}
	for _, entry := range list {
		if m, ok := entry.(map[string]any); ok {
			delete(m, "fieldsV1")
			delete(m, "fieldsType")
			delete(m, "apiVersion")
		}
	}
}
