package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"k8s.io/component-base/version"
)

// release is k8slab's own version. The linker sets it (see the Makefile).
var release string

// versionInfo is what `version -o json` prints.
type versionInfo struct {
	Version    string `json:"version"`
	Kubernetes string `json:"kubernetes"`
	Go         string `json:"go"`
	Platform   string `json:"platform"`
}

func newVersionCommand(s streams) *cobra.Command {
	var output outputFormat
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of k8slab and of Kubernetes in it",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := versions()
			return output.write(s.out, v, func() error {
				_, err := fmt.Fprintf(s.out, "k8slab %s\nKubernetes %s\n%s %s\n", v.Version, v.Kubernetes, v.Go, v.Platform)
				return err
			}, nil)
		},
	}
	output.addTo(c, formatText, formatJSON, formatYAML)
	return c
}

func versions() versionInfo {
	return versionInfo{
		Version:    k8slabVersion(),
		Kubernetes: version.Get().GitVersion,
		Go:         runtime.Version(),
		Platform:   runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// k8slabVersion is the linker's version, or what `go install` knows.
func k8slabVersion() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
