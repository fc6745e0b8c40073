package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// labConfig says what is done in a lab, and for whom.
type labConfig struct {
	Lesson    *lesson.Lesson
	Presenter Presenter
	Kubectl   string         // see PlayParams
	Worker    *checks.Worker // nil if the lesson has no checks; not closed with the lab

	dir          *LabDir
	name         string  // of the lab, for the record
	pace         float64 // of the cluster; 0 means 1
	kubeconfig   string  // of those who type commands
	kubectlCache string  // the directory in which kubectl keeps what it learns of the cluster
	rules        Rules
	only         string // the namespace that is recorded; all of them if empty

	judged func(checks.Request) // is told what was judged; may be nil
}

// lab is a lesson that is being done in a cluster, with what watches and judges it.
type lab struct {
	labConfig
	file     *os.File // the timeline
	recorder *recorder.Recorder
	session  *session // of the step at hand; nil if nothing has been typed in it
	kubectls kubectls

	refusalMu sync.Mutex
	refusal   *Refusal // of the command at hand
}

// openLab starts to record.
func (s *site) openLab(ctx context.Context, c labConfig) (_ *lab, err error) {
	l := &lab{labConfig: c, kubectls: kubectls{program: c.Kubectl}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	if l.file, err = os.OpenFile(c.dir.Timeline(), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, labFileMode); err != nil {
		return nil, fmt.Errorf("make the timeline file: %w", err)
	}
	l.recorder, err = recorder.Start(ctx, recorder.Options{
		Config:    s.config,
		Namespace: c.only,
		Out:       l.file,
		Header: timeline.Header{
			Lesson: c.Lesson.Name, Lab: c.name, Cluster: s.provider,
			Kubernetes: s.kubernetes, Pace: cmp.Or(c.pace, 1), Start: time.Now(),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("start the recorder: %w", err)
	}
	return l, nil
}

// startWorker starts what runs the checks of a lesson that has some.
func startWorker(ctx context.Context, l *lesson.Lesson, o checks.WorkerOptions) (*checks.Worker, error) {
	if path, _ := l.ChecksSource(); path == "" {
		return nil, nil
	}
	w, err := checks.Start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start the check worker: %w", err)
	}
	return w, nil
}

// close ends what was opened, in the reverse order.
func (l *lab) close() error {
	errs := []error{l.endSession()}
	l.kubectls.close()
	if l.recorder != nil {
		errs = append(errs, l.recorder.Close())
	}
	if l.file != nil {
		errs = append(errs, l.file.Close())
	}
	return errors.Join(errs...)
}
