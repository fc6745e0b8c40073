package kind

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// symptom returns what is said about something.
func symptom(t *testing.T, all []Symptom, about string) Symptom {
	t.Helper()
	for _, s := range all {
		if s.About == about {
			return s
		}
	}
	t.Fatalf("nothing is said about %q: %+v", about, all)
	return Symptom{}
}

// TestDiagnose looks at the engine of this machine.
func TestDiagnose(t *testing.T) {
	p := testProvider(t)
	all := p.Diagnose(t.Context())
	for about, says := range map[string]string{
		"Docker": "engine ", "cgroups of the engine": "version ", "memory of the engine": " GB, a cluster needs 2 GB", "disk of the engine": "", "node image": " is there",
	} {
		if s := symptom(t, all, about); !s.Healthy || !strings.Contains(s.Says, says) {
			t.Errorf("%s: %+v, want %q", about, s, says)
		}
	}
	p.Image = "kindest/node:v0.0.1"
	s := symptom(t, p.Diagnose(t.Context()), "node image")
	if !strings.Contains(s.Says, "is not there") || !strings.Contains(s.Remedy, "docker pull kindest/node:v0.0.1") {
		t.Errorf("a node image that is not there: %+v", s)
	}
}

// TestDiagnoseWithoutEngine hides what there is.
func TestDiagnoseWithoutEngine(t *testing.T) {
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		all := Provider{}.Diagnose(t.Context())
		if s := symptom(t, all, "Docker"); s.Healthy || s.Says != "not installed" || !strings.Contains(s.Remedy, "Install Docker") {
			t.Errorf("Docker: %+v", s)
		}
		for _, other := range []string{"Podman", "nerdctl"} {
			if s := symptom(t, all, other); s.Says != "not installed" {
				t.Errorf("%s: %+v", other, s)
			}
		}
	})
	t.Run("not running", func(t *testing.T) {
		if _, err := osexec.LookPath("docker"); err != nil {
			t.Skip("needs the docker command")
		}
		t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "docker.sock"))
		if s := symptom(t, Provider{}.Diagnose(t.Context()), "Docker"); s.Healthy || !strings.Contains(s.Remedy, "Start the engine") {
			t.Errorf("%+v", s)
		}
	})
}

// TestDiagnosePodman needs the real one.
func TestDiagnosePodman(t *testing.T) {
	if _, err := osexec.LookPath("podman"); err != nil {
		t.Skip("needs podman")
	}
	s := symptom(t, Provider{}.Diagnose(t.Context()), "Podman")
	if !strings.HasPrefix(s.Says, "version ") || !strings.Contains(s.Says, "answers") || !strings.Contains(s.Remedy, "with Docker only") {
		t.Errorf("%+v", s)
	}
}

// podmanSaid is what podman 4.3.1 printed, with what is not read left out.
const podmanSaid = `{"host":{"cgroupVersion":"v1","distribution":{"distribution":"debian","version":"12"},"memTotal":25276510208,"security":{"rootless":true}},"store":{"graphRoot":"/var/lib/containers/storage"},"version":{"APIVersion":"4.3.1","Version":"4.3.1"}}`

func TestReadPodman(t *testing.T) {
	got, err := readPodman([]byte(podmanSaid))
	if err != nil {
		t.Fatal(err)
	}
	if got.ServerVersion != "4.3.1" || got.CgroupVersion != "1" || got.MemTotal != 25276510208 || got.where() != " (debian 12, rootless)" {
		t.Errorf("%+v", got)
	}
}

func TestWatches(t *testing.T) {
	file := filepath.Join(t.TempDir(), "limit")
	if _, known := watches(file); known {
		t.Error("a limit that is not there is known")
	}
	for limit, healthy := range map[string]bool{"128\n": false, "512\n": true, "8192\n": true} {
		if err := os.WriteFile(file, []byte(limit), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, known := watches(file); !known || s.Healthy != healthy || (s.Remedy == "") != healthy {
			t.Errorf("%s: %+v", limit, s)
		}
	}
}

// TestShortOfEverything has an engine that is too small.
func TestShortOfEverything(t *testing.T) {
	i := info{MemTotal: 1 << 30, DockerRootDir: filepath.Join(t.TempDir(), "absent"), CgroupVersion: "1"}
	if s := i.memory(); s.Healthy || !strings.Contains(s.Remedy, "more memory") {
		t.Errorf("%+v", s)
	}
	if s := i.disk(); !s.Healthy || !strings.Contains(s.Says, "cannot be seen") {
		t.Errorf("a disk that cannot be seen: %+v", s)
	}
	if s := i.cgroups(); !s.Healthy || s.Remedy == "" {
		t.Errorf("cgroup v1: %+v", s)
	}
	if _, err := os.Stat("/proc/self"); err != nil {
		t.Skip("needs a file system without room, such as /proc")
	}
	i.DockerRootDir = "/proc"
	if s := i.disk(); s.Healthy || !strings.Contains(s.Remedy, "Make room") {
		t.Errorf("a disk without room: %+v", s)
	}
}
