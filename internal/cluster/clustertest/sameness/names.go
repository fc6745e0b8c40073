package sameness

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// names gives what is made up in every run a name that is the same in all:
//
//	web-<1>     the Deployment's first ReplicaSet
//	web-<1>-*   a Pod of it: Pods of one controller have one name
//	web-<r1>    revision 1 of a StatefulSet or DaemonSet
//	<namespace> <node> <uid> <id> <ip> <time> <n>
//
// Of what other programs say, it leaves out what depends on their version or on the network.
type names struct {
	known    map[string]string
	replacer *strings.Replacer
}

func newNames(w timeline.Window, namespace string) *names {
	n := &names{known: map[string]string{namespace: "<namespace>"}}
	n.addReplicaSets(w)
	for _, r := range timeline.Histories[appsv1.ControllerRevision](w, "", "") {
		if owner := metav1.GetControllerOf(r.First()); owner != nil {
			n.known[r.Name] = fmt.Sprintf("%s-<r%d>", owner.Name, r.First().Revision)
		}
	}
	n.replacer = n.newReplacer()
	for _, p := range w.Pods() {
		if node := p.Last().Spec.NodeName; node != "" {
			n.known[node] = "<node>"
		}
		n.known[p.Name] = n.podName(p.First())
	}
	n.replacer = n.newReplacer()
	return n
}

func (n *names) addReplicaSets(w timeline.Window) {
	count := map[types.UID]int{}
	for _, rs := range timeline.Histories[appsv1.ReplicaSet](w, "", "") {
		if owner := metav1.GetControllerOf(rs.First()); owner != nil {
			count[owner.UID]++
			n.known[rs.Name] = fmt.Sprintf("%s-<%d>", owner.Name, count[owner.UID])
		}
	}
}

// podName leaves out what the API server made up.
func (n *names) podName(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	if pod.GenerateName == "" || owner != nil && owner.Kind == "StatefulSet" {
		return pod.Name
	}
	return n.replacer.Replace(pod.GenerateName) + "*"
}

// newReplacer prefers long names: some begin with others.
func (n *names) newReplacer() *strings.Replacer {
	var long []string
	for name := range n.known {
		long = append(long, name)
	}
	slices.SortFunc(long, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	var pairs []string
	for _, name := range long {
		pairs = append(pairs, name, n.known[name])
	}
	return strings.NewReplacer(pairs...)
}

// of returns the name of an object.
func (n *names) of(name string) string { return cmp.Or(n.known[name], name) }

// made are patterns of what is made up, measured, or somebody else's wording, and what
// stands for it.
var made = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "<uid>"},
	{regexp.MustCompile(`(<\d+>)-[b-df-hj-np-tv-z2456789]{5}\b`), "$1-*"}, // a Pod that could not be made
	{regexp.MustCompile(`^\(combined from similar events\): `), ""},
	{regexp.MustCompile(`error during container init: `), ""}, // is said by runc from 1.2 on
	{regexp.MustCompile(`: unknown$`), ""},                    // is said by older versions of containerd
	{regexp.MustCompile(`rpc error: code = \w+ desc = (failed to pull)`), "$1"},
	{regexp.MustCompile(`(failed to resolve reference "[^"]+": ).*`), "$1<answer of the registry>"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "<id>"},
	{regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+(:\d+)?\b`), "<ip>"},
	{regexp.MustCompile(`\b\d+ bytes\b`), "<n> bytes"},
	{regexp.MustCompile(`\b[\d.]+(ms|µs)`), "<time>"},
}

// text returns a message with the names that are the same in all runs.
func (n *names) text(message string) string {
	message = n.replacer.Replace(strings.TrimSpace(message))
	for _, m := range made {
		message = m.pattern.ReplaceAllString(message, m.name)
	}
	return strings.ReplaceAll(message, "\n", `\n`)
}
