package shell

import (
	"strings"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	tests := []struct {
		name, script string
		limit        int64
		code         int
		out          string
	}{
		{"a variable", "x=0123456789; while :; do x=$x$x; done", 1 << 20, 137, ""},
		{"many variables", "i=0; while :; do i=$((i+1)); eval x$i=$(seq 1000 | tr -d '\\n'); done", 1 << 20, 137, ""},
		{"more than a process may have", "x=0123456789; while :; do x=$x$x; done", 1 << 40, 137, ""},
		{"a child is the end of all", "(x=0123456789; while :; do x=$x$x; done); echo survived", 1 << 20, 137, ""},
		{"the end of a file", "head -c 3000000 /dev/zero | tail -c 2000000 | wc -c; echo survived", 1 << 20, 137, ""},
		{"endless line", "tail /dev/zero; echo survived", 1 << 20, 137, ""},
		{"lines", "seq 1000000 | sort; echo survived", 1 << 20, 137, ""},
		{"given back", "for i in 1 2 3; do x=; x=$(seq 100000); echo ${#x}; done", 1 << 20, 0, "588894\n588894\n588894\n"},
		{"given back by children", "for i in 1 2 3; do seq 20000 | sort | wc -l; done", 1 << 20, 0, "20000\n20000\n20000\n"},
		{"no limit", "x=0123456789; while :; do x=$x$x; done", 0, 2, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBox(t)
			b.SetMemoryLimit(tt.limit)
			r := b.sh(t, tt.script)
			if r.code != tt.code || r.out != tt.out || b.OutOfMemory() != (tt.code == 137) {
				t.Errorf("%+v, out of memory: %t", r, b.OutOfMemory())
			}
			if tt.code == 2 && !strings.Contains(r.err, "out of memory") {
				t.Errorf("errors: %q", r.err)
			}
			if b.Close(); b.Memory() != 0 {
				t.Errorf("%d bytes are held by nobody", b.Memory())
			}
		})
	}
}
