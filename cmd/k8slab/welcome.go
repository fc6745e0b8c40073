package main

import (
	"time"

	"github.com/k8slab/k8slab/internal/runner/live"
)

// What the welcome begins with: where the lesson is chosen still, and where it is known.
const (
	welcomeToCourse = "Choose a lesson. It gets a lab: a Kubernetes cluster of its own, in seconds,"
	welcomeToLesson = "Welcome. This starts a lab: a Kubernetes cluster of its own, in seconds,"
)

// welcome says what will happen, to who is here for the first time: in five lines, none of
// which is broken on 80 columns.
func welcome(first string, idle time.Duration) string {
	return first + `
on this machine only, in the background, with no root and no Docker.
You type kubectl commands; what they do to each Pod is recorded and judged.
Your own kubeconfig is not touched. What you have done is kept.
` + "`k8slab stop` ends the lab. " + ending(idle) + "\n"
}

// ending says when a lab ends by itself.
func ending(idle time.Duration) string {
	if idle <= 0 {
		return "It does not end by itself."
	}
	return "It ends when nobody has used it for " + live.Spell(idle) + "."
}
