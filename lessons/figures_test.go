package lessons

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
)

// TestGapsOfAJob holds the table of gaps in job-backoff against the recording that
// it was taken from: a Job with backoffLimit 8 that nobody wants to wait for.
// testdata/job-cap is the lesson that made it. It plays for half an hour:
// k8slab play job-cap --lessons lessons/testdata --fast
func TestGapsOfAJob(t *testing.T) {
	recording := open(t, filepath.Join("testdata", "job-cap.ndjson.gz"))
	if h := recording.Header(); h.Pace != 1 || !strings.HasPrefix(h.Kubernetes, "v1.36.") {
		t.Fatalf("recorded at pace %v on Kubernetes %s; the text says what 1.36 does", h.Pace, h.Kubernetes)
	}
	job := recording.Whole().Job("default", "slow")
	attempts, gaps := tableRow(t, "before attempt"), tableRow(t, "gap in seconds")
	if len(gaps) != len(attempts) || len(job.Attempts) != len(gaps)+1 {
		t.Fatalf("the text has %d gaps before %d attempts, the recording %d attempts", len(gaps), len(attempts), len(job.Attempts))
	}
	for i, attempt := range job.Attempts[1:] {
		if want := time.Duration(gaps[i]) * time.Second; attempts[i] != i+2 || !attempt.Pause.Near(want) {
			t.Errorf("gap before attempt %d is %s, the text says %s before attempt %d", i+2, attempt.Pause.Length(), want, attempts[i])
		}
	}
	if job.Reason != "BackoffLimitExceeded" {
		t.Errorf("the Job ended with the reason %q", job.Reason)
	}
}

// tableRow returns the figures in a row of the lesson's table.
func tableRow(t *testing.T, name string) []int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("job-backoff", "lesson.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| ` + name + ` \|(.*)\|$`).FindSubmatch(text)
	if row == nil {
		t.Fatalf("the lesson has no row %q", name)
	}
	var figures []int
	for _, cell := range strings.Split(string(row[1]), "|") {
		n, err := strconv.Atoi(strings.TrimSpace(cell))
		if err != nil {
			t.Fatal(err)
		}
		figures = append(figures, n)
	}
	return figures
}

// open reads a compressed recording.
func open(t *testing.T, path string) *timeline.Timeline {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	recording, err := timeline.Read(z)
	if err != nil {
		t.Fatal(err)
	}
	return recording
}
