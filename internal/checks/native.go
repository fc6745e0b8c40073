package checks

import (
	"fmt"

	"github.com/k8slab/k8slab/lab"
)

// RunNative runs checks that are compiled into the program, in this process and
// without limits. It is for scripts that one trusts: tests compare what the
// interpreter makes of a script with it.
func RunNative(r Request, functions map[string]func(*lab.T)) []Finding {
	c := lab.Case{Manifests: r.Manifests, Window: window(recorded(r), r.Step, r.Settled), Namespace: r.Namespace}
	var findings []Finding
	for _, check := range wanted(r) {
		f, ok := functions[check.Name]
		if !ok {
			findings = append(findings, Finding{Check: check.Name, Title: check.Title, Outcome: Error, Message: fmt.Sprintf("there is no check %s", check.Name)})
			continue
		}
		findings = append(findings, finding(check, lab.Judge(c, f), func() string { return "" }))
	}
	return findings
}
