package shell

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// fill repeats s up to the length that a script may have.
func fill(s string) string { return strings.Repeat(s, (maxScript-100)/len(s)) }

// TestBombs runs scripts that want more than there is. Each has to end by itself, in little memory.
func TestBombs(t *testing.T) {
	sys := uint64(0)
	big := "a=xxxxxxxxxxxxxxxx; "
	for name, tt := range map[string]struct{ script, says string }{
		"doubling":           {"a=xx; while :; do a=$a$a; done", "out of memory"},
		"appending":          {big + "while :; do a+=$a; done", "out of memory"},
		"many variables":     {"i=0; a=" + strings.Repeat("x", 100000) + "; while :; do i=$((i+1)); eval v$i=$a; done", "out of memory"},
		"parameters":         {"set -- a b; while :; do set -- \"$@\" \"$@\"; done", "out of memory"},
		"one long word":      {"i=0; a=xxxxxxxx; while [ $i -lt 16 ]; do a=$a$a; i=$((i+1)); done; echo " + strings.Repeat("$a", 2000), "out of memory"},
		"replacement":        {"i=0; a=xxxxxxxx; while [ $i -lt 14 ]; do a=$a$a; i=$((i+1)); done; echo ${a//x/$a}", "out of memory"},
		"output":             {"x=$(yes)", "out of memory"},
		"line":               {"yes | tr -d '\\n' | { read x; }", ""},
		"sort":               {"yes | sort", "out of memory"},
		"tac":                {"yes | tac", "out of memory"},
		"recursion":          {"f() { f; }; f", "nesting level"},
		"eval":               {"f='eval \"$f\"'; eval \"$f\"", "nesting level"},
		"source":             {"echo '. ./s' > s; . ./s", "nesting level"},
		"script":             {"echo 'sh ./s' > s; sh ./s", "can't fork"},
		"substitution":       {"f() { echo $(f); }; f", ""},
		"trap":               {"f() { kill -USR1 $$; f; }; trap f USR1; f", "nesting level"},
		"forks":              {"f() { f | f & }; f; wait", ""},
		"background":         {"while sleep 1000 & do :; done", "can't fork"},
		"braces":             {"echo {1..9}{1..9}{1..9}{1..9}{1..9}{1..9}{1..9}{1..9}{1..9}", "brace"},
		"sequence":           {"echo {1..1000000000}", "brace"},
		"globs":              {"mkdir -p a b c d; echo " + strings.Repeat("*/../", 20), "out of memory"},
		"printf width":       {"printf '%999999999d' 1 | wc -c", ""},
		"descriptors":        {"exec 1000000<&0", "file descriptor"},
		"disk":               {"yes > f", "No space left"},
		"disk in pieces":     {"while echo " + strings.Repeat("x", 500) + " >> f; do :; done 2>&1 | tail -n 1", ""},
		"dd":                 {"dd if=/dev/zero of=f bs=1M", "No space left"},
		"sparse":             {"truncate -s 100G f", "No space left"},
		"directories":        {"while mkdir d$((i+=1)); do :; done", "No space left"},
		"links":              {"while ln -s x l$((i+=1)); do :; done", "No space left"},
		"copy into itself":   {"mkdir a; cp -r a a/b", "recursion"},
		"sed":                {"echo x | sed ':a;s/x/xx/g;ta'", "out of memory"},
		"sed N":              {"yes \"$(seq 1000)\" | tr '\\n' ' ' | sed 's/ 1000 /&\\n/g' | sed ':a;N;ba'", "out of memory"},
		"awk doubling":       {"awk 'BEGIN { x = \"ab\"; while (1) x = x x }'", "out of memory"},
		"awk array":          {"awk 'BEGIN { while (1) a[i++] = \"some text to fill the memory with\" }'", "out of memory"},
		"awk recursion":      {"awk 'function f() { f() } BEGIN { f() }'", "Too many nested calls"},
		"awk nesting":        {"awk 'BEGIN { print " + strings.Repeat("(", 20000) + "'", "nested"},
		"awk signs":          {"awk 'BEGIN { print " + strings.Repeat("- ", 20000) + "1 }'", "Too deeply nested"},
		"awk powers":         {"awk 'BEGIN { print " + strings.Repeat("2^", 20000) + "1 }'", "Too deeply nested"},
		"awk fields":         {"awk 'BEGIN { $999999999 = 1 }'", "field"},
		"awk record":         {"awk 'BEGIN { $0 = \"a b\"; while (1) { $0 = $0 \" \" $0; x = NF } }'", "out of memory"},
		"awk gsub":           {"awk 'BEGIN { x = \"aa\"; while (1) gsub(/a/, \"aa\", x) }'", "out of memory"},
		"awk width":          {"awk 'BEGIN { printf \"%999999999d\", 1 }'", "out of memory"},
		"awk commands":       {"awk 'BEGIN { while (1) print \"x\" | (\"cat >/dev/null #\" i++) }'", "too many open files"},
		"awk input":          {"yes | tr -d '\\n' | awk 1", "out of memory"},
		"awk output":         {"awk 'BEGIN { while (1) print \"x\" | \"cat\" }'", "out of memory"},
		"awk regex":          {"awk 'BEGIN { while (1) { x = x \"(a|b)*\"; y = \"a\" ~ x } }'", "too long"},
		"expr":               {"expr " + strings.Repeat("length ", 5000) + "x", "syntax error"},
		"test":               {"[ " + strings.Repeat("! ", 5000) + "x ]", "too many"},
		"find":               {"find . " + strings.Repeat("! ", 5000) + "-name x", "expected"},
		"tests":              {"[[ " + fill("! ") + "x ]]", "nested"},
		"nested parentheses": {fill("("), "nested"},
		"nested braces":      {fill("{ "), "nested"},
		"nested subst":       {"echo " + fill("$("), "nested"},
		"nested backquotes":  {"echo " + fill("`\\"), ""},
		"nested arithmetic":  {"echo $((" + fill("(") + "1", "nested"},
		"unary operators":    {"echo $((" + fill("-") + "1))", ""},
		"unary with blanks":  {"echo $((" + fill("- ") + "1))", "nested"},
		"ternary":            {"echo $((" + fill("1?") + "1", "nested"},
		"negations":          {fill("! ") + "true", ""},
		"if":                 {fill("if "), "nested"},
		"if over lines":      {fill("if\n"), "nested"},
		"while":              {fill("while\n"), "nested"},
		"time":               {fill("time "), "nested"},
		"assignments":        {"echo $((" + fill("a=") + "1))", "nested"},
		"powers":             {"echo $((" + fill("2**") + "1))", "nested"},
		"and":                {fill("true && ") + "true", ""},
		"pipes":              {strings.Repeat("true | ", 5000) + "true", "can't fork"},
		"commas":             {"echo $((" + fill("1,") + "1))", ""},
		"sums":               {"echo $((" + fill("1+") + "1))", ""},
		"tilde":              {"echo ~" + fill("x"), ""},
		"defaults":           {"echo " + fill("${a:-"), "nested"},
		"functions":          {fill("f() ") + ":", ""},
		"function keyword":   {fill("function f ") + ":", ""},
		"else":               {"if a; then b; " + fill("elif a; then b; ") + "fi", ""},
		"or in test":         {"[[ " + fill("a || ") + "a ]]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(t, func(c *Config, o *filesOptions) { o.Quota = 1 << 20; c.Processes = 64 })
			b.start(t, "sleep", "1000")
			out := newScreen()
			p, err := b.Start(t.Context(), Command{Argv: []string{"sh", "-c", tt.script}, Dir: "/w", Stdout: out, Stderr: out})
			if err != nil {
				t.Fatal(err)
			}
			limit := time.AfterFunc(2*time.Minute, p.Kill) // with the race detector, some need 20 s
			<-p.Done()
			if !limit.Stop() {
				t.Error("it did not end")
			}
			text := out.String()
			if len(text) > 300 {
				text = text[:100] + "…" + text[len(text)-200:]
			}
			if !strings.Contains(out.String(), tt.says) || strings.Contains(out.String(), "internal error") {
				t.Errorf("code %d, %s", p.Wait(), text)
			}
			b.Close()
			var m runtime.MemStats
			if runtime.ReadMemStats(&m); m.Sys > sys+50<<20 {
				t.Logf("%d MB more from the system", (m.Sys-sys)>>20)
				sys = m.Sys
			}
		})
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d MB from the system, %d goroutines", m.Sys>>20, runtime.NumGoroutine())
}
