package lab_test

import (
	"os"
	"strings"
	"testing"
)

// TestManualQuotesExamples keeps the code of the authors' manual the code of the
// examples, which are run.
func TestManualQuotesExamples(t *testing.T) {
	manual, err := os.ReadFile("../docs/writing-checks.md")
	if err != nil {
		t.Fatal(err)
	}
	var examples string
	for _, file := range []string{"example_test.go", "example_workload_test.go"} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples += flat(string(code))
	}
	blocks := strings.Split(string(manual), "```go\n")[1:]
	if len(blocks) == 0 {
		t.Error("the manual has no code")
	}
	for _, b := range blocks {
		code, _, _ := strings.Cut(b, "```")
		if !strings.Contains(examples, flat(code)) {
			t.Errorf("no example has\n%s", code)
		}
	}
}

// flat is code without indentation.
func flat(code string) string {
	lines := strings.Split(code, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}
