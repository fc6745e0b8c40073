package files

import (
	"cmp"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// DefaultQuota is what a tree may write if Options.Quota is 0: 64 MiB.
const DefaultQuota = 64 << 20

// entryCost is charged for a file, directory or symlink, besides its content, so that a loop
// of mkdir ends too.
const entryCost = 1 << 10

// quota counts what a tree has added to the disk. What other trees do in a shared volume is
// counted there; what a tree removes is given back to it, never below zero.
type quota struct {
	mu    sync.Mutex
	limit int64
	used  int64
	grow  func(bytes int64) // see Memory; content only
	open  map[Inode]*held
}

// held is a file that is open for writing. Removing it frees nothing before the last close.
type held struct {
	refs    int
	removed bool
}

func newQuota(limit int64) *quota {
	switch {
	case limit == 0:
		limit = DefaultQuota
	case limit < 0:
		limit = 1 << 62
	}
	return &quota{limit: limit, grow: func(int64) {}, open: map[Inode]*held{}}
}

// quota is that of a mount in memory. What is there already was counted by somebody else.
func (m *Memory) quota(root *os.Root) *quota {
	q := newQuota(min(cmp.Or(max(m.Size, 0), DefaultQuota), DefaultQuota))
	if m.Grow != nil {
		q.grow = m.Grow
	}
	_ = fs.WalkDir(root.FS(), ".", func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // has gone, and takes no room
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			q.used += info.Size()
		}
		return nil
	})
	return q
}

// take charges n bytes, or as many as are left, and returns how many.
func (q *quota) take(n int64) int64 {
	n = max(0, min(n, q.limit-q.used))
	q.used += n
	q.grow(n)
	return n
}

// give gives the bytes of content back.
func (q *quota) give(n int64) {
	q.refund(n)
	q.grow(-n)
}

func (q *quota) refund(n int64) { q.used = max(0, q.used-n) }

// entry charges for a new entry.
func (q *quota) entry() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limit-q.used < entryCost {
		return syscall.ENOSPC
	}
	q.used += entryCost
	return nil
}

// hold notes that a file is open for writing.
func (q *quota) hold(inode Inode) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.open[inode] == nil {
		q.open[inode] = &held{}
	}
	q.open[inode].refs++
}

// release undoes hold; size is the file's at this moment.
func (q *quota) release(inode Inode, size int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.open[inode]
	if h == nil {
		return
	}
	if h.refs--; h.refs == 0 {
		delete(q.open, inode)
		if h.removed {
			q.give(size)
		}
	}
}

// removed notes that an entry is gone.
func (q *quota) removed(info *Info) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refund(entryCost)
	if !info.Mode().IsRegular() || info.Links() > 1 {
		return
	}
	if h := q.open[info.Inode()]; h != nil {
		h.removed = true
		return
	}
	q.give(info.Size())
}

// shrunk notes that a file lost its content.
func (q *quota) resized(f interface{ Stat() (fs.FileInfo, error) }, to int64, resize func() error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	grow := to - info.Size()
	if grow > q.limit-q.used {
		return syscall.ENOSPC
	}
	if err := resize(); err != nil {
		return err
	}
	if grow > 0 {
		q.take(grow)
	} else {
		q.give(-grow)
	}
	return nil
}
