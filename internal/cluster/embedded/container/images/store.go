package images

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/distribution/reference"
)

// Pulled is an image on a node.
type Pulled struct {
	*Image
	RepoTags    []string // under which it was pulled, "docker.io/library/nginx:1.25"
	RepoDigests []string // "docker.io/library/nginx@sha256:…"
}

// A Store is the images of one node. Its methods may be called from several goroutines.
type Store struct {
	catalogue *Catalogue
	wait      func(context.Context, time.Duration) error

	mu      sync.Mutex
	present map[string]*present  // by image ID
	pulls   map[string]*transfer // under way, by image ID
}

// present is a pulled image and the references it was pulled by.
type present struct {
	image *Image
	tags  map[string]bool
}

// transfer is a pull that several callers wait for.
type transfer struct {
	id      string
	done    chan struct{}
	err     error
	waiting int
	cancel  context.CancelFunc
}

// NewStore returns an empty store over a catalogue. wait passes the simulated time of a pull, and
// returns early with an error when its context ends.
func NewStore(catalogue *Catalogue, wait func(context.Context, time.Duration) error) *Store {
	return &Store{
		catalogue: catalogue,
		wait:      wait,
		present:   map[string]*present{},
		pulls:     map[string]*transfer{},
	}
}

// Pull makes an image present and returns it. Callers that pull the same image at the same time
// share one transfer. The error is a gRPC status with containerd's text.
func (s *Store) Pull(ctx context.Context, ref string) (Pulled, error) {
	named, err := parse(ref)
	if err != nil {
		return Pulled{}, err
	}
	image, err := s.catalogue.find(named)
	if err != nil {
		return Pulled{}, err
	}
	if err := s.transfer(ctx, image); err != nil {
		return Pulled{}, err
	}
	return s.record(image, named), nil
}

// transfer waits until the image is here. The first caller starts it; it goes on as long as anybody
// waits for it.
func (s *Store) transfer(ctx context.Context, image *Image) error {
	s.mu.Lock()
	if s.present[image.ID] != nil {
		s.mu.Unlock()
		return nil
	}
	t := s.pulls[image.ID]
	if t == nil {
		t = s.startLocked(ctx, image)
	}
	t.waiting++
	s.mu.Unlock()
	defer s.leave(t)
	select {
	case <-t.done:
		return t.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) startLocked(ctx context.Context, image *Image) *transfer {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t := &transfer{id: image.ID, done: make(chan struct{}), cancel: cancel}
	s.pulls[image.ID] = t
	go func() {
		err := s.wait(work, image.Pull)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dropLocked(t)
		if t.err = err; err == nil {
			s.present[image.ID] = &present{image: image, tags: map[string]bool{}}
		}
		close(t.done)
	}()
	return t
}

func (s *Store) leave(t *transfer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.waiting--; t.waiting == 0 {
		t.cancel()
		s.dropLocked(t)
	}
}

// dropLocked makes the next pull start anew.
func (s *Store) dropLocked(t *transfer) {
	if s.pulls[t.id] == t {
		delete(s.pulls, t.id)
	}
}

// record notes the reference that was pulled. Tags of a catalogue do not move, so no other image
// loses one.
func (s *Store) record(image *Image, named reference.Named) Pulled {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.present[image.ID]
	if p == nil { // removed in between
		p = &present{image: image, tags: map[string]bool{}}
		s.present[image.ID] = p
	}
	if _, ok := named.(reference.Tagged); ok {
		p.tags[named.String()] = true
	}
	return p.pulled()
}

func (p *present) pulled() Pulled {
	return Pulled{
		Image:       p.image,
		RepoTags:    slices.Sorted(maps.Keys(p.tags)),
		RepoDigests: []string{p.image.Name + "@" + p.image.Digest},
	}
}

// Find returns a present image by its ID ("sha256:…" with or without the prefix) or by any of its
// references; ok is false where it is not on the node.
func (s *Store) Find(ref string) (image Pulled, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.findLocked(ref); p != nil {
		return p.pulled(), true
	}
	return Pulled{}, false
}

func (s *Store) findLocked(ref string) *present {
	if p := s.present["sha256:"+strings.TrimPrefix(ref, "sha256:")]; p != nil {
		return p
	}
	named, err := parse(ref)
	if err != nil {
		return nil
	}
	for _, p := range s.present {
		if p.tags[named.String()] || named.String() == p.image.Name+"@"+p.image.Digest {
			return p
		}
	}
	return nil
}

// List returns the present images, ordered by ID.
func (s *Store) List() []Pulled {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Pulled, 0, len(s.present))
	for _, id := range slices.Sorted(maps.Keys(s.present)) {
		list = append(list, s.present[id].pulled())
	}
	return list
}

// Remove deletes an image, or only a tag where ref is one of several tags of it. An image that is
// not there is no error.
func (s *Store) Remove(ref string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.findLocked(ref)
	if p == nil {
		return
	}
	named, err := parse(ref)
	if err == nil && p.tags[named.String()] && len(p.tags) > 1 {
		delete(p.tags, named.String())
		return
	}
	delete(s.present, p.image.ID)
}

// Used returns the bytes and the number of the present images.
func (s *Store) Used() (bytes, count uint64) {
	for _, image := range s.List() {
		bytes += image.Size
		count++
	}
	return bytes, count
}
