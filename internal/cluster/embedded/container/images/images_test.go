package images_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/k8slab/k8slab/internal/cluster/embedded/container/images"
)

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func store(t *testing.T) *images.Store {
	t.Helper()
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return images.NewStore(catalogue, noWait)
}

func TestBuiltin(t *testing.T) {
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	digest := regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for _, image := range catalogue.Images() {
		if !digest.MatchString(image.ID) || !digest.MatchString(image.Digest) || image.ID == image.Digest {
			t.Errorf("%s: ID %s, digest %s", image.Name, image.ID, image.Digest)
		}
		if seen[image.ID] || seen[image.Digest] {
			t.Errorf("%s:%s shares a digest", image.Name, image.Tags[0])
		}
		seen[image.ID], seen[image.Digest] = true, true
		if image.Size == 0 || image.Memory == 0 || image.StopSignal == "" {
			t.Errorf("%s:%s is incomplete: %+v", image.Name, image.Tags[0], image)
		}
		if strings.Contains(strings.Join(image.Env, " "), "{") {
			t.Errorf("%s:%s has a placeholder in %v", image.Name, image.Tags[0], image.Env)
		}
	}
}

// Digests are part of recorded timelines: they must not change from one version of the program to
// the next, nor from machine to machine.
func TestDigestsStay(t *testing.T) {
	image, err := store(t).Pull(t.Context(), "nginx:1.25")
	if err != nil {
		t.Fatal(err)
	}
	if want := "docker.io/library/nginx@sha256:9910a7e4c45a8835ef1142458c5993ef590415eea33f8c760f3e7eba3885e236"; image.RepoDigests[0] != want {
		t.Errorf("nginx:1.25 is %s, was %s", image.RepoDigests[0], want)
	}
}

func TestPull(t *testing.T) {
	s := store(t)
	byTag, err := s.Pull(t.Context(), "nginx:1.25")
	if err != nil {
		t.Fatal(err)
	}
	if byTag.Version != "1.25.5" || byTag.StopSignal != "SIGQUIT" || !slices.Contains(byTag.Env, "NGINX_VERSION=1.25.5") {
		t.Errorf("%+v", byTag.Image)
	}
	for _, ref := range []string{
		"nginx:1.25", "library/nginx:1.25", "docker.io/nginx:1.25", "docker.io/library/nginx:1.25.5", "index.docker.io/library/nginx:1.25",
		byTag.RepoDigests[0], "nginx@" + byTag.Digest, "nginx:1.25@" + byTag.Digest,
	} {
		image, err := s.Pull(t.Context(), ref)
		if err != nil || image.ID != byTag.ID {
			t.Errorf("%s: %s, %v, want %s", ref, image.Name, err, byTag.ID)
		}
	}
	if got := s.List(); len(got) != 1 || strings.Join(got[0].RepoTags, " ") != "docker.io/library/nginx:1.25 docker.io/library/nginx:1.25.5" {
		t.Errorf("list %v", got)
	}
	latest, err := s.Pull(t.Context(), "nginx")
	if err != nil || latest.ID == byTag.ID || latest.RepoTags[0] != "docker.io/library/nginx:latest" {
		t.Errorf("latest: %v, %v", latest, err)
	}
}

func TestPullErrors(t *testing.T) {
	s := store(t)
	const zero = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
	for _, tc := range []struct{ ref, want string }{
		{"nginx:1.161", `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:1.161": failed to resolve reference "docker.io/library/nginx:1.161": docker.io/library/nginx:1.161: not found`},
		{"nginx@" + zero, `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx@` + zero + `": failed to resolve reference "docker.io/library/nginx@` + zero + `": docker.io/library/nginx@` + zero + `: not found`},
		{"ngnix", `rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/library/ngnix:latest": failed to resolve reference "docker.io/library/ngnix:latest": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`},
		{"registry.k8s.io/puase:3.10", `rpc error: code = NotFound desc = failed to pull and unpack image "registry.k8s.io/puase:3.10": failed to resolve reference "registry.k8s.io/puase:3.10": registry.k8s.io/puase:3.10: not found`},
		{"registry.example.com:5000/app:v1", `rpc error: code = Unknown desc = failed to pull and unpack image "registry.example.com:5000/app:v1": failed to resolve reference "registry.example.com:5000/app:v1": failed to do request: Head "https://registry.example.com:5000/v2/app/manifests/v1": dial tcp: lookup registry.example.com: no such host`},
		{"Nginx", `rpc error: code = InvalidArgument desc = failed to parse image reference "Nginx": invalid reference format: repository name (library/Nginx) must be lowercase`},
	} {
		_, err := s.Pull(t.Context(), tc.ref)
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v", tc.ref, err)
		}
	}
	if got := s.List(); len(got) != 0 {
		t.Errorf("failed pulls left %v", got)
	}
}

// Pulls of one image at the same time are one transfer, also under two tags; a caller who gives up
// does not end it for the others.
func TestPullIsShared(t *testing.T) {
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var transfers atomic.Int32
	release := make(chan struct{})
	s := images.NewStore(catalogue, func(ctx context.Context, d time.Duration) error {
		if d != 80*time.Millisecond {
			t.Errorf("the pull takes %s", d)
		}
		transfers.Add(1)
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	impatient, giveUp := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := s.Pull(impatient, "nginx:1.25")
		first <- err
	}()
	for transfers.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var group sync.WaitGroup
	for _, ref := range []string{"nginx:1.25", "nginx:1.25.5", "nginx:1.25"} {
		group.Go(func() {
			if _, err := s.Pull(t.Context(), ref); err != nil {
				t.Errorf("%s: %v", ref, err)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	giveUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the impatient one: %v", err)
	}
	if _, ok := s.Find("nginx:1.25"); ok {
		t.Error("the image is here before it was pulled")
	}
	close(release)
	group.Wait()
	if got := transfers.Load(); got != 1 {
		t.Errorf("%d transfers", got)
	}
}

// When nobody waits any more the transfer ends, and the next pull starts anew.
func TestAbandonedPull(t *testing.T) {
	catalogue, err := images.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var transfers atomic.Int32
	s := images.NewStore(catalogue, func(ctx context.Context, _ time.Duration) error {
		if transfers.Add(1) > 1 {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Pull(ctx, "nginx"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if _, err := s.Pull(t.Context(), "nginx"); err != nil {
		t.Errorf("again: %v", err)
	}
}

func TestRemove(t *testing.T) {
	s := store(t)
	for _, ref := range []string{"nginx:1.25", "nginx:1.25.5", "busybox"} {
		if _, err := s.Pull(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	bytes, count := s.Used()
	if bytes != 74_200_000 || count != 2 {
		t.Errorf("used %d bytes in %d images", bytes, count)
	}
	s.Remove("nginx:1.25")
	image, ok := s.Find("nginx:1.25.5")
	if !ok {
		t.Fatal("removing one tag removed the image")
	}
	if _, ok := s.Find("nginx:1.25"); ok {
		t.Error("the tag is still there")
	}
	s.Remove(image.ID)
	s.Remove(image.ID)
	if _, ok := s.Find(image.ID); ok || len(s.List()) != 1 {
		t.Errorf("the image is still there: %v", s.List())
	}
}

func TestFind(t *testing.T) {
	s := store(t)
	image, err := s.Pull(t.Context(), "busybox:1.36")
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]bool{
		image.ID: true, strings.TrimPrefix(image.ID, "sha256:"): true, "busybox:1.36": true,
		image.RepoDigests[0]: true, "busybox:1.36.1": false, "busybox": false, "": false, "Not A Reference": false,
	} {
		if _, ok := s.Find(ref); ok != want {
			t.Errorf("%q: %v", ref, ok)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const head = "format: 1\nimages:\n"
	const entry = "- name: docker.io/library/app\n  program: shell\n  userland: busybox\n  sigterm: ignores\n  cmd: [sh]\n"
	const good = entry + "  releases: [{version: 1.0, tags: [v1]}]\n"
	for _, tc := range []struct{ name, text, want string }{
		{"no format", "images: []\n", "c.yaml: format 0 is not 1, the one that this program reads"},
		{"another format", "format: 2\n", "c.yaml: format 2 is not 1, the one that this program reads"},
		{"no YAML", "format: [\n", "c.yaml:1: did not find expected node content"},
		{"unknown key", head + good + "  colour: red\n", "c.yaml:9: field colour not found in type images.entry"},
		{"unknown key of a release", head + entry + "  releases:\n  - {version: 1.0, tags: [v1], when: now}\n", "c.yaml:9: field when not found in type images.release"},
		{"wrong type", head + good + "  size: big\n", "c.yaml:9: cannot unmarshal !!str `big` into uint64"},
		{"short name", head + strings.Replace(good, "docker.io/library/app", "app", 1), `c.yaml:3: name "app" is not a repository with its registry, such as docker.io/library/nginx`},
		{"program", head + strings.Replace(good, "shell", "mysql", 1), `c.yaml:3: program "mysql" is none of agnhost, httpd, nginx, pause, redis, shell`},
		{"userland", head + strings.Replace(good, "busybox", "windows", 1), `c.yaml:3: userland "windows" is none of busybox, alpine, debian, none`},
		{"sigterm", head + strings.Replace(good, "  sigterm: ignores\n", "", 1), `c.yaml:3: sigterm "" is neither exits nor ignores`},
		{"signal", head + good + "  stopSignal: TERM\n", `c.yaml:3: stopSignal "TERM" is none of SIGTERM, SIGINT, SIGQUIT, SIGWINCH`},
		{"no releases", head + entry, "c.yaml:3: docker.io/library/app has no releases"},
		{"no command", head + strings.Replace(good, "  cmd: [sh]\n", "", 1), "c.yaml:3: docker.io/library/app has neither entrypoint nor cmd"},
		{"no tags", head + entry + "  releases:\n  - version: 1.0\n", "c.yaml:9: a release needs a version and tags"},
		{"bad tag", head + entry + "  releases:\n  - {version: 1.0, tags: [\"-\"]}\n", `c.yaml:9: tag "-": invalid tag format`},
		{"file", head + good + "  files: {etc/x: y}\n", `c.yaml:3: file "etc/x" is not a clean absolute path`},
		{"negative time", head + good + "  pull: -1s\n", "c.yaml:3: pull and start may not be negative"},
		{"tag twice", head + good + good, "c.yaml:14: tag docker.io/library/app:v1 is in the catalogue twice"},
	} {
		_, err := images.Parse("c.yaml", []byte(tc.text))
		if err == nil || err.Error() != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestParseFiles(t *testing.T) {
	c, err := images.Parse("c.yaml", []byte(`
format: 1
images:
- name: docker.io/library/app
  program: shell
  userland: busybox
  sigterm: ignores
  cmd: [sh]
  releases: [{version: "1.0", tags: [v1]}]
  files: {/etc/version: "{name} {version}", /etc/link: "link: /etc/version", /data: dir}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := c.Images()[0].Files
	if got["/etc/version"].Content != "docker.io/library/app 1.0" || got["/etc/link"].Link != "/etc/version" || !got["/data"].Dir {
		t.Errorf("%+v", got)
	}
}

func TestCodes(t *testing.T) {
	s := store(t)
	if _, err := s.Pull(t.Context(), "nginx:none"); status.Code(err) != codes.NotFound {
		t.Errorf("%v", err)
	}
}

// Every image that upstream's conformance tests of workloads name is here.
func TestImagesOfConformanceTests(t *testing.T) {
	s := store(t)
	for _, ref := range []string{
		"registry.k8s.io/e2e-test-images/agnhost:2.63.0", "registry.k8s.io/e2e-test-images/agnhost:2.55",
		"registry.k8s.io/e2e-test-images/busybox:1.37.0-1", "registry.k8s.io/e2e-test-images/nginx:1.15-4",
		"registry.k8s.io/e2e-test-images/nginx:1.27-0", "registry.k8s.io/pause:3.10.2",
	} {
		if _, err := s.Pull(t.Context(), ref); err != nil {
			t.Error(err)
		}
	}
	for _, ref := range []string{"foo:non-existent", "webserver:404", "gcr.io/google_samples/gb-redisslave:nonexistent"} {
		if _, err := s.Pull(t.Context(), ref); err == nil {
			t.Errorf("%s was pulled", ref)
		}
	}
}
