package checks

import (
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/lab"
)

// nothing returns the zero value of a type, which linters cannot know.
func nothing[T any]() (zero T) { return zero }

// TestPanicsReadTheSame lets a check panic, compiled and interpreted.
func TestPanicsReadTheSame(t *testing.T) {
	tests := []struct {
		name, body, message string
		line                int
		compiled            func(*lab.T)
	}{
		{"nil pointer", "var p *corev1.Pod\n\tt.Logf(`%v`, p.Name)", "a nil pointer was used", 12,
			func(t *lab.T) { p := nothing[*corev1.Pod](); t.Logf(`%v`, p.Name) }},
		{"nil field", "p := &corev1.Pod{}\n\tt.Logf(`%v`, *p.Spec.Priority)", "a nil pointer was used", 12,
			func(t *lab.T) { p := &corev1.Pod{}; t.Logf(`%v`, *p.Spec.Priority) }},
		{"in a block", "{\n\t\tvar p *corev1.Pod\n\t\tt.Logf(`%v`, p.Name)\n\t}", "a nil pointer was used", 13,
			func(t *lab.T) { p := nothing[*corev1.Pod](); t.Logf(`%v`, p.Name) }},
		{"index", "p, n := &corev1.Pod{}, 0\n\tt.Logf(`%v`, p.Spec.Containers[n].Name)", "an index is out of range", 12,
			func(t *lab.T) { p, n := &corev1.Pod{}, 0; t.Logf(`%v`, p.Spec.Containers[n].Name) }},
		{"index of an array", "var all [3]int\n\tn := 5\n\tall[n] = 1", "an index is out of range", 13,
			func(t *lab.T) { var all [3]int; n := 5; all[n] = 1; t.Logf(`%v`, all) }},
		{"index of a string", "s, n := `abc`, 5\n\tt.Logf(`%v`, s[n])", "an index is out of range", 12,
			func(t *lab.T) { s, n := `abc`, 5; t.Logf(`%v`, s[n]) }},
		{"slice", "all := []int{1}\n\tn := 5\n\tt.Logf(`%v`, all[:n])", "an index is out of range", 13,
			func(t *lab.T) { all := []int{1}; n := 5; t.Logf(`%v`, all[:n]) }},
		{"length", "n := -1\n\tt.Logf(`%v`, make([]int, n))", "a length is negative", 12,
			func(t *lab.T) { n := -1; t.Logf(`%v`, make([]int, n)) }},
		{"type", "var x any = 1\n\tt.Logf(`%v`, x.(string))", "interface conversion: interface {} is int, not string", 12,
			func(t *lab.T) { var x any = 1; t.Logf(`%v`, x.(string)) }},
		{"division", "n := 0\n\tt.Logf(`%v`, 1/n)", "integer divide by zero", 12,
			func(t *lab.T) { n := 0; t.Logf(`%v`, 1/n) }},
		{"function", "var f func()\n\tf()", "a nil pointer was used", 12,
			func(*lab.T) { f := nothing[func()](); f() }},
		{"map", "var m map[string]int\n\tm[`a`] = 1", "a value was put into a map that is nil", 12,
			func(*lab.T) { m := nothing[map[string]int](); m[`a`] = 1 }},
		{"its own", "panic(`boom`)", "boom", 11,
			func(*lab.T) { panic(`boom`) }},
	}
	w := startWorker(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := Request{Filename: "checks.go", Source: hostile(`corev1 "k8s.io/api/core/v1"`, test.body+"\n\t_ = corev1.PodRunning"), Names: []string{"Hostile"}}
			interpreted, err := w.Run(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			native := RunNative(r, map[string]func(*lab.T){"Hostile": test.compiled})
			i, n := interpreted[0], native[0]
			if i.Message != n.Message || !strings.HasPrefix(i.Message, "the check panicked: "+test.message) || i.Outcome != Error || n.Outcome != Error {
				t.Errorf("interpreted %q, compiled %q, want %q", i.Message, n.Message, test.message)
			}
			if want := "checks.go:" + strconv.Itoa(test.line); i.Position != want {
				t.Errorf("at %s, want %s", i.Position, want)
			}
		})
	}
}
