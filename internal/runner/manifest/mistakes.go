package manifest

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// mistakes looks for what is easy to get wrong and hard to find.
func (l *linter) mistakes(n *yaml.Node, kind string) {
	if slices.Contains([]string{"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}, kind) {
		l.selector(n, kind)
	}
	if template := at(n, "spec", "template"); template != nil && at(template, "spec") == nil && template.Kind == yaml.MappingNode {
		key, _ := pair(at(n, "spec"), "template")
		l.report(key, "Write spec: below template, and the containers below that.", "the template has no spec")
	}
	if kind == "Job" {
		l.restartPolicy(at(n, "spec", "template", "spec"), kind)
	}
	if kind == "CronJob" {
		l.restartPolicy(at(n, "spec", "jobTemplate", "spec", "template", "spec"), kind)
	}
}

// selector compares a selector with the labels of the Pods that come from the template.
func (l *linter) selector(n *yaml.Node, kind string) {
	spec := at(n, "spec")
	key, selector := pair(spec, "selector")
	template := at(spec, "template")
	if spec == nil || template == nil {
		return
	}
	if selector == nil {
		l.report(spec, "Write selector: with matchLabels: below it, and there the labels of the template.", "the %s has no selector: it would not know which Pods are its own", kind)
		return
	}
	labels := at(template, "metadata", "labels")
	wanted := at(selector, "matchLabels")
	if wanted == nil || wanted.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(wanted.Content); i += 2 {
		k, v := wanted.Content[i], resolve(wanted.Content[i+1])
		have := value(labels, k.Value)
		switch {
		case labels == nil:
			l.report(key, fmt.Sprintf("Below template, write metadata: with labels: and there %s: %s.", k.Value, v.Value), "the template has no labels, and the selector wants %s: %s", k.Value, v.Value)
			return
		case have == nil:
			l.report(k, fmt.Sprintf("Add %s: %s to the labels of the template, or correct the selector.", k.Value, v.Value), "the selector wants the label %s: %s, which the template does not have", k.Value, v.Value)
		case have.Value != v.Value:
			l.report(v, "Make them the same.", "the selector wants %s: %s, and the template's label is %s: %s", k.Value, v.Value, k.Value, have.Value)
		}
	}
}

// restartPolicy wants what a Job has to say.
func (l *linter) restartPolicy(spec *yaml.Node, kind string) {
	if spec == nil || spec.Kind != yaml.MappingNode {
		return
	}
	policy := value(spec, "restartPolicy")
	if policy == nil {
		l.report(spec, "Write restartPolicy: Never or restartPolicy: OnFailure beside containers.", "the template of a %s has to say its restartPolicy", kind)
		return
	}
	if !slices.Contains([]string{"Never", "OnFailure"}, policy.Value) {
		l.report(policy, "Write Never or OnFailure.", "the restartPolicy of a %s cannot be %s", kind, policy.Value)
	}
}
