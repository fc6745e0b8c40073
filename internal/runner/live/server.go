package live

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"
)

// The paths of the session's server. A request is the JSON of ask, an answer that of a
// State or, with another status than 200, of refusal.
const (
	pathState    = "/v1/state"
	pathWatch    = "/v1/watch" // newline-delimited States
	pathNext     = "/v1/next"
	pathReset    = "/v1/reset"
	pathCheck    = "/v1/check"
	pathHint     = "/v1/hint"
	pathAnswer   = "/v1/answer"
	pathSolution = "/v1/solution"
	pathTouch    = "/v1/touch"
	pathStop     = "/v1/stop"
)

// ask is what goes with a request.
type ask struct {
	Skip     bool   `json:"skip,omitempty"`
	Step     string `json:"step,omitempty"`
	Files    bool   `json:"files,omitempty"`
	Question string `json:"question,omitempty"`
	Answer   string `json:"answer,omitempty"`
}

// refusal is an error on its way.
type refusal struct {
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
	Request bool   `json:"request,omitempty"` // it is a RequestError
	Ended   bool   `json:"ended,omitempty"`   // it is an EndedError
	Unsaved bool   `json:"unsaved,omitempty"` // it is an UnsavedError
	Lab     string `json:"lab,omitempty"`
}

// headerTimeout is for clients that connect and say nothing.
const headerTimeout = 10 * time.Second

// Serve serves a session to others until ctx ends. What is being answered then, is.
func Serve(ctx context.Context, l net.Listener, s Session) error {
	server := &http.Server{Handler: handler(s), ReadHeaderTimeout: headerTimeout, BaseContext: func(net.Listener) context.Context { return context.WithoutCancel(ctx) }}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	const grace = 2 * time.Second
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if server.Shutdown(closing) != nil {
		return server.Close()
	}
	return nil
}

func handler(s Session) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathWatch, func(w http.ResponseWriter, r *http.Request) { serveWatch(w, r, s) })
	for path, do := range map[string]func(context.Context, ask) (State, error){
		pathState:    func(ctx context.Context, _ ask) (State, error) { return s.State(ctx) },
		pathNext:     func(ctx context.Context, a ask) (State, error) { return s.Next(ctx, a.Skip) },
		pathReset:    func(ctx context.Context, a ask) (State, error) { return s.Reset(ctx, a.Step, a.Files) },
		pathCheck:    func(ctx context.Context, _ ask) (State, error) { return s.Check(ctx) },
		pathHint:     func(ctx context.Context, _ ask) (State, error) { return s.Hint(ctx) },
		pathAnswer:   func(ctx context.Context, a ask) (State, error) { return s.Answer(ctx, a.Question, a.Answer) },
		pathSolution: func(ctx context.Context, _ ask) (State, error) { return s.Solution(ctx) },
		pathTouch:    func(ctx context.Context, _ ask) (State, error) { return State{}, s.Touch(ctx) },
		pathStop:     func(ctx context.Context, _ ask) (State, error) { return State{}, s.Stop(ctx) },
	} {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { serve(w, r, do) })
	}
	return mux
}

// maxAsk is more than an answer to a question has.
const maxAsk = 64 << 10

func serve(w http.ResponseWriter, r *http.Request, do func(context.Context, ask) (State, error)) {
	var a ask
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsk)).Decode(&a)
	var state State
	if err == nil {
		state, err = do(r.Context(), a)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(refusalOf(err)) // who has gone hears nothing
		return
	}
	_ = json.NewEncoder(w).Encode(state)
}

func refusalOf(err error) refusal {
	var request *RequestError
	var ended *EndedError
	var unsaved *UnsavedError
	switch {
	case errors.As(err, &unsaved):
		return refusal{Message: unsaved.Reason, Remedy: unsaved.Remedy, Unsaved: true}
	case errors.As(err, &request):
		return refusal{Message: request.Message, Remedy: request.Remedy, Request: true}
	case errors.As(err, &ended):
		return refusal{Message: ended.Reason, Remedy: ended.Remedy, Ended: true, Lab: ended.Lab}
	default:
		return refusal{Message: err.Error()}
	}
}

func serveWatch(w http.ResponseWriter, r *http.Request, s Session) {
	states, err := s.Watch(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := json.NewEncoder(w)
	for state := range states {
		if out.Encode(state) != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
	}
}
