package sameness

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// events returns the Events that there were, each once and by object: how often, and in
// which order, depends on who is asked first.
func events(w timeline.Window, n *names) []string {
	b := &block{heading: "Events"}
	for _, e := range timeline.Histories[corev1.Event](w, "", "") {
		for _, v := range e.Versions() { // similar ones become one Event, with the message of the last
			if v.Object != nil && !incidental(v.Object) {
				b.once("%s", eventLine(v.Object, n))
			}
		}
	}
	slices.Sort(b.lines)
	return b.text()
}

func eventLine(e *corev1.Event, n *names) string {
	reason, message := e.Reason, n.text(e.Message)
	if there, ok := image(e); ok {
		reason, message = "Pulled", there
	}
	return fmt.Sprintf("%s %s: %s %s from %s: %s", e.InvolvedObject.Kind, n.of(e.InvolvedObject.Name), e.Type, reason,
		cmp.Or(e.ReportingController, e.Source.Component), message)
}

// incidental reports that an Event tells of chance, or of what is not Kubernetes: of a
// volume that was not there yet, of a kubelet that has not heard of a ConfigMap yet, of a
// probe that the end of its container interrupted, and what a provisioner of volumes says.
func incidental(e *corev1.Event) bool {
	return e.InvolvedObject.Kind == "PersistentVolumeClaim" || unbound(e.Message) ||
		strings.Contains(e.Message, "configmap cache: timed out") ||
		strings.Contains(e.Message, "probe errored and resulted in unknown state")
}

var imageMessage = regexp.MustCompile(`(?i)image "([^"]+)"`)

// image returns what the Events around a pull that succeeds have in common: some nodes
// have an image before it is wanted.
func image(e *corev1.Event) (string, bool) {
	if e.Type != corev1.EventTypeNormal || e.Reason != "Pulling" && e.Reason != "Pulled" {
		return "", false
	}
	found := imageMessage.FindStringSubmatch(e.Message)
	if found == nil {
		return "", false
	}
	return fmt.Sprintf("image %q was wanted", found[1]), true
}
