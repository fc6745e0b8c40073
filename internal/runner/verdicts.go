package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// verdictsFile stands beside the timeline: what the checks found in it. It is for who
// looks at the recording later; a grade is judged again from the timeline.
const verdictsFile = "verdicts.json"

// WriteVerdicts puts verdicts beside a lab's timeline, in the place of those before. Who
// reads them sees all or none, but they may be lost with the machine: this is done
// while a learner waits for the verdicts.
func (d *LabDir) WriteVerdicts(verdicts []Verdict) error {
	content, err := json.Marshal(verdicts)
	if err != nil {
		return fmt.Errorf("encode the verdicts of lab %q: %w", d.Name, err)
	}
	next := d.file(verdictsFile + ".next")
	if err = os.WriteFile(next, append(content, '\n'), labFileMode); err == nil {
		err = os.Rename(next, d.file(verdictsFile))
	}
	if err != nil {
		return fmt.Errorf("write the verdicts of lab %q: %w", d.Name, err)
	}
	return nil
}

// VerdictsBeside returns the verdicts that were written beside a timeline file; none if
// there is no such file.
func VerdictsBeside(timeline string) ([]Verdict, error) {
	path := filepath.Join(filepath.Dir(timeline), verdictsFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read verdicts: %w", err)
	}
	var verdicts []Verdict
	if err := json.Unmarshal(content, &verdicts); err != nil {
		return nil, fmt.Errorf("read verdicts: %s: %w", path, err)
	}
	return verdicts, nil
}
