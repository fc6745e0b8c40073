package cluster

import (
	"errors"
	"io"
	"strings"
	"testing"
)

func TestSpecValidate(t *testing.T) {
	tests := []struct {
		name string
		spec Spec
		want string // part of the message; empty if the spec is valid
	}{
		{"one node", Spec{Lab: "demo", Dir: "/lab", Nodes: 1}, ""},
		{"three nodes", Spec{Lab: "demo-2", Dir: "/lab", Nodes: 3}, ""},
		{"no node", Spec{Lab: "demo", Dir: "/lab"}, "0 nodes"},
		{"too many nodes", Spec{Lab: "demo", Dir: "/lab", Nodes: 4}, "1 to 3"},
		{"ten times faster", Spec{Lab: "demo", Dir: "/lab", Nodes: 1, Pace: 10}, ""},
		{"slower than time", Spec{Lab: "demo", Dir: "/lab", Nodes: 1, Pace: 0.5}, "pace 0.5"},
		{"too fast", Spec{Lab: "demo", Dir: "/lab", Nodes: 1, Pace: 11}, "1 to 10"},
		{"no directory", Spec{Lab: "demo", Nodes: 1}, "no directory"},
		{"no name", Spec{Dir: "/lab", Nodes: 1}, `lab name ""`},
		{"not a label", Spec{Lab: "my_lab", Dir: "/lab", Nodes: 1}, `lab name "my_lab"`},
		{"a path", Spec{Lab: "../demo", Dir: "/lab", Nodes: 1}, `lab name "../demo"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.spec.Validate()
			if tt.want == "" && err != nil {
				t.Errorf("unexpected error: %v", err)
			}
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

func TestErrorKeepsTheCauseAndLeavesTheHintOut(t *testing.T) {
	err := error(&Error{Op: "create the cluster", Log: "/lab/log", Hint: "Try again.", Err: io.ErrUnexpectedEOF})
	if got, want := err.Error(), "create the cluster: unexpected EOF"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}
