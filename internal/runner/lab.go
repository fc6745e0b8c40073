package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/cluster/recorder"
	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// lab is a lesson's cluster together with what watches and judges it.
type lab struct {
	PlayParams
	dir      *LabDir
	cluster  cluster.Cluster
	file     *os.File // the timeline
	recorder *recorder.Recorder
	worker   *checks.Worker // nil if the lesson has no checks
}

// closeTimeout bounds the clean-up, which goes on after Ctrl-C.
const closeTimeout = 30 * time.Second

// openLab provisions the cluster and starts to record it.
func openLab(ctx context.Context, p PlayParams, dir *LabDir) (_ *lab, err error) {
	l := &lab{PlayParams: p, dir: dir}
	defer func() {
		p.Presenter.Phase("")
		if err != nil {
			err = errors.Join(because(ctx, err), l.close())
		}
	}()
	spec := cluster.Spec{Lab: p.Lab, Dir: dir.Path, Nodes: p.Lesson.Cluster.Nodes}
	if l.cluster, err = p.Provider.Create(ctx, spec, p.Presenter.Phase); err != nil {
		l.cluster = nil
		return nil, err
	}
	ctx, stop := l.contextOf(ctx)
	defer stop()
	if err := l.record(ctx); err != nil {
		return nil, because(ctx, err)
	}
	if path, _ := p.Lesson.ChecksSource(); path != "" {
		if l.worker, err = checks.Start(ctx, p.Checks); err != nil {
			return nil, fmt.Errorf("start the check worker: %w", err)
		}
	}
	return l, nil
}

func (l *lab) record(ctx context.Context) error {
	config, err := clientcmd.BuildConfigFromFlags("", l.cluster.Kubeconfig())
	if err != nil {
		return fmt.Errorf("read the cluster's kubeconfig: %w", err)
	}
	version, err := serverVersion(ctx, config)
	if err != nil {
		return err
	}
	if l.file, err = os.OpenFile(l.dir.Timeline(), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, labFileMode); err != nil {
		return fmt.Errorf("make the timeline file: %w", err)
	}
	l.recorder, err = recorder.Start(ctx, recorder.Options{
		Config: config,
		Out:    l.file,
		Header: timeline.Header{
			Lesson: l.Lesson.Name, Lab: l.Lab, Cluster: l.Provider.Name(),
			Kubernetes: version, Pace: 1, Start: time.Now(),
		},
	})
	if err != nil {
		return fmt.Errorf("start the recorder: %w", err)
	}
	return nil
}

func serverVersion(ctx context.Context, config *rest.Config) (string, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return "", err
	}
	body, err := client.RESTClient().Get().AbsPath("/version").Do(ctx).Raw()
	if err != nil {
		return "", fmt.Errorf("ask the cluster for its version: %w", err)
	}
	var info version.Info
	if err := json.Unmarshal(body, &info); err != nil {
		return "", fmt.Errorf("read the cluster's version: %w", err)
	}
	return info.GitVersion, nil
}

// contextOf ends with the cluster, whose error is the cause then.
func (l *lab) contextOf(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		select {
		case <-l.cluster.Done():
			cancel(l.cluster.Err())
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}

// close ends what was opened, in the reverse order.
func (l *lab) close() error {
	var errs []error
	if l.worker != nil {
		l.worker.Close()
	}
	if l.recorder != nil {
		errs = append(errs, l.recorder.Close())
	}
	if l.file != nil {
		errs = append(errs, l.file.Close())
	}
	if l.cluster != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, l.cluster.Close(ctx))
	}
	return errors.Join(errs...)
}
