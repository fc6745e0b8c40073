package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner"
	"github.com/k8slab/k8slab/internal/runner/lesson"
	"github.com/k8slab/k8slab/internal/runner/live"
	"github.com/k8slab/k8slab/internal/runner/progress"
)

// labArg is the hidden first argument of the process that owns a learner's lab: it
// goes on when the command that started it has ended, and ends with `stop`, when nobody
// uses it, or when it breaks.
const labArg = "__lab"

// labLog is the file in a lab's directory that its process logs to.
const labLog = "lab.log"

// labProcess is what the process is told, as JSON on its standard input.
type labProcess struct {
	Lesson    string        `json:"lesson"`
	Lessons   string        `json:"lessons,omitempty"` // absolute
	Labs      string        `json:"labs"`
	Progress  string        `json:"progress"`
	Cluster   string        `json:"cluster,omitempty"`
	KindImage string        `json:"kindImage,omitempty"`
	Context   string        `json:"context,omitempty"` // of an existing cluster, which may be used
	Idle      time.Duration `json:"idle"`
	Manual    bool          `json:"manual,omitempty"`
	Again     bool          `json:"again,omitempty"` // from the first step, with new files
}

// labReport is what the process says on the file descriptor labReportFD when it can be
// reached, or why it will not.
type labReport struct {
	Ready   bool   `json:"ready,omitempty"`
	Running bool   `json:"running,omitempty"` // another process has the lab
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
	Usage   bool   `json:"usage,omitempty"`
}

const labReportFD = 3

// runLab is that process. It returns its exit code.
func runLab(ctx context.Context, s streams) int {
	signal.Ignore(syscall.SIGHUP) // terminals come and go
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	syscall.CloseOnExec(labReportFD)
	report := os.NewFile(labReportFD, "report")
	tell := json.NewEncoder(report)
	var p labProcess
	if err := json.NewDecoder(s.in).Decode(&p); err != nil {
		_ = tell.Encode(labReport{Error: "read what the lab is: " + err.Error()})
		return exitBroken
	}
	lab, err := openLabProcess(p, s.err)
	if err != nil {
		_ = tell.Encode(labReport{Error: err.Error(), Hint: hint(err), Usage: isUsage(err), Running: errors.Is(err, runner.ErrLabRunning)})
		return exitBroken
	}
	return lab.run(ctx, report, s.err)
}

// ownedLab is a lab that this process owns.
type ownedLab struct {
	process labProcess
	dir     *runner.LabDir
	engine  *live.Engine
	record  live.Record
}

func openLabProcess(p labProcess, log io.Writer) (_ *ownedLab, err error) {
	from := course{dir: p.Lessons}
	all, err := from.open()
	if err != nil {
		return nil, err
	}
	l, err := lesson.Parse(all, p.Lesson)
	if err != nil {
		return nil, err
	}
	clusters := clusterChoice{name: p.Cluster, kindImage: p.KindImage, context: p.Context, yes: true}
	provider, err := clusters.provider(l)
	if err != nil {
		return nil, err
	}
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	lab := &ownedLab{process: p}
	if lab.dir, err = claimLearnersLab(p, l); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, lab.dir.Release())
		}
	}()
	bin, err := makeBin(lab.dir.Path, executable, l.Name)
	if err != nil {
		return nil, err
	}
	lab.record = live.Record{
		Lesson: l.Name, Lessons: p.Lessons, Provider: provider.Name(), Image: p.KindImage, Context: p.Context, Process: os.Getpid(), Boot: live.BootID(),
		Started: time.Now().UTC(), Idle: p.Idle,
	}
	lab.engine, err = live.New(live.Params{
		Lesson: l, Lessons: p.Lessons, Dir: lab.dir, Bin: bin, Provider: provider, Kubectl: executable,
		Checks: checks.WorkerOptions{Argv: []string{executable, checksArg}}, Progress: progress.Store{Dir: p.Progress},
		Process: os.Getpid(), Idle: p.Idle, Manual: p.Manual, Log: log, Again: p.Again,
	})
	return lab, err
}

// claimLearnersLab takes the lab over as it was left, or makes one.
func claimLearnersLab(p labProcess, l *lesson.Lesson) (*runner.LabDir, error) {
	dir, err := runner.ResumeLab(p.Labs, l.Name)
	if err != nil {
		return nil, err
	}
	if p.Again {
		if err := dir.PutAside(); err != nil {
			return nil, errors.Join(err, dir.Release())
		}
	}
	return dir, nil
}

// run serves the session until it has ended.
func (lab *ownedLab) run(ctx context.Context, report io.WriteCloser, log io.Writer) int {
	defer func() { _ = lab.dir.Release() }() // the lock ends with the process anyway
	tell := json.NewEncoder(report)
	listener, err := live.Listen(lab.dir.Path)
	if err == nil {
		lab.record.Socket = listener.Addr().String()
		err = lab.record.Save(lab.dir.Path)
	}
	if err != nil {
		_ = tell.Encode(labReport{Error: err.Error(), Hint: hint(err)})
		return exitBroken
	}
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- live.Serve(serving, listener, lab.engine) }()
	_ = tell.Encode(labReport{Ready: true})
	_ = report.Close() // who started the lab may be gone
	end := lab.engine.Run(ctx)
	fmt.Fprintf(log, "%s the session has ended: %s\n", end.At.Format(time.RFC3339), end.Reason)
	lab.record.Ended = &end
	err = lab.record.Save(lab.dir.Path)
	stopServing()
	if err := errors.Join(err, <-served); err != nil {
		fmt.Fprintf(log, "%v\n", err)
		return exitBroken
	}
	return exitPassed
}

// spawnLab starts the process and returns when it can be reached.
func spawnLab(p labProcess) error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	dir := filepath.Join(p.Labs, p.Lesson)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the directory of lab %q: %w", p.Lesson, err)
	}
	log, err := os.OpenFile(filepath.Join(dir, labLog), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the log of lab %q: %w", p.Lesson, err)
	}
	defer log.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	c := exec.Command(executable, labArg)
	c.Dir, c.Stdout, c.Stderr, c.ExtraFiles = p.Labs, log, log, []*os.File{w}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := errors.Join(c.Start(), w.Close()); err != nil {
		return fmt.Errorf("start the process of lab %q: %w", p.Lesson, err)
	}
	// An error here means that the process has ended; its report says why.
	_ = errors.Join(json.NewEncoder(in).Encode(p), in.Close())
	var said labReport
	if err := json.NewDecoder(r).Decode(&said); err != nil {
		return &cluster.Error{Op: "start the process of lab " + p.Lesson, Log: log.Name(), Err: errors.Join(errors.New("it ended"), c.Wait())}
	}
	return said.err()
}

func (r labReport) err() error {
	switch {
	case r.Ready || r.Running:
		return nil
	case r.Usage:
		return &usageError{errors.New(r.Error), r.Hint}
	default:
		return &hintedError{errors.New(r.Error), r.Hint}
	}
}

// hintedError is an error of our side with the next step.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

// makeBin makes the directory with the kubectl of a lab, which the learner's shell
// finds first.
func makeBin(labDir, executable, name string) (string, error) {
	bin := filepath.Join(labDir, "bin")
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return "", fmt.Errorf("make the lab's kubectl: %w", err)
	}
	for command, arguments := range map[string]string{"kubectl": " kubectl", "k8slab": ""} {
		text := fmt.Sprintf("#!/bin/sh\nK8SLAB_LAB=%s\nexport K8SLAB_LAB\nexec %s%s \"$@\"\n", name, quote(executable), arguments)
		if err := os.WriteFile(filepath.Join(bin, command), []byte(text), 0o700); err != nil {
			return "", fmt.Errorf("make the lab's kubectl: %w", err)
		}
	}
	return bin, nil
}
