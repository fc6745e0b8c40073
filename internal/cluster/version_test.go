package cluster

import (
	"strings"
	"testing"
)

func TestDeviation(t *testing.T) {
	for _, same := range []string{"v1.36.3", "v1.36.99-gke.1", "1.36", "", "unknown"} {
		if d := Deviation(same); d != "" {
			t.Errorf("%q: %s", same, d)
		}
	}
	for _, other := range []string{"v1.35.9", "v1.37.0", "v2.36.0"} {
		if d := Deviation(other); !strings.Contains(d, other) || !strings.Contains(d, Kubernetes) {
			t.Errorf("%q: %q", other, d)
		}
	}
}
