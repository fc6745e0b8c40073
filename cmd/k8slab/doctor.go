package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/k8slab/k8slab/internal/cluster/claim"
	"github.com/k8slab/k8slab/internal/cluster/embedded"
	"github.com/k8slab/k8slab/internal/cluster/kind"
	"github.com/k8slab/k8slab/internal/runner"
)

// finding is one line of `doctor`.
type finding struct {
	Check   string `json:"check"`
	Status  status `json:"status"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

type status string

const (
	healthy status = "ok"
	notice  status = "note"    // worth knowing, nothing to do
	sick    status = "problem" // lessons will not run until it is mended
)

func newDoctorCommand(s streams) *cobra.Command {
	var output outputFormat
	var clusterContext string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether everything is there that k8slab needs",
		Long: `Look whether everything is there that k8slab needs, and say what to do about what
is not. It starts nothing and changes nothing. The exit code is 3 if lessons cannot run.

It also names the directories that k8slab writes to, and the log of each lab.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			findings := diagnose(c.Context())
			if clusterContext != "" {
				all, err := examineContext(c.Context(), clusterContext)
				if err != nil {
					return err
				}
				findings = append(findings, all...)
			}
			err := output.write(s.out, findings, func() error { return printFindings(s.out, findings) }, nil)
			if err != nil {
				return err
			}
			for _, f := range findings {
				if f.Status == sick {
					return verdict(exitBroken)
				}
			}
			return nil
		},
	}
	output.addTo(c, formatText, formatJSON, formatYAML)
	c.Flags().StringVar(&clusterContext, "context", "", "also say which lessons can be done with --cluster existing in this context of your kubeconfig")
	return c
}

func diagnose(ctx context.Context) []finding {
	var all []finding
	labs, err := labsDir()
	all = append(all, examineDir("labs", labs, err))
	cache, err := cacheDir()
	all = append(all, examineDir("cache", cache, err))
	all = append(all, examineDisk(labs), examineLoopback(), examineSeed(cache))
	all = append(all, examineKind(ctx, kind.Provider{Image: os.Getenv("K8SLAB_KIND_IMAGE")})...)
	if claims, err := claimsDir(); err == nil { // else so is that of the labs
		all = append(all, examineLeftovers(claims)...)
	}
	return append(all, examineLabs(labs)...)
}

// examineDir looks for the nearest directory that exists, because k8slab makes
// the ones below it.
func examineDir(name, dir string, err error) finding {
	check := name + " directory"
	if err != nil {
		return finding{check, sick, err.Error(), hint(err)}
	}
	existing := nearest(dir)
	if info, err := os.Stat(existing); err != nil || !info.IsDir() {
		return finding{check, sick, fmt.Sprintf("%s cannot be made: %s is not a directory", dir, existing),
			"Set XDG_STATE_HOME and XDG_CACHE_HOME to directories that you can write to."}
	}
	if err := unix.Access(existing, unix.W_OK|unix.X_OK); err != nil {
		return finding{check, sick, fmt.Sprintf("%s cannot be written to: %v", existing, err),
			"Make it writable, or set XDG_STATE_HOME and XDG_CACHE_HOME to directories that are."}
	}
	return finding{Check: check, Status: healthy, Message: dir}
}

// nearest is the longest part of the path that exists.
func nearest(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

func examineDisk(dir string) finding {
	const check = "disk space"
	free, err := embedded.FreeBytes(nearest(dir))
	if err != nil {
		return finding{check, sick, err.Error(), ""}
	}
	message := fmt.Sprintf("%d MB free, a lab needs %d MB", free>>20, embedded.MinFreeBytes>>20)
	if free < embedded.MinFreeBytes {
		return finding{check, sick, message, "Free some space, or set XDG_STATE_HOME to a directory on another disk."}
	}
	return finding{Check: check, Status: healthy, Message: message}
}

func examineLoopback() finding {
	const check = "loopback network"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return finding{check, sick, err.Error(), "Bring up the loopback interface (127.0.0.1)."}
	}
	listener.Close()
	return finding{Check: check, Status: healthy, Message: "127.0.0.1 can be listened on; nothing else is"}
}

func examineSeed(cache string) finding {
	const check = "seed"
	err := embedded.CheckSeed(cache)
	if err != nil {
		return finding{check, notice, err.Error(), "The next start makes one, and takes a little longer."}
	}
	return finding{Check: check, Status: healthy, Message: "the embedded cluster starts from it"}
}

// examineKind says what --cluster kind would find. The embedded cluster needs
// nothing of it, so nothing there is a problem.
func examineKind(ctx context.Context, p kind.Provider) []finding {
	var all []finding
	for _, symptom := range p.Diagnose(ctx) {
		f := finding{Check: "kind: " + symptom.About, Status: healthy, Message: symptom.Says, Remedy: symptom.Remedy}
		if !symptom.Healthy || symptom.Remedy != "" || symptom.Says == "not installed" {
			f.Status = notice
		}
		all = append(all, f)
	}
	return all
}

// examineLeftovers names what killed runs have left.
func examineLeftovers(claims string) []finding {
	left, err := claim.Leftovers(claims)
	if err != nil {
		return []finding{{"leftovers", sick, err.Error(), ""}}
	}
	var all []finding
	for _, n := range left {
		all = append(all, finding{"leftovers", notice, fmt.Sprintf("%s, of lab %s", n.Name, n.Lab), "`k8slab clean` removes it."})
	}
	return all
}

func examineLabs(dir string) []finding {
	labs, err := runner.Labs(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ENOTDIR) {
		return []finding{{"labs", sick, err.Error(), ""}}
	}
	var all []finding
	for _, l := range labs {
		state := "ended"
		if l.Running {
			state = "running"
		}
		f := finding{Check: "lab " + l.Name, Status: notice, Message: state}
		if _, err := os.Stat(filepath.Join(l.Path, embedded.LogName)); err == nil {
			f.Message += ", log " + filepath.Join(l.Path, embedded.LogName)
		}
		all = append(all, f)
	}
	return all
}

func printFindings(w io.Writer, findings []finding) error {
	for _, f := range findings {
		if _, err := fmt.Fprintf(w, "%-8s %s: %s\n", f.Status, f.Check, f.Message); err != nil {
			return err
		}
		if f.Remedy != "" {
			fmt.Fprintf(w, "         %s\n", f.Remedy)
		}
	}
	return nil
}
