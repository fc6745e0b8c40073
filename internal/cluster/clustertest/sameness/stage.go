package sameness

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/jsonpath"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// stage is the namespace in which a story is played, while it is recorded.
type stage struct {
	t         *testing.T
	client    dynamic.Interface
	namespace string
	recorder  *recorder.Recorder
	began     int // entries of the timeline when something was done last
	seen      int // entries up to what was waited for last
}

var (
	namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	pods       = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

// newStage makes a namespace, and waits for what Pods in it need: without it some are
// refused, and others say that they wait for it.
func newStage(t *testing.T, client dynamic.Interface) *stage {
	t.Helper()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"generateName": "sameness-"},
	}}
	ns, err := client.Resource(namespaces).Create(t.Context(), object, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, client: client, namespace: ns.GetName()}
	t.Cleanup(s.remove)
	for resource, name := range map[string]string{"serviceaccounts": "default", "configmaps": "kube-root-ca.crt"} {
		needed := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: resource}).Namespace(s.namespace)
		s.poll(t.Context(), func(ctx context.Context) (bool, error) {
			_, err := needed.Get(ctx, name, metav1.GetOptions{})
			return err == nil, nil
		})
	}
	return s
}

// remove removes the namespace and waits until nothing of it is left.
func (s *stage) remove() {
	ctx := context.Background()
	now := metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}
	if err := s.client.Resource(namespaces).Delete(ctx, s.namespace, metav1.DeleteOptions{}); err != nil {
		s.t.Error(err)
	}
	s.poll(ctx, func(ctx context.Context) (bool, error) {
		// Controllers may make other Pods until they are gone themselves.
		_ = s.client.Resource(pods).Namespace(s.namespace).DeleteCollection(ctx, now, metav1.ListOptions{})
		_, err := s.client.Resource(namespaces).Get(ctx, s.namespace, metav1.GetOptions{})
		return err != nil, nil
	})
}

func (s *stage) poll(ctx context.Context, holds wait.ConditionWithContextFunc) {
	s.t.Helper()
	if err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, stepLimit, true, holds); err != nil {
		s.t.Error(err)
	}
}

// do does a step.
func (s *stage) do(step Step) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), stepLimit)
	defer cancel()
	switch step.Verb {
	case "settle":
		return s.recorder.WaitSettled(ctx, quiet)
	case "wait":
		return s.wait(ctx, step, s.began)
	case "then":
		return s.wait(ctx, step, s.seen)
	default:
		return s.change(ctx, step)
	}
}

// change does what changes something, after a mark.
func (s *stage) change(ctx context.Context, step Step) error {
	if err := s.recorder.Mark(ctx, timeline.Mark{Type: timeline.MarkStep, Name: step.String()}); err != nil {
		return err
	}
	s.began = len(s.recorder.Timeline().Entries())
	switch step.Verb {
	case "patch":
		return s.patch(ctx, step)
	case "delete":
		return s.delete(ctx, step)
	default:
		return s.apply(ctx, step.Body)
	}
}

func (s *stage) apply(ctx context.Context, stream string) error {
	documents := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(stream), 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := documents.Decode(&object.Object); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		plural, _ := meta.UnsafeGuessKindToResource(object.GroupVersionKind())
		_, err := s.client.Resource(plural).Namespace(s.namespace).
			Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: "sameness", Force: true})
		if err != nil {
			return err
		}
	}
}

func (s *stage) patch(ctx context.Context, step Step) error {
	patch, err := yaml.YAMLToJSON([]byte(step.Body))
	if err != nil {
		return err
	}
	resource, name, err := s.find(ctx, step.Target)
	if err != nil {
		return err
	}
	_, err = resource.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "sameness"})
	return err
}

func (s *stage) delete(ctx context.Context, step Step) error {
	resource, name, err := s.find(ctx, step.Target)
	if err != nil {
		return err
	}
	return resource.Delete(ctx, name, metav1.DeleteOptions{})
}

// find returns which object a target means.
func (s *stage) find(ctx context.Context, target string) (dynamic.ResourceInterface, string, error) {
	kind, name, _ := strings.Cut(target, "/")
	i := slices.IndexFunc(recorder.DefaultKinds(), func(k recorder.Kind) bool { return strings.EqualFold(k.Name, kind) })
	if i < 0 {
		return nil, "", fmt.Errorf("no kind %q is recorded", kind)
	}
	resource := s.client.Resource(recorder.DefaultKinds()[i].Resource).Namespace(s.namespace)
	if !strings.Contains(name, "=") {
		return resource, name, nil
	}
	list, err := resource.List(ctx, metav1.ListOptions{LabelSelector: name})
	if err != nil {
		return nil, "", err
	}
	if len(list.Items) == 0 {
		return nil, "", fmt.Errorf("there is no %s with %s", kind, name)
	}
	first := slices.MinFunc(list.Items, func(a, b unstructured.Unstructured) int {
		return cmp.Or(a.GetCreationTimestamp().Compare(b.GetCreationTimestamp().Time), cmp.Compare(a.GetName(), b.GetName()))
	})
	return resource, first.GetName(), nil
}

// wait waits until a version of an object that was recorded after so many entries has what
// is waited for.
func (s *stage) wait(ctx context.Context, step Step, after int) error {
	kind, name, _ := strings.Cut(step.Target, "/")
	path, want, _ := strings.Cut(strings.TrimSpace(step.Body), " = ")
	want = strings.ReplaceAll(want, "<namespace>", s.namespace)
	query := jsonpath.New("wait").AllowMissingKeys(true)
	if err := query.Parse(path); err != nil {
		return err
	}
	for {
		for i, e := range s.recorder.Timeline().Entries()[after:] {
			if e.Event != nil && strings.EqualFold(e.Event.Kind, kind) && (name == "" || e.Event.Name == name) && has(e.Event.Object, query, want) {
				s.seen = after + i + 1
				return nil
			}
		}
		select {
		case <-s.recorder.Changed():
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", strings.TrimSpace(step.Body), ctx.Err())
		}
	}
}

func has(raw json.RawMessage, query *jsonpath.JSONPath, want string) bool {
	var object any
	if json.Unmarshal(raw, &object) != nil {
		return false
	}
	results, err := query.FindResults(object)
	if err != nil {
		return false
	}
	for _, values := range results {
		for _, v := range values {
			if strings.TrimSpace(fmt.Sprint(v.Interface())) == want {
				return true
			}
		}
	}
	return false
}
