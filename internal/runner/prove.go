package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/k8slab/k8slab/internal/checks"
	"github.com/k8slab/k8slab/internal/cluster"
	"github.com/k8slab/k8slab/internal/runner/lesson"
)

// ProveParams says which lessons are to be proven, and on what.
type ProveParams struct {
	Lessons  []*lesson.Lesson
	LabsDir  string
	Provider func(*lesson.Lesson) (cluster.Provider, error) // of a lesson's cluster
	Kubectl  string                                         // see PlayParams
	Checks   checks.WorkerOptions
	Jobs     int       // how many cases at a time; 0 for as many as suit the processors and the cluster
	Paces    []float64 // that each case is played at, see cluster.Spec; 1 if there is none
	Record   string    // a directory that each case at pace 1 is written to as a fixture.Case; none if empty

	// Tell is called as each case ends, one call at a time.
	Tell func(Proof)
	// Phase says what a cluster is being started for; empty when it has started.
	Phase func(what string)
}

// Prove plays every case of every lesson on real clusters and compares what the
// checks say with what the lesson says that they do. The proofs are in the order
// of the lessons and their cases. An error means that our side broke before the
// end; what breaks in one case only is in its proof.
//
// The cases of lessons that are at home in a namespace share a cluster, and are
// played at the same time. A lesson with the isolation "cluster" gets one for each
// of its cases.
func Prove(ctx context.Context, p ProveParams) (_ []Proof, err error) {
	dir, err := claimProofLab(p.LabsDir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Release()) }()
	work, err := p.plan()
	if err != nil {
		return nil, err
	}
	most := 1
	for _, g := range work {
		most = max(most, g.atATime(p.Jobs))
	}
	pr := &prover{ProveParams: p, dir: dir, workers: make(chan *checks.Worker, most)}
	defer pr.closeWorkers()
	for range cap(pr.workers) {
		pr.workers <- nil // started by the first who needs it
	}
	proofs := make([]Proof, 0, len(work))
	for _, group := range work {
		done, err := pr.proveGroup(ctx, group)
		if err != nil {
			return nil, err
		}
		proofs = append(proofs, done...)
	}
	return proofs, nil
}

// proofLabs is how many proofs may go on at the same time on a machine.
const proofLabs = 20

// claimProofLab claims the first lab for proofs that nobody else has.
func claimProofLab(root string) (*LabDir, error) {
	for i := 1; ; i++ {
		dir, err := ClaimLab(root, fmt.Sprintf("dev-check-%d", i))
		if !errors.Is(err, ErrLabRunning) || i == proofLabs {
			return dir, err
		}
	}
}

// proofGroup is work that is done on one cluster, in a namespace for each case.
type proofGroup struct {
	provider cluster.Provider
	nodes    int
	pace     float64
	jobs     []proofJob
	dir      *LabDir // of the cluster
	alone    bool    // the only case there, in the namespace default and as its administrator
}

// How many cases at a time suit a processor. Most of the time they wait; but a real
// container takes half a second of processor time to start, and checks of times are
// for nodes that are not overloaded.
const (
	simulatedPerCPU = 8
	realPerCPU      = 3
)

// atATime is how many of the group's cases are played at a time.
func (g *proofGroup) atATime(wanted int) int {
	switch {
	case wanted > 0:
		return wanted
	case g.provider.Name() == "embedded":
		return simulatedPerCPU * runtime.NumCPU()
	default:
		return realPerCPU * runtime.NumCPU()
	}
}

// images are those of the group's lessons.
func (g *proofGroup) images() []string {
	var images []string
	for _, j := range g.jobs {
		images = append(images, j.lesson.Images...)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// inTurns are the indexes of the jobs in the order in which they are begun: a case of
// each lesson, then the next of each. While those of one lesson wait, for a back-off
// of a minute, those of another one need the processors.
func (g *proofGroup) inTurns() []int {
	turns, seen := make([]int, len(g.jobs)), map[string]int{}
	order := make([]int, len(g.jobs))
	for i, j := range g.jobs {
		order[i], turns[i] = i, seen[j.lesson.Name] // each case has its own version of the lesson
		seen[j.lesson.Name]++
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(turns[a], turns[b]) })
	return order
}

type proofJob struct {
	proofCase
	number int // unique
	pace   float64
}

// plan divides the cases into groups.
func (p ProveParams) plan() ([]*proofGroup, error) {
	var all []*proofGroup
	paces := p.Paces
	if len(paces) == 0 {
		paces = []float64{1}
	}
	for _, pace := range paces {
		groups, err := p.planAt(pace)
		if err != nil {
			return nil, err
		}
		all = append(all, groups...)
	}
	return all, nil
}

func (p ProveParams) planAt(pace float64) ([]*proofGroup, error) {
	var all []*proofGroup
	number := 0
	for _, l := range p.Lessons {
		provider, err := p.Provider(l)
		if err != nil {
			return nil, err
		}
		for _, c := range proofCases(l) {
			number++
			group := proofGroup{provider: provider, nodes: l.Cluster.Nodes, pace: pace, alone: l.Isolation == lesson.IsolationCluster}
			i := slices.IndexFunc(all, func(g *proofGroup) bool {
				return !group.alone && !g.alone && g.nodes == group.nodes && g.provider.Name() == provider.Name()
			})
			if i < 0 {
				all, i = append(all, &group), len(all)
			}
			all[i].jobs = append(all[i].jobs, proofJob{c, number, pace})
		}
	}
	return all, nil
}

// dirName is the name of the directory that a case is played in.
func (j proofJob) dirName() string {
	name := j.lesson.Name + "-" + strings.ReplaceAll(j.name, "/", "-")
	if j.pace == 1 {
		return name
	}
	return fmt.Sprintf("%s-pace-%v", name, j.pace)
}

// prover is a Prove that is going on.
type prover struct {
	ProveParams
	dir      *LabDir
	clusters int
	workers  chan *checks.Worker // as many as cases at a time; nil if it has not been started

	mu sync.Mutex // for Tell
}

func (p *prover) proveGroup(ctx context.Context, g *proofGroup) (_ []Proof, err error) {
	p.clusters++
	name := fmt.Sprintf("%s-%d", p.dir.Name, p.clusters)
	if g.dir, err = p.dir.sub(name); err != nil {
		return nil, err
	}
	site, err := openSite(ctx, g.provider, cluster.Spec{Lab: name, Dir: g.dir.Path, Nodes: g.nodes, Pace: g.pace, Images: g.images()}, p.Phase)
	p.Phase("")
	if err != nil {
		return nil, because(ctx, err)
	}
	defer func() { err = errors.Join(err, site.close()) }()
	ctx, stop := site.contextOf(ctx)
	defer stop()
	proofs := make([]Proof, len(g.jobs))
	var all errgroup.Group
	all.SetLimit(g.atATime(p.Jobs))
	for _, i := range g.inTurns() {
		all.Go(func() error {
			proofs[i] = p.prove(ctx, site, g, g.jobs[i])
			if ctx.Err() != nil {
				return because(ctx, ctx.Err())
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.Tell(proofs[i])
			return nil
		})
	}
	return proofs, all.Wait()
}

// prove plays a case and judges the verdicts.
func (p *prover) prove(ctx context.Context, s *site, g *proofGroup, job proofJob) Proof {
	began := time.Now()
	proof := Proof{Lesson: job.lesson.Name, Case: job.name, Pace: job.pace, Cluster: s.provider, Kubernetes: s.kubernetes}
	if ctx.Err() != nil {
		proof.Err = ctx.Err()
		return proof
	}
	verdicts, err := p.playCase(ctx, s, g, job, &proof)
	proof.Took = time.Since(began)
	if err != nil {
		proof.Err = because(ctx, err)
		return proof
	}
	proof.Problems = job.expect(verdicts)
	return proof
}

func (p *prover) playCase(ctx context.Context, s *site, g *proofGroup, job proofJob, proof *Proof) (_ []Verdict, err error) {
	dir, err := p.dir.sub(job.dirName())
	if err != nil {
		return nil, err
	}
	if err := dir.fill(job.lesson.StartFiles()); err != nil {
		return nil, fmt.Errorf("copy the lesson's files: %w", err)
	}
	proof.Timeline, proof.Transcript = dir.Timeline(), dir.file("transcript.txt")
	transcript, err := os.OpenFile(proof.Transcript, os.O_CREATE|os.O_WRONLY, labFileMode)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, transcript.Close()) }()
	c := labConfig{
		Lesson: job.lesson, Presenter: &scribe{out: transcript}, pace: job.pace, Kubectl: p.Kubectl, dir: dir, name: p.dir.Name,
		kubeconfig: s.Kubeconfig(), kubectlCache: g.dir.file(kubectlCacheDir), rules: Rules{Namespace: defaultNamespace, Cluster: true},
	}
	if !g.alone {
		c.kubeconfig = dir.file("kubeconfig")
		var room room
		if room, err = s.openRoom(ctx, namespaceOf(job), c.kubeconfig); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, room.close(context.WithoutCancel(ctx))) }()
		c.rules, c.only = Rules{Namespace: room.namespace}, room.namespace
	}
	recording := newRecording(job, c.rules.Namespace)
	c.judged = recording.judged
	verdicts, err := p.playIn(ctx, s, c)
	if err == nil && p.Record != "" && job.pace == 1 {
		err = recording.write(p.Record)
	}
	return verdicts, err
}

// playIn plays a lesson in a lab, with a worker that nobody else needs now.
func (p *prover) playIn(ctx context.Context, s *site, c labConfig) (_ []Verdict, err error) {
	worker := <-p.workers
	defer func() { p.workers <- worker }()
	if worker == nil {
		if worker, err = startWorker(ctx, c.Lesson, p.Checks); err != nil {
			return nil, err
		}
	}
	c.Worker = worker
	lab, err := s.openLab(ctx, c)
	if err != nil {
		return nil, err
	}
	var result Result
	err = lab.play(ctx, &result)
	return result.Verdicts, errors.Join(err, lab.close())
}

func (p *prover) closeWorkers() {
	for range cap(p.workers) {
		if w := <-p.workers; w != nil {
			w.Close()
		}
	}
}

// maxNamespace is the longest name that leaves room for a number.
const maxNamespace = 50

func namespaceOf(job proofJob) string {
	name := strings.TrimPrefix(job.name, CaseWrong)
	return fmt.Sprintf("%s-%d", strings.TrimRight(name[:min(len(name), maxNamespace)], "-"), job.number)
}

// scribe is a Presenter that writes down what was typed and what came of it.
type scribe struct{ out io.Writer }

var _ Presenter = (*scribe)(nil)

func (s *scribe) Lesson(*lesson.Lesson)              {}
func (s *scribe) Phase(string)                       {}
func (s *scribe) Text(string)                        {}
func (s *scribe) Question(lesson.Question)           {}
func (s *scribe) Explain(lesson.Question)            {}
func (s *scribe) Summary(Result)                     {}
func (s *scribe) Output() (stdout, stderr io.Writer) { return s.out, s.out }
func (s *scribe) Step(_, _ int, step lesson.Step)    { fmt.Fprintf(s.out, "\n## %s\n", step.ID) }
func (s *scribe) Changed(path string, _, _ []byte)   { fmt.Fprintf(s.out, "# %s changes\n", path) }
func (s *scribe) Command(ctx context.Context, t string) error {
	fmt.Fprintf(s.out, "$ %s\n", t)
	return ctx.Err()
}

func (s *scribe) Verdicts(verdicts []Verdict) {
	for _, v := range verdicts {
		fmt.Fprintf(s.out, "# %s %s: %s\n", v.Check, v.Outcome, cmp.Or(v.Message, "-"))
	}
}
