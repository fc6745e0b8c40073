package checks

import (
	"reflect"
	"testing"

	"github.com/k8slab/k8slab/lab"
)

func TestRunNative(t *testing.T) {
	src := hostile("", "t.Equal(1, 2, `n`)")
	got := RunNative(Request{Filename: "checks.go", Source: src}, map[string]func(*lab.T){
		"First":   func(t *lab.T) { t.Equal(1, 2, "n") },
		"Hostile": func(*lab.T) { panic("boom") },
	})
	want := []Finding{
		{Check: "First", Title: "First", Outcome: Failed, Message: "n: got 1, want 2", Position: "native_test.go:13"},
		{Check: "Hostile", Title: "Hostile", Outcome: Error, Message: "the check panicked: boom"},
		{Check: "Last", Title: "Last", Outcome: Error, Message: "there is no check Last"},
	}
	if len(got) != len(want) {
		t.Fatalf("got %+v", got)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}
