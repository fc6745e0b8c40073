package claim

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestClaims(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "claims")
	if left, err := Leftovers(dir); err != nil || len(left) > 0 {
		t.Errorf("a directory that is not there: %v, %v", left, err)
	}
	c, err := Take(dir, Note{Provider: "kind", Name: "k8slab-a", Lab: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Previous != nil {
		t.Errorf("the first of its name follows %+v", c.Previous)
	}
	_, err = Take(dir, Note{Provider: "kind", Name: "k8slab-a"})
	held, ok := errors.AsType[*HeldError](err)
	if !ok || held.Note.Lab != "a" || held.Note.Process != os.Getpid() {
		t.Errorf("the name is held: %v", err)
	}
	if left, err := Leftovers(dir); err != nil || len(left) > 0 {
		t.Errorf("what is held is no leftover: %v, %v", left, err)
	}
	if err := c.Leave(); err != nil {
		t.Fatal(err)
	}
	left, err := Leftovers(dir)
	if err != nil || len(left) != 1 || left[0].Name != "k8slab-a" {
		t.Errorf("what was left: %v, %v", left, err)
	}
	c, err = Take(dir, Note{Provider: "kind", Name: "k8slab-a", Lab: "b"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Previous == nil || c.Previous.Lab != "a" {
		t.Errorf("the second of its name follows %+v, want the first", c.Previous)
	}
	if err := c.Done(); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("after the end there is %v", entries)
	}
}
