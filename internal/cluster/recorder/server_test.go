package recorder_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// server speaks list and watch as an API server does, over objects that the test
// writes. It is for what a real server cannot be made to do when asked; package
// recordertest has the tests with a real one.
type server struct {
	*httptest.Server

	mu        sync.Mutex
	version   int
	compacted map[string]int // by resource: versions up to it are no longer known
	log       []change
	objects   map[string]object // by resource and UID
	wake      chan struct{}
	refuse    map[string]int  // status codes for lists and watches of a resource
	refused   int             // how many requests were
	early     map[string]bool // 410 is the status of the answer, not an event in it
	repeats   bool            // watches begin too early
	hold      map[string]bool // keep a resource's events back
	mute      bool            // give no bookmarks
}

type object = map[string]any

type change struct {
	resource, kind string
	version        int
	object         object
}

func newServer(t *testing.T) *server {
	s := &server{version: 100, objects: map[string]object{}, wake: make(chan struct{}), refuse: map[string]int{}, early: map[string]bool{}, compacted: map[string]int{}, hold: map[string]bool{}}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *server) config() *rest.Config { return &rest.Config{Host: s.URL} }

// put writes an object's next version: the first creates it.
func (s *server) put(resource, name string, fields ...string) int {
	return s.putIn("default", resource, name, fields...)
}

func (s *server) putIn(namespace, resource, name string, fields ...string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, event := resource+"/"+namespace+"/"+name, "MODIFIED"
	if s.objects[key] == nil {
		event = "ADDED"
	}
	s.version++
	meta := object{
		"name": name, "namespace": namespace, "uid": "uid-" + key, "resourceVersion": strconv.Itoa(s.version), "generation": 1,
		"managedFields": []any{object{"manager": "test", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": object{"f:spec": object{}}, "subresource": "status", "time": "2026-11-21T10:00:00Z"}},
	}
	o := object{"apiVersion": apiVersions[resource], "kind": kinds[resource], "metadata": meta}
	for _, f := range fields {
		if err := json.Unmarshal([]byte(f), &o); err != nil {
			panic(err)
		}
	}
	s.objects[key] = o
	s.happened(change{resource, event, s.version, o})
	return s.version
}

func (s *server) delete(resource, name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := resource + "/default/" + name
	gone := object{}
	for k, v := range s.objects[key] {
		gone[k] = v
	}
	meta := object{}
	for k, v := range gone["metadata"].(object) {
		meta[k] = v
	}
	s.version++
	meta["resourceVersion"] = strconv.Itoa(s.version)
	gone["metadata"] = meta
	delete(s.objects, key)
	s.happened(change{resource, "DELETED", s.version, gone})
	return s.version
}

func (s *server) happened(c change) {
	s.log = append(s.log, c)
	s.notify()
}

func (s *server) notify() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// set changes how the server behaves.
func (s *server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.notify()
}

func (s *server) compact(resource string) { s.set(func() { s.compacted[resource] = s.version }) }

var (
	apiVersions = map[string]string{"pods": "v1", "replicasets": "apps/v1", "nodes": "v1"}
	kinds       = map[string]string{"pods": "Pod", "replicasets": "ReplicaSet", "nodes": "Node"}
)

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	resource := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	s.mu.Lock()
	code := s.refuse[resource]
	if code != 0 {
		s.refused++
	}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case code != 0:
		refuse(w, code)
	case r.URL.Query().Get("watch") != "":
		s.watch(w, r, resource)
	default:
		s.list(w, r, resource)
	}
}

func refuse(w http.ResponseWriter, code int) {
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(status(code))
}

func status(code int) object {
	reasons := map[int]string{403: "Forbidden", 410: "Expired", 500: "InternalError"}
	return object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reasons[code], "message": fmt.Sprint("the test says ", code)}
}

func (s *server) list(w http.ResponseWriter, r *http.Request, resource string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, objects := s.version, s.objects
	if exact, err := strconv.Atoi(r.URL.Query().Get("resourceVersion")); err == nil {
		version, objects = exact, s.at(exact)
	}
	items := []any{}
	for key, o := range objects {
		if strings.HasPrefix(key, resource+"/") && asks(r, o) {
			items = append(items, o)
		}
	}
	kind, api := kinds[resource]+"List", apiVersions[resource]
	if strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadataList") {
		kind, api = "PartialObjectMetadataList", "meta.k8s.io/v1"
	}
	_ = json.NewEncoder(w).Encode(object{"kind": kind, "apiVersion": api, "metadata": object{"resourceVersion": strconv.Itoa(version)}, "items": items})
}

// at returns the objects as they were: the server keeps all of the log.
func (s *server) at(version int) map[string]object {
	objects := map[string]object{}
	for _, c := range s.log {
		if c.version > version {
			break
		}
		meta := c.object["metadata"].(object)
		key := fmt.Sprint(c.resource, "/", meta["namespace"], "/", meta["name"])
		objects[key] = c.object
		if c.kind == "DELETED" {
			delete(objects, key)
		}
	}
	return objects
}

func (s *server) watch(w http.ResponseWriter, r *http.Request, resource string) {
	from, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	s.mu.Lock()
	if s.repeats {
		from = 0
	}
	oldest, early := s.compacted[resource], s.early[resource]
	s.mu.Unlock()
	expired := from < oldest
	if expired && early {
		refuse(w, http.StatusGone)
		return
	}
	if expired {
		gone := status(http.StatusGone)
		gone["message"] = fmt.Sprintf("too old resource version: %d (%d)", from, oldest)
		send(w, "ERROR", gone)
		return
	}
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
	s.stream(w, r, resource, from)
}

func (s *server) stream(w http.ResponseWriter, r *http.Request, resource string, from int) {
	var end <-chan time.Time
	if seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); err == nil {
		end = time.After(time.Duration(seconds) * time.Second)
	}
	for {
		s.mu.Lock()
		changes, wake, now := s.after(resource, from), s.wake, s.version
		bookmark := end != nil && !s.hold[resource] && !s.mute
		s.mu.Unlock()
		for _, c := range changes {
			if asks(r, c.object) {
				send(w, c.kind, c.object)
			}
			from = c.version
		}
		if bookmark {
			send(w, "BOOKMARK", object{"kind": kinds[resource], "apiVersion": apiVersions[resource], "metadata": object{"resourceVersion": strconv.Itoa(now)}})
		}
		select {
		case <-r.Context().Done():
			return
		case <-end:
			return
		case <-wake:
		}
	}
}

func (s *server) after(resource string, from int) (changes []change) {
	if s.hold[resource] {
		return nil
	}
	for _, c := range s.log {
		if c.resource == resource && c.version > from {
			changes = append(changes, c)
		}
	}
	return changes
}

// asks reports that a request is for the object's namespace, or for all of them.
func asks(r *http.Request, o object) bool {
	_, rest, one := strings.Cut(r.URL.Path, "/namespaces/")
	namespace, _ := o["metadata"].(object)["namespace"].(string)
	return !one || strings.HasPrefix(rest, namespace+"/")
}

func send(w http.ResponseWriter, event string, o object) {
	_ = json.NewEncoder(w).Encode(object{"type": event, "object": o})
	_ = http.NewResponseController(w).Flush()
}
