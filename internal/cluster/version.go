package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"
)

// Kubernetes is the minor version of Kubernetes that lessons are proven with: that
// of the embedded cluster, and of the node image of kind clusters.
const Kubernetes = "1.36"

// Deviation says that the version of a cluster, such as "v1.30.4", has another minor
// version than Kubernetes. It is empty if not, and if nobody knows.
func Deviation(of string) string {
	has, err := version.ParseGeneric(of)
	if err != nil {
		return ""
	}
	proven := version.MustParseGeneric(Kubernetes)
	if has.Major() == proven.Major() && has.Minor() == proven.Minor() {
		return ""
	}
	return fmt.Sprintf("the cluster has Kubernetes %s, and lessons are proven with %s: verdicts may differ", of, Kubernetes)
}
