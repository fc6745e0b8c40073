// Package conformance runs Kubernetes' own conformance specs of workloads on the
// embedded cluster: every one that is called "[sig-apps] … [Conformance]", slow
// and serial ones too, as compiled from k8s.io/kubernetes' e2e packages.
//
// It is a module of its own, so that what only these specs need stays out of
// the program's go.mod. All of it is a test binary, which `make conformance`
// builds and runs; see docs/conformance.md and the script called run.
//
// Deliberately absent: a list of the specs. Which there are is in upstream's own
// conformance.yaml, and a run of all of them fails when one is missing. Absent
// as well are retries, a spec that is left out because it fails, and anything
// that makes the cluster different from the one a lesson gets.
package conformance
