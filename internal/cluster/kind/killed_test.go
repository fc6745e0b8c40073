package kind

import (
	"bufio"
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/claim"
	"github.com/k8slab/k8slab/internal/cluster/clustertest"
)

// victimVariable makes the test binary a process that creates a cluster in the
// directory that it names, says each phase, and waits to be killed.
const victimVariable = "K8SLAB_TEST_VICTIM"

// victimReady is what it says in the end.
const victimReady = "created"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimVariable); dir != "" {
		os.Exit(beVictim(dir))
	}
	os.Exit(m.Run())
}

func beVictim(dir string) int {
	p := Provider{Image: os.Getenv(imageVariable), Claims: claimsOf(dir)}
	_, err := p.Create(context.Background(), cluster.Spec{Lab: "killed", Dir: dir, Nodes: 2}, func(phase string) { fmt.Println(phase) })
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(victimReady)
	select {}
}

func claimsOf(dir string) string { return filepath.Join(dir, "claims") }

// kill starts a process that creates a cluster, and kills it when it says a phase.
func kill(t *testing.T, dir, phase string) {
	t.Helper()
	victim := osexec.Command(os.Args[0])
	victim.Env = append(os.Environ(), victimVariable+"="+dir)
	victim.Stderr = os.Stderr
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	for said.Scan() && !strings.HasPrefix(said.Text(), phase) {
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // it was killed
	if !strings.HasPrefix(said.Text(), phase) {
		t.Fatalf("kind has no phase %q any more; the last was %q", phase, said.Text())
	}
}

// TestKilled kills the process that creates a cluster, in several phases. What it
// leaves is found and removed; a cluster that nobody has noted stays.
func TestKilled(t *testing.T) {
	p := testProvider(t)
	home := clustertest.NewHome(t)
	t.Cleanup(func() { // what a failure leaves
		_, _ = Clean(context.Background(), claim.Note{Provider: providerName, Name: "k8slab-killed"})
	})
	for _, phase := range []string{"Asking", "Preparing nodes", "Starting control-plane", victimReady} {
		t.Run(phase, func(t *testing.T) {
			dir := t.TempDir()
			kill(t, dir, phase)
			for _, n := range leftovers(t, dir, phase) {
				if _, err := Clean(t.Context(), n); err != nil {
					t.Error(err)
				}
			}
			noContainers(t, "k8slab-killed")
			home.Check(t)
		})
	}
	t.Run("the next run of the name", func(t *testing.T) {
		dir := t.TempDir()
		kill(t, dir, "Starting control-plane")
		leftovers(t, dir, "")
		var phases []string
		p.Claims = claimsOf(dir)
		c, err := p.Create(t.Context(), cluster.Spec{Lab: "killed", Dir: dir, Nodes: 1}, func(phase string) { phases = append(phases, phase) })
		if err != nil {
			t.Fatal(err)
		}
		defer closeNow(t, c)
		if want := "Removing what a run that was killed has left of this cluster"; !slices.Contains(phases, want) {
			t.Errorf("phases %q, want %q among them", phases, want)
		}
		testSecondRun(t, p)
		closeNow(t, c)
		if notes, _ := os.ReadDir(p.Claims); len(notes) > 0 {
			t.Errorf("notes are left: %v", notes)
		}
		noContainers(t, "k8slab-killed")
	})
}

// leftovers returns the notes of a process that was killed. A command that it was
// about to start has its lock until it has begun.
func leftovers(t *testing.T, dir, phase string) []claim.Note {
	t.Helper()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		left, err := claim.Leftovers(claimsOf(dir))
		if err != nil {
			t.Fatal(err)
		}
		if len(left) > 0 || phase == "Asking" { // before there is a note
			return left
		}
		if time.Now().After(limit) {
			t.Fatal("there is no note of what was left")
		}
	}
}

// testSecondRun begins a run while another one has the cluster.
func testSecondRun(t *testing.T, p Provider) {
	_, err := p.Create(t.Context(), testSpec(t, "killed"), nil)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("k8slab-killed is in use by process %d", os.Getpid())) {
		t.Errorf("a second run of the name: %v", err)
	}
	wantHint(t, err, "--lab NAME")
	if left, err := (engine{}).containers(t.Context(), "k8slab-killed"); err != nil || len(left) != 1 {
		t.Errorf("containers of the first: %q, %v", left, err)
	}
}

// TestLeftoverIsTold begins a run beside what another has left.
func TestLeftoverIsTold(t *testing.T) {
	p := testProvider(t)
	p.Claims = t.TempDir()
	other, err := claim.Take(p.Claims, claim.Note{Provider: providerName, Name: "k8slab-other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Leave(); err != nil {
		t.Fatal(err)
	}
	p.Image = "registry.invalid/none"
	var phases []string
	if _, err := p.Create(t.Context(), testSpec(t, "told"), func(phase string) { phases = append(phases, phase) }); err == nil {
		t.Error("there is a cluster of no image")
	}
	if want := "A run that was killed has left k8slab-other: `k8slab clean` removes it"; !slices.Contains(phases, want) {
		t.Errorf("phases %q, want %q among them", phases, want)
	}
	if left, err := claim.All(p.Claims); err != nil || len(left) != 1 {
		t.Errorf("notes %v, %v; want the one of the other run", left, err)
	}
}

// TestCleanStranger has a note that is not about a cluster of ours.
func TestCleanStranger(t *testing.T) {
	for _, n := range []claim.Note{{Provider: providerName, Name: "kind"}, {Provider: "existing", Name: "k8slab-x"}} {
		if _, err := Clean(t.Context(), n); err == nil {
			t.Errorf("%+v is removed", n)
		}
	}
}

func noContainers(t *testing.T, name string) {
	t.Helper()
	if left, err := (engine{}).containers(t.Context(), name); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}
