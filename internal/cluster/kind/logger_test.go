package kind

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestPhaseOf(t *testing.T) {
	tests := []struct {
		line, phase string // as kind v0.33.0 logs it
	}{
		{" • Ensuring node image (kindest/node:v1.36.4) 🖼️  ...\n", "Ensuring node image (kindest/node:v1.36.4)"},
		{" • Preparing nodes 📦 📦 📦   ...\n", "Preparing nodes"},
		{" • Starting control-plane 🕹️  ...\n", "Starting control-plane"},
		{" • Waiting ≤ 1m0s for control-plane = Ready ⏳  ...\n", "Waiting ≤ 1m0s for control-plane = Ready"},
		{" ✓ Preparing nodes 📦\n", ""},
		{" ✗ Preparing nodes 📦\n", ""},
		{" • Ready after 5s 💚", ""},
		{"Creating cluster \"k8slab-demo\" ...\n", ""},
		{"", ""},
	}
	for _, tt := range tests {
		phase, ok := phaseOf(tt.line)
		if phase != tt.phase || ok != (tt.phase != "") {
			t.Errorf("phaseOf(%q) = %q, %v; want %q", tt.line, phase, ok, tt.phase)
		}
	}
}

func TestLogger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kind.log")
	var phases []string
	l, err := openLog(path, func(phase string) { phases = append(phases, phase) })
	if err != nil {
		t.Fatal(err)
	}
	l.phase("Ours")
	l.V(0).Infof(" • %s  ...\n", "Writing configuration 📜")
	l.V(1).Info(" • Not for people  ...\n")
	l.V(logLevel + 1).Info("noise")
	l.Warnf("%d problem", 1)
	l.endProgress()
	l.V(0).Info(" • Too late  ...\n")
	l.close()
	l.Error("after close") // must not panic

	if want := []string{"Ours", "Writing configuration"}; !slices.Equal(phases, want) {
		t.Errorf("phases %q, want %q", phases, want)
	}
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"Z Ours\n", "Not for people", "Z WARNING: 1 problem\n", "Too late"} {
		if !strings.Contains(string(log), part) {
			t.Errorf("the log has no %q:\n%s", part, log)
		}
	}
	if strings.Contains(string(log), "noise") {
		t.Errorf("the log has levels above %d:\n%s", logLevel, log)
	}
}
