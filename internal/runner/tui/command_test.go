package tui

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/lessons"
)

func TestCommandLines(t *testing.T) {
	tests := map[string]struct {
		command string
		columns int
		want    []string
	}{
		"short":             {"kubectl get pods", 40, []string{"kubectl get pods"}},
		"just fits":         {"kubectl get pods", 18, []string{"kubectl get pods"}},
		"long":              {"kubectl get pods -l app=web -o wide", 22, []string{`kubectl get pods \`, `    -l app=web -o \`, `    wide`}},
		"quoted":            {"echo 'a b c d e f g' x", 18, []string{`echo \`, `    'a b c d '\`, `|'e f g' x`}},
		"in double quotes":  {`echo "a b c d e f g" x`, 18, []string{`echo \`, `    "a b c d e \`, `|f g" x`}},
		"at commas":         {"get -o=NAME:.name,IMAGE:.image,AT:.time x", 22, []string{`get \`, `    -o=NAME:.name,\`, `|IMAGE:.image,\`, `|AT:.time x`}},
		"nowhere":           {"abcdefghijklmnopqrstuvwxyz", 14, []string{`abcdefghijk\`, `|lmnopqrstuvwx\`, `|yz`}},
		"substitution":      {`kubectl delete pod $(kubectl get pods -o name)`, 34, []string{`kubectl delete pod \`, `    $(kubectl get pods -o name)`}},
		"long substitution": {`delete $(kubectl get pods -o name)`, 22, []string{`delete \`, `    $(kubectl get \`, `|pods -o name)`}},
		"several lines":     {"cat <<EOF\n  a b c d e\nEOF", 12, []string{"cat <<EOF", "  a b c d ", "e", "EOF"}},
		"leading space":     {"  -f web.yaml", 22, []string{"  -f web.yaml"}},
		"escaped space":     {`a\ b c`, 8, []string{`a\ b c`}},
		"several spaces":    {"a  b", 22, []string{"a  b"}},
		"unfinished quote":  {"it's", 22, []string{"it's"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, l := range commandLines(test.command, test.columns, 2) {
				if l.flush {
					l.text = "|" + l.text
				}
				got = append(got, l.text)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestCommandsCanBePasted: a shell takes what is copied from the screen for the command that
// the lesson has.
func TestCommandsCanBePasted(t *testing.T) {
	names, err := lesson.List(lessons.FS())
	if err != nil {
		t.Fatal(err)
	}
	var commands []string
	for _, name := range names {
		l, err := lesson.Parse(lessons.FS(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range l.Steps {
			for _, c := range s.Commands() {
				if strings.HasPrefix(c.Text, "kubectl ") && !strings.ContainsAny(c.Text, "<>|&;") {
					commands = append(commands, c.Text)
				}
			}
		}
	}
	if len(commands) < 20 {
		t.Fatalf("only %d commands", len(commands))
	}
	for _, columns := range []int{40, 48, 61, 78, 80, 100} {
		for _, c := range commands {
			var lines []string
			for i, l := range commandLines(c, columns, 4) {
				text := l.text
				if i > 0 && !l.flush {
					text = "    " + text
				}
				if width(text) > columns {
					t.Errorf("too wide for %d columns: %q", columns, text)
				}
				lines = append(lines, text)
			}
			if shown := strings.Join(lines, "\n"); words(t, shown) != words(t, c) {
				t.Errorf("%s\nis in %d columns another command:\n%s", c, columns, shown)
			}
		}
	}
}

// words is what a shell makes of a command whose programs say what they were given.
func words(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.Command("/bin/sh", "-c", "kubectl() { printf '<%s>' \"$@\"; }\n"+command).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	return string(out)
}
