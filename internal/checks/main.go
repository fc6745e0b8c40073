package checks

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/k8slab/k8slab/internal/cluster/timeline"
	"github.com/k8slab/k8slab/lab"
)

// Exit codes of a worker.
const (
	exitProtocol = 3  // host and worker do not understand each other
	exitCPU      = 86 // the script used up its processor time
)

// Main is the worker's side: it limits this process for good, answers requests
// until stdin ends, and returns the exit code. It is for a process of its own.
func Main(stdin io.Reader, stdout io.Writer) int {
	if err := limitProcess(); err != nil {
		return exitProtocol
	}
	s := server{answers: json.NewEncoder(stdout)}
	if s.answers.Encode(answerLine{Ready: true}) != nil {
		return exitProtocol
	}
	return s.serve(bufio.NewReaderSize(stdin, 64<<10))
}

// server answers requests, and keeps what later requests can build on.
type server struct {
	answers  *json.Encoder
	hash     string // of script
	script   *script
	broken   error // why script is nil
	printed  capped
	timeline *timeline.Builder // nil before the first request
	held     *lab.Held         // of the last request
}

func (s *server) serve(in *bufio.Reader) int {
	for {
		r, body, err := readRequest(in)
		if errors.Is(err, io.EOF) {
			return 0
		}
		if err != nil {
			return exitProtocol
		}
		if err := s.answer(r, body); err != nil {
			_ = s.answers.Encode(answerLine{Error: err.Error()})
			return exitProtocol
		}
	}
}

// answer runs the checks of one request. After an error host and worker do not
// agree about what the worker has.
func (s *server) answer(r requestLine, body []byte) error {
	limitCPU(r.CPU)
	grown, err := extend(s.timeline, r.Timeline.Keep, body)
	if err != nil {
		return err
	}
	s.timeline = grown
	s.load(r.Script)
	c := lab.Case{Manifests: r.Manifests, Window: window(grown.Timeline(), r.Step, r.Settled), Namespace: r.Namespace, Held: &lab.Held{}}
	defer func() { s.held = c.Held }()
	for _, name := range r.Names {
		if err := s.answers.Encode(answerLine{Begin: name}); err != nil {
			return err
		}
		f := s.run(name, c)
		if err := s.answers.Encode(answerLine{Finding: &f}); err != nil {
			return err
		}
	}
	return s.answers.Encode(answerLine{Done: true})
}

// load compiles the script of a request unless it is the one of the request
// before.
func (s *server) load(p scriptPart) {
	if p.Hash == s.hash {
		return
	}
	s.hash = p.Hash
	s.script, s.broken = load(p.Filename, p.Source, &s.printed)
}

func (s *server) run(name string, c lab.Case) Finding {
	if s.broken != nil {
		return Finding{Check: name, Title: words(name), Outcome: Error, Message: s.broken.Error(), Position: positionOf(s.broken)}
	}
	check, err := s.script.check(name)
	if err != nil {
		return Finding{Check: name, Title: words(name), Outcome: Error, Message: err.Error()}
	}
	s.printed.reset()
	s.script.position.set(0)
	c.Where = s.script.position.String
	f := finding(Check{Name: name, Title: s.script.title(name)}, lab.Judge(c, check), c.Where)
	f.Log = s.printed.String() + f.Log
	return f
}

// finding is a verdict in words. Where says where the script was, for a verdict
// that does not know.
func finding(c Check, v lab.Verdict, where func() string) Finding {
	f := Finding{Check: c.Name, Title: c.Title, Outcome: v.Outcome, Message: v.Message, Hint: v.Hint, Position: v.Position, Log: v.Log, OfFiles: v.OfFiles, Evidence: v.Evidence}
	if v.Panic != nil {
		f.Message, f.Position = fmt.Sprintf("the check panicked: %s", translate(v.Panic)), where()
	}
	if v.Outcome == Error && f.Position == "" {
		f.Position = where()
	}
	return f
}
