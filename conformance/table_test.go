package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/onsi/ginkgo/v2/types"
	"k8s.io/kubernetes/test/conformance/testdata"
	"sigs.k8s.io/yaml"
)

// writeTable writes what became of every spec that was to run. It returns an error
// when one of them did not pass, and when they were not all that upstream has,
// unless less was asked for.
func writeTable(file string, report types.Report) error {
	w, err := os.Create(file)
	if err != nil {
		return err
	}
	defer w.Close()
	specs := selected(report)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	passed := 0
	for _, s := range specs {
		if s.State == types.SpecStatePassed {
			passed++
		}
		fmt.Fprintf(table, "%s\t%.1f s\t%s\n", s.State, s.RunTime.Seconds(), s.FullText())
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%d of %d passed in %s\n", passed, len(specs), report.RunTime.Round(time.Second)); err != nil {
		return err
	}
	switch {
	case len(specs) == 0:
		return errors.New("no spec was selected")
	case passed != len(specs):
		return fmt.Errorf("%d specs did not pass", len(specs)-passed) // one that skips itself proves nothing
	}
	if len(report.SuiteConfig.FocusStrings) > 0 || len(report.SuiteConfig.SkipStrings) > 0 {
		return nil
	}
	return complete(specs)
}

// selected are the specs that were not filtered out, by name.
func selected(report types.Report) types.SpecReports {
	var specs types.SpecReports
	for _, s := range report.SpecReports {
		filtered := s.State == types.SpecStateSkipped && s.Failure.Message == ""
		if s.LeafNodeType == types.NodeTypeIt && !filtered {
			specs = append(specs, s)
		}
	}
	slices.SortFunc(specs, func(a, b types.SpecReport) int { return cmp.Compare(a.FullText(), b.FullText()) })
	return specs
}

// complete compares the specs with those that a conformant cluster of this
// version has to pass.
func complete(specs types.SpecReports) error {
	missing, err := required()
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range specs {
		if !missing[s.FullText()] {
			errs = append(errs, fmt.Errorf("not among upstream's conformance specs: %s", s.FullText()))
		}
		delete(missing, s.FullText())
	}
	for name := range missing {
		errs = append(errs, fmt.Errorf("did not run: %s", name))
	}
	return errors.Join(errs...)
}

// required are the names in upstream's conformance.yaml.
func required() (map[string]bool, error) {
	data, err := testdata.GetConformanceTestdataFS().ReadTestFile("test/conformance/testdata/conformance.yaml")
	if err != nil {
		return nil, err
	}
	var entries []struct{ Codename string }
	if err := yaml.Unmarshal(data, &entries); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, e := range entries {
		if strings.HasPrefix(e.Codename, "[sig-apps] ") {
			names[e.Codename] = true
		}
	}
	return names, nil
}
