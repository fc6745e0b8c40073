package embedded

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

// kubectlVariable makes the test binary kubectl.
const kubectlVariable = "K8SLAB_TEST_KUBECTL"

func kubectl() int {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err)
	}
	return 0
}

// kubectl is a run of kubectl in the namespace. The context's end is its end.
func (p *place) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	p.t.Helper()
	c := exec.CommandContext(ctx, os.Args[0], append([]string{"--namespace", p.namespace}, args...)...)
	c.Env = append(os.Environ(), kubectlVariable+"=1", "KUBECONFIG="+p.kubeconfig, "KUBERC=off",
		"KUBECACHEDIR="+filepath.Join(shared.dir, "kubectl-cache"))
	return c
}

// result is what a run of kubectl did.
type result struct {
	out, err string
	code     int
}

func (p *place) runKubectl(args ...string) result {
	p.t.Helper()
	return finish(p.t, p.kubectl(p.t.Context(), args...))
}

func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return result{out.String(), raceNotice.ReplaceAllString(errs.String(), ""), c.ProcessState.ExitCode()}
}

// raceNotice is what Kubernetes' programs log when they were built with the race detector.
var raceNotice = regexp.MustCompile(`(?m)^I.*withrace\.go.*\n`)

func TestFeatureLogs(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`
restartPolicy: Never
volumes: [{name: d, emptyDir: {}}]
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "for i in 1 2 3; do echo line $i; echo warning $i >&2; done; until [ -e /d/go ]; do sleep 0.05; done; echo -n last"], volumeMounts: [{name: d, mountPath: /d}]}
- {name: other, image: "busybox:1.36", command: [sh, -c, "echo from the other; sleep infinity"], volumeMounts: [{name: d, mountPath: /d}]}
`)
	p.wait(logging("main", "warning 3"))
	follow := p.kubectl(t.Context(), "logs", "-f", podName, "-c", "main")
	var out bytes.Buffer
	follow.Stdout = &out
	if err := follow.Start(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{podName, "-c", "main", "--tail=2"}, "line 3\nwarning 3\n"},
		{[]string{podName, "-c", "main", "--since=1h", "--tail=1"}, "warning 3\n"},
		{[]string{podName, "-c", "main", "--limit-bytes=6"}, "line 1"},
		{[]string{podName, "-c", "other"}, "from the other\n"},
		{[]string{podName}, "line 1\nwarning 1\nline 2\nwarning 2\nline 3\nwarning 3\n"},
		{[]string{podName, "-c", "other", "--prefix"}, "[pod/pod/other] from the other\n"},
		{[]string{podName, "--all-containers", "--tail=0"}, ""},
	} {
		if got := p.runKubectl(append([]string{"logs"}, tt.args...)...); got.out != tt.want || got.code != 0 {
			t.Errorf("logs %q: %+v, want %q", tt.args, got, tt.want)
		}
	}
	if got := p.runKubectl("logs", podName, "-c", "main", "--timestamps", "--tail=1"); !timestamped.MatchString(got.out) {
		t.Errorf("with timestamps: %+v", got)
	}
	if got := p.runKubectl("exec", podName, "-c", "other", "--", "touch", "/d/go"); got.code != 0 {
		t.Errorf("exec: %+v", got)
	}
	if err := follow.Wait(); err != nil {
		t.Error(err)
	}
	if want := "line 1\nwarning 1\nline 2\nwarning 2\nline 3\nwarning 3\nlast"; out.String() != want {
		t.Errorf("followed %q, want %q", out.String(), want)
	}
}

func TestFeatureLogsOfTheLifeBefore(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`
volumes: [{name: d, emptyDir: {}}]
containers:
- {name: main, image: "busybox:1.36", command: [sh, -c, "echo life >> /d/lives; echo life $(wc -l < /d/lives); [ $(wc -l < /d/lives) = 2 ] && sleep infinity; exit 1"], volumeMounts: [{name: d, mountPath: /d}]}
`)
	p.wait(logged("main", "life 2\n"))
	if got := p.runKubectl("logs", podName, "--previous"); got.out != "life 1\n" {
		t.Errorf("previous: %+v", got)
	}
}

func TestFeatureExec(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity], env: [{name: COLOR, value: blue}]}]`)
	p.wait(ready())
	for _, tt := range []struct {
		args []string
		in   string
		want result
	}{
		{[]string{"sh", "-c", "echo $COLOR; echo problem >&2; exit 3"}, "", result{"blue\n", "problem\ncommand terminated with exit code 3\n", 3}},
		{[]string{"cat"}, "typed", result{"typed", "", 0}},
		{[]string{"sh"}, "echo one; false\necho $?\n", result{"one\n1\n", "", 0}},
		{[]string{"curl", "-s"}, "", result{"", `error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "{id}": ` +
			`OCI runtime exec failed: exec failed: unable to start container process: exec: "curl": executable file not found in $PATH: unknown` + "\n", 1}},
	} {
		c := p.kubectl(t.Context(), append([]string{"exec", "-i", podName, "--"}, tt.args...)...)
		c.Stdin = strings.NewReader(tt.in)
		if got := finish(t, c); got.out != tt.want.out || got.code != tt.want.code || !same(got.err, tt.want.err) {
			t.Errorf("%q: %+v, want %+v", tt.args, got, tt.want)
		}
	}
}

func TestFeatureAttach(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`
restartPolicy: Never
containers: [{name: main, image: "busybox:1.36", stdin: true, stdinOnce: true, command: [sh, -c, "echo ready; while read line; do echo got $line; done; echo end"]}]
`)
	p.wait(logged("main", "ready\n"))
	c := p.kubectl(t.Context(), "attach", "-i", podName)
	c.Stdin = strings.NewReader("one\ntwo\n")
	if got := finish(t, c); got.out != "got one\ngot two\nend\n" || got.code != 0 {
		t.Errorf("attach: %+v", got)
	}
	p.wait(logged("main", "ready\ngot one\ngot two\nend\n"))
	p.wait(terminated("main", 0, "Completed", ""))
}

// kubectl run -i, whose Pod goes when the input ends.
func TestFeatureRunInteractive(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.poll("the service account is there", func(ctx context.Context) (string, bool) {
		_, err := p.client.CoreV1().ServiceAccounts(p.namespace).Get(ctx, "default", metav1.GetOptions{})
		return "", err == nil
	})
	c := p.kubectl(t.Context(), "run", podName, "-i", "--rm", "--image=busybox:1.36", "--restart=Never", "--quiet", "--", "sh")
	c.Stdin = strings.NewReader("echo $((6*7))\nexit 3\n")
	if got := finish(t, c); got.out != "42\n" || got.code != 3 {
		t.Errorf("run: %+v", got)
	}
}

func TestFeatureCopy(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`containers: [{name: main, image: "busybox:1.36", command: [sleep, infinity]}]`)
	p.wait(ready())
	dir := t.TempDir()
	for name, text := range map[string]string{"one": "first\n", "sub/two": strings.Repeat("x", 100_000)} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, "in", name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "in", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{filepath.Join(dir, "in"), podName + ":/srv"},
		{filepath.Join(dir, "in", "one"), podName + ":/tmp/renamed"},
		{podName + ":/srv", filepath.Join(dir, "out")},
		{podName + ":/tmp/renamed", filepath.Join(dir, "renamed")},
	} {
		if got := p.runKubectl(append([]string{"cp"}, args...)...); got.code != 0 {
			t.Fatalf("cp %q: %+v", args, got)
		}
	}
	for name, size := range map[string]int{"out/one": 6, "out/sub/two": 100_000, "renamed": 6} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || len(data) != size {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	if got := p.runKubectl("cp", podName+":/absent", filepath.Join(dir, "absent")); !strings.Contains(got.out+got.err, "tar: /absent: No such file or directory") {
		t.Errorf("a file that is not there: %+v", got)
	}
}

func TestFeaturePortForward(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`containers: [{name: main, image: "nginx:1.25"}]`)
	p.wait(ready())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := p.kubectl(ctx, "port-forward", "pod/"+podName, ":80", ":81")
	said, errs := &watched{}, &watched{}
	c.Stdout, c.Stderr = said, errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cancel(); _ = c.Wait() }()
	p.poll("kubectl listens", func(context.Context) (string, bool) {
		return said.String() + errs.String(), len(forwarding.FindAllString(said.String(), -1)) >= 2
	})
	ports := map[string]string{}
	for _, m := range forwarding.FindAllStringSubmatch(said.String(), -1) {
		ports[m[2]] = m[1]
	}
	if body, err := fetch(t, "http://127.0.0.1:"+ports["80"]+"/"); err != nil || !strings.Contains(body, "Welcome to nginx!") {
		t.Errorf("%q, %v", body, err)
	}
	if body, err := fetch(t, "http://127.0.0.1:"+ports["81"]+"/"); err == nil {
		t.Errorf("got %q where nobody listens", body)
	}
	p.poll("kubectl says why", func(context.Context) (string, bool) {
		return errs.String(), strings.Contains(errs.String(), "failed to connect to localhost:81 inside namespace") &&
			strings.Contains(errs.String(), "connection refused")
	})
}

func TestFeatureEphemeralContainers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.create(`containers: [{name: main, image: "nginx:1.25"}]`)
	p.wait(ready())
	if got := p.runKubectl("debug", podName, "--image=busybox:1.36", "--container=debugger", "--profile=general", "--",
		"sh", "-c", "wget -q -O - localhost | head -n 4; exit 6"); got.code != 0 {
		t.Fatalf("debug: %+v", got)
	}
	p.wait(terminated("debugger", 6, "Error", ""))
	p.wait(logged("debugger", "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n"))
	p.wait(neverRestarted("debugger"))
	p.wait(ready())
}

// watched is a buffer that is read while somebody writes to it.
type watched struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

var _ io.Writer = (*watched)(nil)
