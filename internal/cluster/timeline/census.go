package timeline

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// census counts a controller's Pods while a window's entries go by.
type census struct {
	ref       Ref
	start     time.Time // of the recording
	templates templates
	histories map[types.UID]*PodHistory
	yield     func(Sample) // gets a sample whenever something may have changed

	now        Moment
	controller *controllerFacts               // that stands; nil if there is none
	uid        types.UID                      // of controller
	sets       map[types.UID]*controllerFacts // of ReplicaSets, also of those that are gone: their Pods may not be
	gone       map[types.UID]bool             // of sets
	members    map[types.UID]*member          // all Pods of the namespace that exist
	own        map[types.UID]templateKey      // of the Pods that were the controller's at some moment
	waiting    map[*member]time.Duration      // Ready Pods that become available
	asked      int                            // of the controller's ReplicaSets together
	counts     [numCounts]int
}

// member is a Pod of a census.
type member struct {
	facts   *podFacts
	key     templateKey // once it was the controller's
	claimed bool        // it was, at some moment
	counted bits
}

// bits are the counts that a Pod is part of.
type bits uint16

func (b bits) has(c Count) bool { return b&(1<<c) != 0 }

func bitsOf(counts ...Count) (b bits) {
	for _, c := range counts {
		b |= 1 << c
	}
	return b
}

// census counts the Pods of a rollout from where the window opened up to a moment.
func (r *Rollout) census(until Moment, yield func(Sample)) *census {
	w := r.window
	c := &census{
		ref: r.Ref, start: w.timeline.header.Start, templates: templates{w.timeline.index, nil}, yield: yield,
		histories: map[types.UID]*PodHistory{}, sets: map[types.UID]*controllerFacts{}, gone: map[types.UID]bool{},
		members: map[types.UID]*member{}, own: map[types.UID]templateKey{}, waiting: map[*member]time.Duration{},
	}
	for _, p := range w.Pods() {
		c.histories[p.UID] = p
	}
	c.begin(w)
	for _, e := range w.Entries() {
		if e.version() > until.ResourceVersion {
			break
		}
		if e.Event != nil && e.Event.Namespace == c.ref.Namespace && c.looksAt(e.Event.Kind) {
			c.wait(e.At)
			c.now = e.Moment()
			c.see(e.Event)
			c.sample()
		}
	}
	c.wait(min(until.At, w.End.At))
	return c
}

// begin counts what existed when the window opened.
func (c *census) begin(w Window) {
	c.now = w.Start
	for _, kind := range []string{"ReplicaSet", c.ref.Kind, "Pod"} {
		w.Before().each(kind, func(e *Event) {
			if e.Namespace == c.ref.Namespace {
				c.see(e)
			}
		})
	}
	c.sample()
}

func (c *census) sample() {
	wanted, limits := 0, Limits{}
	if c.controller != nil {
		wanted, limits = int(c.controller.wanted), c.controller.limits
	}
	c.counts[AskedPods] = wanted
	if c.ref.Kind == "Deployment" {
		c.counts[AskedPods] = c.asked
	}
	c.yield(sampleOf(c.now, c.counts, wanted, limits))
}

// share is how many Pods a ReplicaSet was asked for, if it is the controller's.
func (c *census) share(set types.UID) int {
	if c.gone[set] || !c.owns(Owner{UID: set}) {
		return 0
	}
	return int(c.sets[set].wanted)
}

func (c *census) looksAt(kind string) bool {
	return kind == "Pod" || kind == c.ref.Kind || c.ref.Kind == "Deployment" && kind == "ReplicaSet"
}

// see takes note of a version.
func (c *census) see(e *Event) {
	switch {
	case e.Kind == "Pod":
		c.seePod(e)
	case e.Kind == c.ref.Kind && e.Name == c.ref.Name:
		c.seeController(e)
	case e.Kind == "ReplicaSet":
		before := c.sets[e.UID]
		c.asked -= c.share(e.UID)
		c.sets[e.UID] = e.controllerFacts()
		c.gone[e.UID] = e.Type == watch.Deleted
		c.asked += c.share(e.UID)
		if before != nil && (before.owner != c.sets[e.UID].owner || before.minReady != c.sets[e.UID].minReady) {
			c.countAll()
		}
	}
}

func (c *census) seeController(e *Event) {
	before := c.controller
	switch {
	case e.Type != watch.Deleted:
		c.controller, c.uid = e.controllerFacts(), e.UID
	case e.UID == c.uid:
		c.controller = nil
	}
	if before == nil || c.controller == nil || before.template != c.controller.template || before.minReady != c.controller.minReady {
		c.countAll()
	}
}

func (c *census) seePod(e *Event) {
	m := c.members[e.UID]
	if m == nil {
		m = &member{}
		c.members[e.UID] = m
	}
	m.facts = e.podFacts()
	c.claim(e.UID, m)
	if e.Type == watch.Deleted {
		c.recount(m, 0)
		delete(c.members, e.UID)
		return
	}
	c.recount(m, c.bits(m))
}

// claim notes that a Pod is the controller's, if it is.
func (c *census) claim(uid types.UID, m *member) {
	if m.claimed {
		return
	}
	owner := m.facts.owner.Value()
	if m.claimed = c.owns(owner); !m.claimed {
		return
	}
	m.key = c.templates.of(c.ref, c.histories[uid], owner)
	c.own[uid] = m.key
}

// owns reports that an owner is the controller or, for a Deployment, one of its
// ReplicaSets.
func (c *census) owns(o Owner) bool {
	if c.ref.Kind == "Deployment" {
		set := c.sets[o.UID]
		if set == nil {
			return false
		}
		o = set.owner.Value()
	}
	return o.Kind == c.ref.Kind && o.Name == c.ref.Name
}

func (c *census) countAll() {
	for uid, m := range c.members {
		c.claim(uid, m)
		c.recount(m, c.bits(m))
	}
}

// recount counts a Pod as something else.
func (c *census) recount(m *member, b bits) {
	if b == m.counted {
		return
	}
	for i := range numCounts {
		if m.counted.has(i) {
			c.counts[i]--
		}
		if b.has(i) {
			c.counts[i]++
		}
	}
	m.counted = b
}

// bits says what a Pod counts as now, as upstream's IsPodActive, IsPodTerminating and
// IsPodTerminal have it.
func (c *census) bits(m *member) bits {
	switch f := m.facts; {
	case !c.owns(f.owner.Value()):
		return 0
	case f.finished():
		return bitsOf(FinishedPods)
	case f.terminating:
		return bitsOf(TerminatingPods, AllPods)
	}
	b := bitsOf(ActivePods, AllPods, OldPods)
	if c.controller != nil && m.key == c.controller.template {
		b = bitsOf(ActivePods, AllPods, NewPods)
	}
	if !m.facts.ready() {
		return b
	}
	if !c.available(m) {
		return b | bitsOf(ReadyPods)
	}
	return b | bitsOf(ReadyPods, AvailablePods)
}

// available is upstream's IsPodAvailable of a Pod that is Ready. Of one that is not yet
// available it is noted when it will be.
func (c *census) available(m *member) bool {
	seconds := c.minReady(m)
	if seconds == 0 {
		return true
	}
	at := time.Unix(m.facts.readySince+int64(seconds), 0).Sub(c.start)
	if at <= c.now.At {
		return true
	}
	c.waiting[m] = at
	return false
}

// minReady returns the minReadySeconds of a Pod's direct controller.
func (c *census) minReady(m *member) int32 {
	if c.ref.Kind == "Deployment" {
		return c.sets[m.facts.owner.Value().UID].minReady // there is one: owns has looked
	}
	if c.controller == nil {
		return 0
	}
	return c.controller.minReady
}

// wait lets the time pass, with a sample whenever a Pod becomes available.
func (c *census) wait(until time.Duration) {
	for len(c.waiting) > 0 {
		next := until + 1
		for m, at := range c.waiting {
			if m.counted.has(ReadyPods) && !m.counted.has(AvailablePods) {
				next = min(next, at)
			} else {
				delete(c.waiting, m) // it came to something else
			}
		}
		if next > until {
			return
		}
		c.now.At = next
		for m, at := range c.waiting {
			if at == next {
				delete(c.waiting, m)
				c.recount(m, c.bits(m))
			}
		}
		c.sample()
	}
}

// templates finds the template that a Pod was made from.
type templates struct {
	index   *index
	objects map[types.UID]*object // that keep the templates
}

// of returns the template's key, and the zero key when the Pod was made from none that
// is known.
func (t *templates) of(controller Ref, pod *PodHistory, owner Owner) templateKey {
	if name := pod.creation().revision.Value(); revisionKind(controller.Kind) == "ControllerRevision" {
		return t.revision(controller, name)
	}
	o := t.object(owner)
	if o == nil {
		return templateKey{}
	}
	return o.templateOf(pod, owner)
}

func (t *templates) object(owner Owner) *object {
	if t.objects == nil {
		t.objects = map[types.UID]*object{}
		for _, o := range t.index.kinds[owner.Kind] {
			t.objects[o.first().UID] = o
		}
	}
	return t.objects[owner.UID]
}

// templateOf returns the last template before the Pod's creation that has its images:
// the controller may not have seen a later one when it made the Pod. A Pod that was
// adopted need not have been made from any.
func (o *object) templateOf(pod *PodHistory, owner Owner) templateKey {
	n := max(1, o.before(pod.Created.ResourceVersion)) // a list can have the Pod before its owner
	for i := n - 1; i >= 0; i-- {
		if f := o.versions[i].Event.controllerFacts(); f.images == pod.creation().images {
			return f.template
		}
	}
	if pod.creation().owner.Value() != owner {
		return templateKey{}
	}
	return o.versions[n-1].Event.controllerFacts().template
}

// revision returns the key of a ControllerRevision by what Pods have as the label
// controller-revision-hash: its name for a StatefulSet's, the end of it for a
// DaemonSet's.
func (t *templates) revision(controller Ref, hash string) templateKey {
	for _, o := range t.index.kinds["ControllerRevision"] {
		e := o.first()
		if e.Namespace == controller.Namespace && (e.Name == hash || e.Name == controller.Name+"-"+hash) {
			return e.controllerFacts().template
		}
	}
	return templateKey{}
}
