package main

import (
	"slices"
	"testing"
)

func TestRunningFirst(t *testing.T) {
	all := []labStatus{{Lab: "a"}, {Lab: "b", Running: true}, {Lab: "c"}, {Lab: "d", Running: true}}
	runningFirst(all)
	var names []string
	for _, l := range all {
		names = append(names, l.Lab)
	}
	if !slices.Equal(names, []string{"b", "d", "a", "c"}) {
		t.Errorf("got %q", names)
	}
}
