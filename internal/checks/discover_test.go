package checks

import (
	"strings"
	"testing"
)

func TestDiscover(t *testing.T) {
	src := `package checks

import vocabulary "github.com/k8slab/k8slab/lab"

// Three Pods run
// nginx:1.25.
//
// It does not look at their names.
func ThreePods(t *vocabulary.T) {}

// Named: with its name in front.
func Named(t *vocabulary.T) {}

func NoPodWasReplaced(_ *vocabulary.T) {}

func helper(t *vocabulary.T)             {}
func Result(t *vocabulary.T) bool        { return true }
func Two(t *vocabulary.T, n int)         {}
func Both(t, u *vocabulary.T)            {}
func Other(t *other.T)                   {}
func Value(t vocabulary.T)               {}
func Generic[X any](t *vocabulary.T)     {}
func (s thing) Method(t *vocabulary.T)   {}
`
	got, err := Discover("checks.go", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	want := []Check{
		{"ThreePods", "Three Pods run nginx:1.25", 9},
		{"Named", "with its name in front", 12},
		{"NoPodWasReplaced", "No pod was replaced", 14},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}

func TestDiscoverErrors(t *testing.T) {
	for src, want := range map[string]string{
		"package checks\n\nfunc f( {}": "checks.go:3:9: expected",
		"package checks":               "checks.go: no check here",
	} {
		if _, err := Discover("checks.go", []byte(src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", src, err, want)
		}
	}
}
