package recorder

import (
	"encoding/json"
	"fmt"
	"strconv"

	"k8s.io/apimachinery/pkg/api/equality"
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

// same reports that two versions of an object differ in nothing but what a heartbeat
// changes: the version, who wrote, and the times at which conditions were said again.
func same(a, b []byte) bool {
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	stripHeartbeat(x)
	stripHeartbeat(y)
	return equality.Semantic.DeepEqual(x, y)
}

func stripHeartbeat(object map[string]any) {
	unstructured.RemoveNestedField(object, "metadata", "resourceVersion")
	unstructured.RemoveNestedField(object, "metadata", "managedFields")
	conditions, _, _ := unstructured.NestedFieldNoCopy(object, "status", "conditions")
	list, _ := conditions.([]any)
	for _, c := range list {
		if condition, ok := c.(map[string]any); ok {
			delete(condition, "lastHeartbeatTime")
		}
	}
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
