package shell

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/*.txt with what a real busybox says")

// example is a script with what a real busybox does with it. In the files of testdata it
// stands as
//
//	### title
//	script
//	>>> exit code
//	output and error messages
type example struct {
	title, script, output string
	code                  string
}

// examples reads all files of testdata.
func examples(t *testing.T) map[string][]example {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal("no testdata", err)
	}
	all := map[string][]example{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split("\n"+string(data), "\n### ")[1:] {
			title, rest, _ := strings.Cut(part, "\n")
			script, rest, _ := strings.Cut(rest, "\n>>>")
			code, output, _ := strings.Cut(rest, "\n")
			all[name] = append(all[name], example{title, script, strings.TrimSuffix(output, "\n"), strings.TrimSpace(code)})
		}
	}
	return all
}

// fixture are the files that each example starts with.
func fixture() map[string]string {
	return map[string]string{
		"fruits":       "banana\napple\ncherry\napple\n",
		"numbers":      "10\n9\n2\n33\n-4\n2\n",
		"table":        "b 2 x\na 10 y\nc 1 z\na 9 w\n",
		"passwd":       "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
		"noeol":        "one\ntwo",
		"empty":        "",
		"dir/one":      "1\n",
		"dir/sub/deep": "deep\n",
		"script.sh":    "echo script $1 $#\nreturn 3 2>/dev/null || exit 3\n",
	}
}

func populate(t *testing.T, dir string) {
	t.Helper()
	for name, content := range fixture() {
		full := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExamples runs all examples here.
func TestExamples(t *testing.T) {
	for file, list := range examples(t) {
		for _, ex := range list {
			t.Run(filepath.Base(file)+"/"+ex.title, func(t *testing.T) {
				t.Parallel()
				b := newBox(t)
				populate(t, filepath.Join(b.root, "w"))
				var out bytes.Buffer
				code, err := b.Run(t.Context(), Command{
					Argv: []string{"sh", "-c", ex.script}, Dir: "/w", Stdout: &out, Stderr: &out, Env: []string{"HOME=/root", "PATH=/bin"},
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.TrimSuffix(out.String(), "\n"); got != ex.output || fmt.Sprint(code) != ex.code {
					t.Errorf("%s\n--- got %d\n%s\n--- want %s\n%s", ex.script, code, got, ex.code, ex.output)
				}
			})
		}
	}
}

// busybox finds a real one, with its programs in a directory.
func busybox(t *testing.T) (sh, bin string) {
	t.Helper()
	real, err := exec.LookPath("busybox")
	if err != nil {
		if os.Getenv("K8SLAB_REQUIRE_BUSYBOX") != "" {
			t.Fatal("no busybox, but K8SLAB_REQUIRE_BUSYBOX is set")
		}
		t.Skip("no busybox on this machine")
	}
	bin = t.TempDir()
	if out, err := exec.Command(real, "--install", "-s", bin).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(bin, "sh"), bin
}

// TestBusybox checks that the examples say the truth about busybox.
func TestBusybox(t *testing.T) {
	_, bin := busybox(t)
	for file, list := range examples(t) {
		var text strings.Builder
		for _, ex := range list {
			if !*update && strings.Contains(ex.script, "whoami") && os.Getuid() != 0 {
				continue // a container's user is root
			}
			dir := t.TempDir()
			populate(t, dir)
			cmd := exec.Command("sh", "-c", ex.script)
			cmd.Path = filepath.Join(bin, "sh")
			cmd.Dir = dir
			cmd.Env = []string{"HOME=/root", "PATH=" + bin}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			got := strings.TrimSuffix(string(out), "\n")
			code := fmt.Sprint(cmd.ProcessState.ExitCode())
			fmt.Fprintf(&text, "### %s\n%s\n>>> %s\n%s\n", ex.title, ex.script, code, got)
			if !*update && (got != ex.output || code != ex.code) {
				t.Errorf("%s: %s\n--- busybox says %s\n%s\n--- the example says %s\n%s", file, ex.script, code, got, ex.code, ex.output)
			}
		}
		if *update {
			if err := os.WriteFile(file, []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
