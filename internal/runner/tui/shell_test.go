package tui

import (
	"os/exec"
	"strings"
	"testing"
)

func TestShellGreets(t *testing.T) {
	var out strings.Builder
	done := false
	s := Shell{Cmd: exec.Command("/bin/sh", "-c", "echo shell"), Greeting: "hello", Done: func() { done = true }}
	s.SetStdout(&out)
	if err := s.Run(); err != nil || out.String() != "hello\nshell\n" || !done {
		t.Errorf("got %q, %v, %v", out.String(), done, err)
	}
}
