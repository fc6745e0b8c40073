package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"time"
)

// Client is a session that goes on in another process.
type Client struct {
	labDir string
	http   *http.Client
}

var _ Session = (*Client)(nil)

// How long a process may take that is there and may not answer, as one that was stopped
// with SIGSTOP; on a busy machine any may be slow.
const (
	dialTimeout   = 5 * time.Second
	answerTimeout = 15 * time.Second
)

// Connect returns the session of the lab in a directory. If none is there, the error is
// an *EndedError that says what became of it.
func Connect(ctx context.Context, labDir string) (*Client, error) {
	r, err := LoadRecord(labDir)
	if err != nil || r.Ended != nil {
		return nil, ended(labDir)
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	c := &Client{labDir: labDir, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", r.Socket)
		},
	}}}
	if err := c.answers(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// answers returns nil if somebody is there who answers.
func (c *Client) answers(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	_, err := c.State(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		return c.silent()
	}
	return err
}

// silent is the error of a process that is there and says nothing.
func (c *Client) silent() error {
	return &EndedError{Lab: filepath.Base(c.labDir), Reason: "its process does not answer", Remedy: "`k8slab stop` ends it, and `k8slab start` goes on.", Broken: true}
}

// Close lets the session go, which goes on.
func (c *Client) Close() { c.http.CloseIdleConnections() }

func (c *Client) request(ctx context.Context, method, path string, a ask) (*http.Response, error) {
	body, _ := json.Marshal(a) // strings and bools
	r, err := http.NewRequestWithContext(ctx, method, "http://lab"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	return response, nil
}

// broken is the error of a session that does not answer.
func (c *Client) broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return c.silent()
	}
	return ended(c.labDir)
}

func (c *Client) post(ctx context.Context, path string, a ask) (State, error) {
	response, err := c.request(ctx, http.MethodPost, path, a)
	if err != nil {
		return State{}, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		var s State
		if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
			return State{}, c.broken(ctx, err)
		}
		return s, nil
	}
	var no refusal
	if err := json.NewDecoder(response.Body).Decode(&no); err != nil {
		return State{}, c.broken(ctx, err)
	}
	switch {
	case no.Request:
		return State{}, &RequestError{no.Message, no.Remedy}
	case no.Unsaved:
		return State{}, &UnsavedError{no.Message, no.Remedy}
	case no.Ended:
		return State{}, &EndedError{Lab: no.Lab, Reason: no.Message, Remedy: no.Remedy}
	default:
		return State{}, errors.New(no.Message)
	}
}

// Watch implements Session.
func (c *Client) Watch(ctx context.Context) (<-chan State, error) {
	response, err := c.request(ctx, http.MethodGet, pathWatch, ask{}) //nolint:bodyclose // who reads it closes it
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(response.Body, maxAsk))
		return nil, fmt.Errorf("watch the session: %s", text)
	}
	states := make(chan State, 1)
	go func() {
		defer close(states)
		defer response.Body.Close()
		in := json.NewDecoder(response.Body)
		for {
			var s State
			if in.Decode(&s) != nil {
				return
			}
			give(states, s)
		}
	}()
	return states, nil
}

// State implements Session.
func (c *Client) State(ctx context.Context) (State, error) { return c.post(ctx, pathState, ask{}) }

// Next implements Session.
func (c *Client) Next(ctx context.Context, skip bool) (State, error) {
	return c.post(ctx, pathNext, ask{Skip: skip})
}

// Reset implements Session.
func (c *Client) Reset(ctx context.Context, step string, files bool) (State, error) {
	return c.post(ctx, pathReset, ask{Step: step, Files: files})
}

// Check implements Session.
func (c *Client) Check(ctx context.Context) (State, error) { return c.post(ctx, pathCheck, ask{}) }

// Hint implements Session.
func (c *Client) Hint(ctx context.Context) (State, error) { return c.post(ctx, pathHint, ask{}) }

// Answer implements Session.
func (c *Client) Answer(ctx context.Context, id, answer string) (State, error) {
	return c.post(ctx, pathAnswer, ask{Question: id, Answer: answer})
}

// Solution implements Session.
func (c *Client) Solution(ctx context.Context) (State, error) {
	return c.post(ctx, pathSolution, ask{})
}

// Touch implements Session.
func (c *Client) Touch(ctx context.Context) error {
	_, err := c.post(ctx, pathTouch, ask{})
	return err
}

// Stop implements Session.
func (c *Client) Stop(ctx context.Context) error {
	_, err := c.post(ctx, pathStop, ask{})
	return err
}
