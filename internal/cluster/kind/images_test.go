package kind

import (
	"archive/tar"
	"bytes"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const helloImage = "k8slab-test/hello:1"

// importHello puts an image with nothing but testdata/hello into the engine.
func importHello(t *testing.T) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "hello")
	build := osexec.Command("go", "build", "-o", program, "./testdata/hello")
	build.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0") // there is no C library in the image
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "hello", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	c := osexec.Command("docker", "import", "-", helloImage)
	c.Stdin = &archive
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("docker import: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = osexec.Command("docker", "rmi", "--force", helloImage).Run() })
}

// TestImagesOfTheEngine has an image that no registry has run in a cluster.
func TestImagesOfTheEngine(t *testing.T) {
	p := testProvider(t)
	importHello(t)
	spec := testSpec(t, "images")
	spec.Images = []string{helloImage, "k8slab-test/nowhere:1"}
	var phases []string
	c, err := p.Create(t.Context(), spec, func(phase string) { phases = append(phases, phase) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, c) })
	if want := "Loading " + helloImage + " into the nodes"; !slices.Contains(phases, want) {
		t.Errorf("phases %q, want %q among them", phases, want)
	}
	if _, err := os.Stat(filepath.Join(spec.Dir, "images.tar")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the archive is left: %v", err)
	}
	runHello(t, c.Kubeconfig())
}

func runHello(t *testing.T, kubeconfig string) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	pods := client.CoreV1().Pods("default")
	_, err = pods.Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "hello"},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyNever,
			Containers:    []corev1.Container{{Name: "main", Image: helloImage, ImagePullPolicy: corev1.PullNever, Command: []string{"/hello"}}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var pod *corev1.Pod
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); time.Sleep(200 * time.Millisecond) {
		pod, err = pods.Get(t.Context(), "hello", metav1.GetOptions{})
		if err == nil && pod.Status.Phase == corev1.PodSucceeded {
			return
		}
		if err == nil && pod.Status.Phase == corev1.PodFailed {
			break
		}
	}
	t.Errorf("the Pod does not end: %v, %+v", err, pod.Status)
}

// TestSaveAndLoad has images go through a file, which forgets digests.
func TestSaveAndLoad(t *testing.T) {
	testProvider(t)
	importHello(t)
	file := filepath.Join(t.TempDir(), "images.tar")
	asked := func(image string) { t.Errorf("%s is there, and pulled", image) }
	if err := SaveImages(t.Context(), file, []string{helloImage}, asked); err != nil {
		t.Fatal(err)
	}
	docker(t, "rmi", "--force", helloImage)
	if there, err := HasImage(t.Context(), helloImage); err != nil || there {
		t.Fatalf("the image is still there: %v, %v", there, err)
	}
	loaded, err := LoadImages(t.Context(), file)
	if err != nil || !slices.Equal(loaded, []string{helloImage}) {
		t.Errorf("loaded %q, %v", loaded, err)
	}

	const pinned = "k8slab-test/node:v1.36.4@sha256:099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed"
	docker(t, "tag", helloImage, SavedName(pinned))
	t.Cleanup(func() { docker(t, "rmi", SavedName(pinned)) })
	if there, err := HasImage(t.Context(), pinned); err != nil || !there {
		t.Errorf("a pinned image that came out of a file: %v, %v", there, err)
	}
	c := &creation{image: pinned}
	if err := c.ensureImage(t.Context()); err != nil || c.image != "k8slab/node:v1.36.4-099e049362a1" {
		t.Errorf("a cluster would be made of %s, %v", c.image, err)
	}
}

func TestImagesThatAreNotThere(t *testing.T) {
	testProvider(t)
	var asked []string
	file := filepath.Join(t.TempDir(), "images.tar")
	err := SaveImages(t.Context(), file, []string{"registry.invalid/a:1"}, func(image string) { asked = append(asked, image) })
	wantHint(t, err, "docker pull registry.invalid/a:1")
	if len(asked) != 1 {
		t.Errorf("pulled %q", asked)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
	if err := os.WriteFile(file, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadImages(t.Context(), file); err == nil || !strings.Contains(err.Error(), "load images") {
		t.Errorf("a file that is no archive: %v", err)
	}
}

func TestSavedName(t *testing.T) {
	for image, want := range map[string]string{
		"nginx:1.25": "nginx:1.25",
		Image:        "k8slab/node:v1.36.4-099e049362a1",
		"registry.example:5000/node:v1@sha256:0123456789abcdef": "k8slab/node:v1-0123456789ab",
	} {
		if got := SavedName(image); got != want {
			t.Errorf("%s: %s, want %s", image, got, want)
		}
	}
}
