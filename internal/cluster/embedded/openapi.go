package embedded

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/emicklei/go-restful/v3"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/mux"
	"k8s.io/apiserver/pkg/server/routes"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/handler3"
)

// openAPI serves the OpenAPI documents of the built-in kinds. The API server
// would build them while it starts, one after the other, which takes half a
// second; here its own code builds each when somebody asks for the first time.
// Nobody asks for version 2 in most labs.
type openAPI struct {
	services *restful.Container
	v2       func() http.Handler
	v3       func() http.Handler
	built    atomic.Bool // v3 is
}

func newOpenAPI(services *restful.Container, v2 *common.Config, v3 *common.OpenAPIV3Config) *openAPI {
	o := &openAPI{services: services}
	o.v2 = sync.OnceValue(func() http.Handler {
		m := mux.NewPathRecorderMux("openapi-v2")
		routes.OpenAPI{Config: v2}.InstallV2(services, m)
		return m
	})
	o.v3 = sync.OnceValue(func() http.Handler {
		m := mux.NewPathRecorderMux("openapi-v3")
		routes.OpenAPI{V3Config: v3}.InstallV3(services, m)
		o.built.Store(true)
		return m
	})
	return o
}

// deferOpenAPI keeps the server that config describes from building its
// documents. The function it returns has them served by that server.
func deferOpenAPI(config *genericapiserver.Config) func(*genericapiserver.GenericAPIServer) {
	config.SkipOpenAPIInstallation = true
	return func(s *genericapiserver.GenericAPIServer) {
		o := newOpenAPI(s.Handler.GoRestfulContainer, config.OpenAPIConfig, config.OpenAPIV3Config)
		m := s.Handler.NonGoRestfulMux
		m.HandleFunc("/openapi/v2", func(w http.ResponseWriter, r *http.Request) { o.v2().ServeHTTP(w, r) })
		m.HandleFunc("/openapi/v3", o.serveRoot)
		m.HandlePrefix("/openapi/v3/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { o.v3().ServeHTTP(w, r) }))
	}
}

// onlyDefinitions has the server that config describes look for the kinds that it
// serves among those of define. By default it goes through all kinds of
// Kubernetes, which takes as long as to build the document.
func onlyDefinitions(config *genericapiserver.Config, define common.GetOpenAPIDefinitions) {
	own := *config.OpenAPIConfig // the servers of the chain share it
	own.GetDefinitions = define
	config.OpenAPIConfig = &own
}

// serveRoot answers which documents of version 3 there are. Until they are
// built, their addresses are without the hash of the content that lets a client
// keep them for ever; the aggregator asks again every second.
func (o *openAPI) serveRoot(w http.ResponseWriter, r *http.Request) {
	if o.built.Load() {
		o.v3().ServeHTTP(w, r)
		return
	}
	root := handler3.OpenAPIV3Discovery{Paths: map[string]handler3.OpenAPIV3DiscoveryGroupVersion{}}
	for _, service := range o.services.RegisteredWebServices() {
		path := strings.TrimPrefix(service.RootPath(), "/")
		root.Paths[path] = handler3.OpenAPIV3DiscoveryGroupVersion{ServerRelativeURL: "/openapi/v3/" + path}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(root) // the client has gone: nobody is left to tell
}
