package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLessons(t *testing.T) {
	scripts, err := filepath.Glob("../../../lessons/*/checks/checks.go")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, name := range scripts {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range Script(name, src) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

// script returns a check with a body, whose first line is 13.
func script(body string) []byte {
	return []byte(`package checks

import (
	"fmt"
	"strings"

	"github.com/k8slab/k8slab/lab"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func Check(t *lab.T, pod *corev1.Pod, spec corev1.PodSpec, m metav1.ObjectMeta) {
` + body + `
}

var _, _, _ = fmt.Sprint, strings.Join, t
`)
}

// problems of a body, without that of the variable which keeps imports used.
func problems(body string) []string {
	var all []string
	for _, p := range Script("dir/checks.go", script(body)) {
		if !strings.Contains(p.Message, "of the package outlives") && !strings.Contains(p.Message, "undefined: t") {
			all = append(all, strings.TrimPrefix(p.String(), "checks.go:"))
		}
	}
	return all
}

func TestAccepted(t *testing.T) {
	for _, body := range []string{
		`t.Equal(1, 2, "n")`,
		`web := t.ReplicaSet("web"); t.Equal(web.Spec.Replicas, 3, "replicas"); t.Equal(web.Labels["app"], "web", "label")`,
		`for _, p := range t.During().Pods("app=web").Created() { t.Never(p.Removed(), "Pod %s", p.Name()) }`,
		`for _, p := range t.Now().Pods("") { t.Always(func(s *lab.State) bool { return len(s.Pods("")) > len(p.Name) }, "x") }`,
		`for _, p := range t.Now().Pods("") { p := p.Name; fs := []func() string{func() string { return p }}; t.Equal(len(fs), 1, "n") }`,
		`labels := map[string]string{}; labels["a"] = "b"; t.Equal(len(labels), 1, "n")`,
		`spec.NodeName = "a"; t.Equal(spec.NodeName, "a", "node")`,
		`var sum int; for i := 0; i < 3; i++ { sum += i }; t.Equal(sum, 3, "sum")`,
		`if metav1.GetControllerOf(pod) == nil { t.Errorf("no owner") }; t.Logf("%v", m.Name)`,
		`type pair struct{ a, b int }; p := pair{1, 2}; p.a = 3; t.Equal(p.a, p.b, "x")`,
		`var x any = 1; if n, ok := x.(int); ok { t.Equal(n, 1, "n") }`,
		`var ready corev1.PodConditionType = corev1.PodReady; t.Equal(ready, "Ready", "x"); fmt.Println(strings.ToUpper("a"))`,
	} {
		if got := problems(body); len(got) > 0 {
			t.Errorf("%s\n\trejected: %s", body, got)
		}
	}
}

func TestRejected(t *testing.T) {
	tests := []struct{ body, want string }{
		{`t.Equals(1, 2, "n")`, "13:3: t.Equals undefined"},
		{`t.Equal(1, 2)`, "13:13: not enough arguments in call to t.Equal"},
		{`t.Pod(1)`, "13:7: cannot use 1"},
		{`t.Equal(pod.Spec.Node, "a", "node")`, "13:18: pod.Spec.Node undefined"},
		{`lab.Judge(nil, nil)`, "13:5: undefined: lab.Judge"},
		{`t.run = nil`, "13:3: t.run undefined"},
		{`if "a" == 1 { }`, "13:11: "},
		{`go t.Errorf("x")`, "13:1: a check runs in one goroutine"},
		{`c := make(chan int); c <- 1`, "13:22: there is nobody at the other end"},
		{`select {}`, "13:1: there is nobody at the other end"},
		{`pod.Name = "x"`, "13:1: this changes something that other checks see too"},
		{`pod.Labels["app"] = "x"`, "13:1: this changes something that other checks see too"},
		{`pod.Spec.Containers[0].Image = "x"`, "13:1: this changes something that other checks see too"},
		{`*pod = corev1.Pod{}`, "13:1: this changes something that other checks see too"},
		{`for i := 0; i < 3; i++ { func() { defer t.Errorf("%d", i) }(); defer t.Errorf("x") }`, "13:64: the interpreter runs a deferred call"},
		{`f := t.Errorf; f("x")`, "13:6: the interpreter calls the method of a variable's last value"},
		{`f := (*lab.T).Errorf; f(t, "x")`, "13:6: the interpreter does not know methods as functions"},
		{`var x any = pod; if _, ok := x.(fmt.Stringer); ok { }`, "13:33: the interpreter never finds"},
		{`type named interface{ Name() string }; var n named; _ = n`, "13:6: the interpreter loses"},
		{`for i := range 3 { t.Errorf("%d", i) }`, "13:16: cannot range over 3"},
		{`for i := 0; i < 3; i++ { fs := []func() int{}; fs = append(fs, func() int { return i }); t.Equal(len(fs), 1, "n") }`, "13:84: the interpreter has one variable i"},
		{`for i := 0; i < 3; i++ { p := &i; t.Equal(*p, 1, "n") }`, "13:31: the interpreter has one variable i"},
	}
	for _, test := range tests {
		got := problems(test.body)
		if len(got) == 0 || !strings.HasPrefix(got[0], test.want) {
			t.Errorf("%s\n\tgot  %q\n\twant %s", test.body, got, test.want)
		}
	}
}

func TestRejectedFiles(t *testing.T) {
	tests := []struct{ src, want string }{
		{"package main", "checks.go:1:9: the package is named main"},
		{"package checks\n\nimport \"os\"\n\nvar x = os.Args", "checks.go:3:8: package os is not for check scripts; they may import errors, fmt"},
		{"package checks\n\nimport . \"fmt\"\n\nfunc f() { Println() }", "checks.go:3:8: import it under a name"},
		{"package checks\n\nimport \"time\"\n\nfunc f() time.Time { return time.Now() }", "checks.go:5:34: undefined: time.Now"},
		{"package checks\n\nfunc f[T any](x T) {}", "checks.go:3:7: generics are not for check scripts"},
		{"package checks\n\ntype l[T any] []T", "checks.go:3:7: generics are not for check scripts"},
		{"package checks\n\nfunc init() {}", "checks.go:3:6: init does not belong to a check"},
		{"package checks\n\nfunc f( {}", "checks.go:3:9: expected"},
	}
	for _, test := range tests {
		got := Script("checks.go", []byte(test.src))
		if len(got) == 0 || !strings.HasPrefix(got[0].String(), test.want) {
			t.Errorf("%s\n\tgot  %v\n\twant %s", test.src, got, test.want)
		}
	}
}

func BenchmarkScript(b *testing.B) {
	src, err := os.ReadFile("../../../lessons/replicaset-updates/checks/checks.go")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		Script("checks.go", src)
	}
}
