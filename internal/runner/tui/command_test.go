package tui

import (
	"slices"
	"strings"
	"testing"
)

func TestCommandLines(t *testing.T) {
	tests := map[string]struct {
		command string
		columns int
		want    []string
	}{
		"short":            {"kubectl get pods", 40, []string{"kubectl get pods"}},
		"just fits":        {"kubectl get pods", 16, []string{"kubectl get pods"}},
		"long":             {"kubectl get pods -l app=web -o wide", 20, []string{`kubectl get pods \`, `    -l app=web -o \`, `    wide`}},
		"quoted":           {"echo 'a b c d e f g' x", 16, []string{`echo \`, `    'a b c d e f`, ` g' \`, `    x`}},
		"substitution":     {`kubectl delete pod $(kubectl get pods -o name)`, 32, []string{`kubectl delete pod \`, `    $(kubectl get pods -o name)`}},
		"several lines":    {"cat <<EOF\n  a b c d e\nEOF", 10, []string{"cat <<EOF", "  a b c d ", "e", "EOF"}},
		"leading space":    {"  -f web.yaml", 20, []string{"  -f web.yaml"}},
		"escaped space":    {`a\ b c`, 6, []string{`a\ b c`}},
		"several spaces":   {"a  b", 20, []string{"a  b"}},
		"unfinished quote": {"it's", 20, []string{"it's"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := commandLines(test.command, test.columns); !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
