package embedded

import (
	"encoding/json"
	"net/http"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/kube-openapi/pkg/handler3"
)

// The documents are not built when the cluster starts, and are whole when they
// are asked for: kubectl explain and kubectl's validation read them.
func TestOpenAPIDocumentsAreServed(t *testing.T) {
	_, client := sharedCluster(t)
	for _, group := range []string{"api/v1", "apis/apps/v1", "apis/batch/v1", "apis/apiextensions.k8s.io/v1", "apis/apiregistration.k8s.io/v1"} {
		if getRoot(t, client).Paths[group].ServerRelativeURL == "" {
			t.Errorf("/openapi/v3 does not list %s", group)
		}
	}
	for path, definition := range map[string]string{
		"/openapi/v3/apis/apps/v1": "io.k8s.api.apps.v1.Deployment",
		"/openapi/v3/api/v1":       "io.k8s.api.core.v1.Pod",
	} {
		var document struct {
			Components struct{ Schemas map[string]any }
		}
		get(t, client, path, &document)
		if document.Components.Schemas[definition] == nil {
			t.Errorf("%s does not define %s", path, definition)
		}
	}
	var document struct{ Definitions map[string]any }
	get(t, client, "/openapi/v2", &document)
	for _, definition := range []string{
		"io.k8s.api.apps.v1.Deployment",
		"io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
		"io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService",
	} {
		if document.Definitions[definition] == nil {
			t.Errorf("/openapi/v2 does not define %s", definition)
		}
	}
}

func getRoot(t *testing.T, client *kubernetes.Clientset) (root handler3.OpenAPIV3Discovery) {
	t.Helper()
	get(t, client, "/openapi/v3", &root)
	return root
}

func get(t *testing.T, client *kubernetes.Clientset, path string, into any) {
	t.Helper()
	var status int
	body, err := client.RESTClient().Get().AbsPath(path).SetHeader("Accept", "application/json").Do(t.Context()).StatusCode(&status).Raw()
	if err != nil || status != http.StatusOK {
		t.Fatalf("GET %s: %d, %v", path, status, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
}
