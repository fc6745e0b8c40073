package embedded

import "k8s.io/component-base/version"

// kubernetesVersion is the version of every component in this package, such as
// "v1.36.3". The linker sets it (see LDFLAGS in the Makefile).
func kubernetesVersion() string { return version.Get().GitVersion }
