package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2"
)

// Record is what the directory of a lab says about its session, also when that is not
// there any more.
type Record struct {
	Lesson   string        `json:"lesson"`
	Lessons  string        `json:"lessons,omitempty"` // as in State
	Provider string        `json:"provider"`
	Image    string        `json:"image,omitempty"`   // of a kind cluster's nodes
	Context  string        `json:"context,omitempty"` // of an existing cluster
	Socket   string        `json:"socket"`            // path; where the session is reached
	Process  int           `json:"process"`
	Boot     string        `json:"boot"` // of the machine, while which the session began
	Started  time.Time     `json:"started"`
	Idle     time.Duration `json:"idle"`
	Ended    *End          `json:"ended,omitempty"` // nil if the session goes on, or was killed
}

// End is how a session ended.
type End struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"` // a sentence without its stop
	Remedy string    `json:"remedy,omitempty"`
	Log    string    `json:"log,omitempty"`    // file with the evidence, if something broke
	Wanted bool      `json:"wanted,omitempty"` // nothing broke
}

// lose says that what was done last is lost.
func (e *End) lose(why string) {
	e.Reason += ", and what you did last could not be saved: " + why
	e.Remedy = afterLoss
}

// afterLoss is the next step for who has lost something.
const afterLoss = "See to it that it can be saved, as by freeing some space. Then `k8slab start` goes on; what you did since it was saved last is lost."

const (
	recordFile = "session.json"
	fileMode   = 0o600
)

// LoadRecord returns the record in a lab's directory. Without one, the error is
// fs.ErrNotExist.
func LoadRecord(labDir string) (Record, error) {
	var r Record
	content, err := os.ReadFile(filepath.Join(labDir, recordFile))
	if err == nil {
		err = json.Unmarshal(content, &r)
	}
	if err != nil {
		return Record{}, fmt.Errorf("read the record of the session: %w", err)
	}
	return r, nil
}

// Save replaces the record in a lab's directory.
func (r Record) Save(labDir string) error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = renameio.WriteFile(filepath.Join(labDir, recordFile), append(content, '\n'), fileMode, renameio.WithTempDir(labDir))
	}
	if err != nil {
		return fmt.Errorf("write the record of the session: %w", err)
	}
	return nil
}

// Why says how a session ended that is not there any more.
func (r Record) Why() End {
	const (
		again = "`k8slab start` goes on with the step that you were in; what you have done is kept."
		saved = "`k8slab start` goes on with the step that you were in; what was saved is kept." // all, or a command has said that it is not
	)
	switch {
	case r.Ended != nil && r.Ended.Remedy != "":
		return *r.Ended
	case r.Ended != nil:
		e := *r.Ended
		e.Remedy = again
		return e
	case r.Boot != BootID():
		return End{Reason: "the machine was started again", Remedy: saved}
	default:
		return End{Reason: "its process was killed", Remedy: saved}
	}
}

// BootID tells one run of the machine from another; it is empty where the system does
// not say.
func BootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// ended returns the error of a session that cannot be reached.
func ended(labDir string) error {
	e := &EndedError{Lab: filepath.Base(labDir), Reason: "it was never started", Remedy: "`k8slab start` starts one."}
	r, err := LoadRecord(labDir)
	if errors.Is(err, fs.ErrNotExist) {
		return e
	}
	if err != nil {
		return err
	}
	why := r.Why()
	e.Reason, e.Remedy, e.Broken = why.Reason, why.Remedy, !why.Wanted
	return e
}
