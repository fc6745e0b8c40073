package kind

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"sigs.k8s.io/kind/pkg/exec"
)

// What kind clusters take, with room for the Pods of a lesson. Measured with three
// nodes: 0.9 GiB of memory, and 1.2 GB of disk besides the node image.
const (
	minMemory = 2 << 30
	minDisk   = 4 << 30
)

// diagnoseTimeout bounds the questions to one engine.
const diagnoseTimeout = 5 * time.Second

// A Symptom is something about the machine that clusters depend on.
type Symptom struct {
	About   string // such as "Docker"
	Says    string // what was found, without a final stop
	Remedy  string // what to do, a sentence; empty if nothing is to be done
	Healthy bool   // clusters can be made, as far as this goes
}

// Diagnose looks for Docker, Podman and nerdctl, and says whether a kind cluster
// can be made with them. It starts and changes nothing.
func (p Provider) Diagnose(ctx context.Context) []Symptom {
	symptoms := p.diagnoseDocker(ctx)
	for _, other := range []command{{"podman", "Podman"}, {"nerdctl", "nerdctl"}} {
		symptoms = append(symptoms, other.diagnose(ctx))
	}
	return symptoms
}

func (p Provider) diagnoseDocker(ctx context.Context) []Symptom {
	docker := command{"docker", "Docker"}
	info, err := docker.info(ctx)
	if err != nil {
		return []Symptom{{About: docker.title, Says: reason(err), Remedy: cmp.Or(hint(err), "`docker info` says more.")}}
	}
	all := []Symptom{{About: docker.title, Says: "engine " + info.ServerVersion + " answers" + info.where(), Healthy: true}}
	all = append(all, info.cgroups(), info.memory(), info.disk())
	if s, known := watches(watchLimit); known {
		all = append(all, s)
	}
	return append(all, p.diagnoseImage(ctx))
}

// command is a program that talks to an engine.
type command struct{ name, title string }

// diagnose says whether an engine is there that k8slab does not use.
func (c command) diagnose(ctx context.Context) Symptom {
	if _, err := osexec.LookPath(c.name); err != nil {
		return Symptom{About: c.title, Says: "not installed", Healthy: true}
	}
	const unused = "k8slab makes kind clusters with Docker only."
	info, err := c.info(ctx)
	if err != nil {
		return Symptom{About: c.title, Says: reason(err), Remedy: unused, Healthy: true}
	}
	return Symptom{
		About: c.title, Says: fmt.Sprintf("version %s answers%s", info.ServerVersion, info.where()),
		Remedy: unused, Healthy: true,
	}
}

// info is what we want to know of what `info` of an engine prints.
type info struct {
	ServerVersion   string
	OperatingSystem string
	CgroupVersion   string
	DockerRootDir   string
	MemTotal        int64    // bytes
	SecurityOptions []string // among them "name=rootless"
}

// podmanInfo is what podman prints instead.
type podmanInfo struct {
	Version struct{ Version string }
	Host    struct {
		CgroupVersion string
		MemTotal      int64
		Distribution  struct{ Distribution, Version string }
		Security      struct{ Rootless bool }
	}
	Store struct{ GraphRoot string }
}

// info asks the engine.
func (c command) info(ctx context.Context) (info, error) {
	ctx, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	out, err := run(ctx, c.name, "info", "--format", "{{json .}}")
	if ctx.Err() != nil {
		return info{}, fmt.Errorf("%s info: no answer within %v", c.name, diagnoseTimeout)
	}
	if err != nil {
		return info{}, err
	}
	if c.name == "podman" {
		return readPodman(out)
	}
	var i info
	if err := json.Unmarshal(out, &i); err != nil {
		return info{}, fmt.Errorf("read what %s info says: %w", c.name, err)
	}
	if i.ServerVersion == "" { // docker info exits 0 without an engine, too
		return info{}, errors.New("the engine does not answer: is the docker daemon running?")
	}
	return i, nil
}

func readPodman(out []byte) (info, error) {
	var p podmanInfo
	if err := json.Unmarshal(out, &p); err != nil {
		return info{}, fmt.Errorf("read what podman info says: %w", err)
	}
	i := info{
		ServerVersion:   p.Version.Version,
		OperatingSystem: strings.TrimSpace(p.Host.Distribution.Distribution + " " + p.Host.Distribution.Version),
		CgroupVersion:   strings.TrimPrefix(p.Host.CgroupVersion, "v"),
		DockerRootDir:   p.Store.GraphRoot,
		MemTotal:        p.Host.MemTotal,
	}
	if p.Host.Security.Rootless {
		i.SecurityOptions = []string{"name=rootless"}
	}
	return i, nil
}

// where is what kind of place the engine is.
func (i info) where() string {
	var parts []string
	if i.OperatingSystem != "" {
		parts = append(parts, i.OperatingSystem)
	}
	for _, option := range i.SecurityOptions {
		if strings.Contains(option, "rootless") {
			parts = append(parts, "rootless")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func (i info) cgroups() Symptom {
	s := Symptom{About: "cgroups of the engine", Says: "version " + cmp.Or(i.CgroupVersion, "unknown"), Healthy: true}
	if i.CgroupVersion == "1" {
		s.Says += ": Kubernetes is leaving it behind; the nodes are told to accept it"
		s.Remedy = "Nothing has to be done yet. Newer systems have version 2."
	}
	return s
}

func (i info) memory() Symptom {
	s := Symptom{About: "memory of the engine", Says: fmt.Sprintf("%.1f GB, a cluster needs %d GB", float64(i.MemTotal)/(1<<30), minMemory>>30), Healthy: i.MemTotal >= minMemory}
	if !s.Healthy {
		s.Remedy = "Give the engine more memory (Docker Desktop: Settings, Resources), or use --cluster embedded, which needs 0.4 GB."
	}
	return s
}

// disk looks at the engine's directory. That of an engine in a virtual machine, or
// far away, cannot be seen.
func (i info) disk() Symptom {
	s := Symptom{About: "disk of the engine", Healthy: true}
	var fs unix.Statfs_t
	if err := unix.Statfs(i.DockerRootDir, &fs); err != nil {
		s.Says = "how much is free cannot be seen from here"
		s.Remedy = "`docker system df` shows what is used."
		return s
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	s.Says = fmt.Sprintf("%.1f GB free in %s, a cluster and its image need %d GB", float64(free)/(1<<30), i.DockerRootDir, int64(minDisk)>>30)
	if free < minDisk {
		s.Healthy = false
		s.Remedy = "Make room: `docker system df` shows what uses it, `docker system prune` removes what nothing uses."
	}
	return s
}

// watchLimit is how many watches over files a user may have at a time, on Linux.
const watchLimit = "/proc/sys/fs/inotify/max_user_instances"

// minWatches is for three nodes, which take some 15 each, beside what else there is.
// Where there are none left, containerd does not start in a node, and kubeadm waits
// in vain.
const minWatches = 512

// watches looks at the limit of this machine, which is also the engine's on Linux.
func watches(file string) (s Symptom, known bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return s, false
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return s, false
	}
	s = Symptom{About: "file watches of the machine", Says: fmt.Sprintf("%d for each user (fs.inotify.max_user_instances)", limit), Healthy: true}
	if limit < minWatches {
		s.Healthy = false
		s.Says += ", too few beside a second cluster"
		s.Remedy = moreWatches
	}
	return s, true
}

func (p Provider) diagnoseImage(ctx context.Context) Symptom {
	s := Symptom{About: "node image", Says: shortImage(p.image()) + " is there", Healthy: true}
	if !(engine{}).hasImage(ctx, p.image()) {
		s.Says = shortImage(p.image()) + " is not there, the first start pulls it (some 400 MB)"
		s.Remedy = "`docker pull " + p.image() + "` does so now; without a network, `k8slab images --load FILE`."
	}
	return s
}

// reason is what stands first in an error.
func reason(err error) string {
	if failed, ok := errors.AsType[*exec.RunError](err); ok && errors.Is(failed.Inner, osexec.ErrNotFound) {
		return "not installed"
	}
	return err.Error()
}
