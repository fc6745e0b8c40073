package kind

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"sigs.k8s.io/kind/pkg/exec"
	"sigs.k8s.io/kind/pkg/log"
)

// logLevel is kind's verbosity in the log file: 3 includes what kubeadm prints.
const logLevel log.Level = 3

// logger is kind's logger. Everything goes to a file with the time before it; the
// phases among it go to progress, too, until endProgress.
type logger struct {
	mu       sync.Mutex
	file     *os.File
	progress func(phase string) // nil after endProgress
}

var _ log.Logger = (*logger)(nil)

// openLog makes an empty log file. progress may be nil.
func openLog(path string, progress func(string)) (*logger, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return &logger{file: file, progress: progress}, nil
}

func (l *logger) path() string { return l.file.Name() }

// phase reports a phase of our own, and logs it.
func (l *logger) phase(text string) {
	l.write(text)
	l.report(text)
}

// failure logs an error with all that the command behind it has printed.
func (l *logger) failure(err error) {
	l.Errorf("%v", err)
	if failed, ok := errors.AsType[*exec.RunError](err); ok {
		l.Errorf("%s printed:\n%s", failed.PrettyCommand(), failed.Output)
	}
}

// endProgress returns when progress has been called for the last time.
func (l *logger) endProgress() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.progress = nil
}

// close closes the file. What is logged later is lost, which is right for what an
// abandoned kind still has to say; so are errors, since the log is a byproduct.
func (l *logger) close() { _ = l.file.Close() }

func (l *logger) Warn(message string)            { l.write("WARNING: " + message) }
func (l *logger) Warnf(format string, a ...any)  { l.Warn(fmt.Sprintf(format, a...)) }
func (l *logger) Error(message string)           { l.write("ERROR: " + message) }
func (l *logger) Errorf(format string, a ...any) { l.Error(fmt.Sprintf(format, a...)) }

// V returns the logger of a level. Level 0 is what kind shows to its users, with
// the phases among it.
func (l *logger) V(level log.Level) log.InfoLogger { return infoLogger{l, level} }

func (l *logger) write(message string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	stamp := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	_, _ = fmt.Fprintf(l.file, "%s %s\n", stamp, strings.TrimRight(message, "\n"))
}

func (l *logger) report(phase string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.progress != nil {
		l.progress(phase)
	}
}

type infoLogger struct {
	logger *logger
	level  log.Level
}

func (i infoLogger) Enabled() bool { return i.level <= logLevel }

func (i infoLogger) Infof(format string, a ...any) {
	if i.Enabled() {
		i.Info(fmt.Sprintf(format, a...))
	}
}

func (i infoLogger) Info(message string) {
	if !i.Enabled() {
		return
	}
	i.logger.write(message)
	if phase, ok := phaseOf(message); ok && i.level == 0 {
		i.logger.report(phase)
	}
}

// phaseOf finds the phase in a line such as " • Preparing nodes 📦 📦   ...\n".
// Lines that do not begin a phase, such as " ✓ Preparing nodes 📦\n", have none.
func phaseOf(line string) (phase string, ok bool) {
	text, begins := strings.CutPrefix(strings.TrimSpace(line), "• ")
	text, goesOn := strings.CutSuffix(text, "...")
	if !begins || !goesOn {
		return "", false
	}
	return strings.TrimRightFunc(text, isDecoration), true
}

// isDecoration holds for spaces and emoji, which are symbols with modifiers.
func isDecoration(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.So, unicode.Sk, unicode.Mn)
}
