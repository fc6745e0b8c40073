package live

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What a session that is gone says of its end.
func TestEnded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a-lab")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	here := Record{Lesson: "a-lesson", Socket: filepath.Join(dir, "none.sock"), Boot: BootID(), Started: time.Now()}
	for _, c := range []struct {
		name   string
		record func(Record) *Record
		want   string
		broken bool
	}{
		{"never started", func(Record) *Record { return nil }, "never started", false},
		{"killed", func(r Record) *Record { return &r }, "killed", true},
		{"another boot", func(r Record) *Record { r.Boot = "other"; return &r }, "machine was started again", true},
		{"idle", func(r Record) *Record {
			r.Ended = &End{Reason: idleError(2 * time.Hour).Error(), Wanted: true}
			return &r
		}, "nobody used it for 2 hours", false},
		{"broken", func(r Record) *Record {
			r.Ended = &End{Reason: "the disk is full", Remedy: "Free some space."}
			return &r
		}, "the disk is full", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := c.record(here); r != nil {
				if err := r.Save(dir); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Connect(t.Context(), dir)
			var ended *EndedError
			if !errors.As(err, &ended) {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(ended.Reason, c.want) || ended.Remedy == "" || ended.Broken != c.broken || ended.Lab != "a-lab" {
				t.Errorf("got %+v", ended)
			}
		})
	}
}

// A process that listens and says nothing is told from one that is gone.
func TestSilent(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	dir := t.TempDir()
	l, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := (Record{Socket: l.Addr().String(), Boot: BootID()}).Save(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := l.Accept(); err == nil {
			defer c.Close()
			cancel() // whoever asked does not want to wait
			<-t.Context().Done()
		}
	}()
	if _, err := Connect(ctx, dir); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := (&Client{labDir: dir}).silent(); !strings.Contains(err.Error(), "does not answer") {
		t.Errorf("got %v", err)
	}
}

func TestSpell(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour: "an hour", 3 * time.Hour: "3 hours", time.Minute: "a minute", 90 * time.Minute: "90 minutes", 90 * time.Second: "1m30s",
	} {
		if got := Spell(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// The path of a socket is short however long that of the lab is, and nobody else gets in.
func TestListen(t *testing.T) {
	runtime := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", runtime)
	lab := "/" + strings.Repeat("long/", 100)
	for range 2 { // the second time there is an old one
		l, err := Listen(lab)
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		defer l.Close()
		if path := l.Addr().String(); len(path) > maxSocket || !strings.HasPrefix(path, runtime) {
			t.Errorf("the socket is %s", path)
		}
	}
	if info, err := os.Stat(filepath.Join(runtime, "k8slab")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v", info, err)
	}
}

func TestDirectoryOfSocket(t *testing.T) {
	temporary := t.TempDir()
	open := filepath.Join(temporary, "open")
	if err := errors.Join(os.MkdirAll(filepath.Join(open, "k8slab"), 0o755), os.Chmod(filepath.Join(open, "k8slab"), 0o755)); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(temporary, "link")
	if err := errors.Join(os.Mkdir(link, 0o700), os.Symlink(open, filepath.Join(link, "k8slab"))); err != nil {
		t.Fatal(err)
	}
	for name, runtime := range map[string]string{
		"others may read it": open, "a link": link, "relative": "run", "not there": filepath.Join(temporary, "absent"),
		"too long": filepath.Join(temporary, strings.Repeat("x", maxSocket)),
	} {
		dir, err := socketDir(runtime, temporary)
		if err != nil || filepath.Dir(dir) != temporary {
			t.Errorf("%s: %q, %v", name, dir, err)
		}
	}
	if dir, err := socketDir("", filepath.Join(temporary, "absent")); err == nil {
		t.Errorf("no place at all: %q", dir)
	}
}

// Each change of a workspace is told, in directories that come later, too.
func TestWatchFiles(t *testing.T) {
	for name, watch := range map[string]func(context.Context, string, func()){"events": watchFiles, "polling": pollDir} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			changed, ended := make(chan struct{}, 100), make(chan struct{})
			go func() {
				watch(ctx, dir, func() { changed <- struct{}{} })
				close(ended)
			}()
			write := func(name string) {
				t.Helper()
				path := filepath.Join(dir, name)
				for told := false; !told; { // until the watcher has come so far
					if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), appendTo(path)); err != nil {
						t.Fatal(err)
					}
					select {
					case <-changed:
						told = true
					case <-time.After(2 * pollFiles):
					}
				}
			}
			for _, name := range []string{"web.yaml", "web.yaml", "sub/dir/web.yaml", "sub/dir/web.yaml"} {
				write(name)
			}
			cancel()
			<-ended
		})
	}
}

func appendTo(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString("kind: Pod\n")
	return errors.Join(err, f.Close())
}
