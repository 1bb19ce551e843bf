package forward

import (
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/session"
)

// line is a stream to another server with the requests that are under way on it.
type line struct {
	stream io.ReadWriteCloser

	writing sync.Mutex // held while a frame is written; taken alone

	mu       sync.Mutex // guards what follows
	ended    bool
	requests map[int64]*request
	last     int64 // token
	users    int   // who is about to make a request
	unused   time.Time
}

func (l *line) greet(c session.Client) error {
	body, err := json.Marshal(greetingOf(c))
	if err != nil {
		return err
	}
	return l.write(0, body)
}

func (l *line) write(token int64, body []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err := l.stream.Write(appendFrame(make([]byte, 0, headBytes+len(body)), token, body))
	return err
}

// use keeps the line from being ended for want of use, unless it has ended.
func (l *line) use() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.users++
	}
	return !l.ended
}

func (l *line) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.users == 0 && len(l.requests) == 0 && time.Since(l.unused) >= idleTime
}

// request begins a request for somebody who uses the line.
func (l *line) request() *request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users--
	l.last++
	r := &request{line: l, token: l.last, ready: make(chan struct{}, 1), lost: l.ended}
	if l.ended {
		r.ready <- struct{}{}
	} else {
		l.requests[r.token] = r
	}
	return r
}

// read takes answers to those who wait for them, until the stream ends.
func (l *line) read() {
	for {
		token, body, err := readFrame(l.stream, maxAnswerBytes)
		if err != nil {
			l.end()
			return
		}
		l.mu.Lock()
		r := l.requests[token]
		l.mu.Unlock()
		if r != nil {
			r.answer(body)
		}
	}
}

// end ends the stream; what is under way is lost.
func (l *line) end() {
	l.mu.Lock()
	l.ended = true
	requests := l.requests
	l.requests = map[int64]*request{}
	l.mu.Unlock()
	_ = l.stream.Close() // whatever was on its way is lost anyway
	for _, r := range requests {
		r.answer(nil)
	}
}

// request is a query on another server. It implements exec.RemoteCursor.
type request struct {
	line  *line
	token int64
	ready chan struct{} // has an element while there is an answer, or the line is lost

	mu       sync.Mutex // guards what follows
	body     []byte     // the answer
	lost     bool
	asked    bool // for the next answer
	finished bool // the other server knows nothing of it any more
	wake     func()
}

// Requests for more of a query.
var (
	continueQuery = []byte(`[2]`)
	stopQuery     = []byte(`[3]`)
)

func (r *request) send(query []byte) error { return r.line.write(r.token, query) }

// answer takes an answer, or nil when there will be none.
func (r *request) answer(body []byte) {
	r.mu.Lock()
	r.body, r.lost = body, body == nil
	wake := r.wake
	r.wake = nil
	r.mu.Unlock()
	select {
	case r.ready <- struct{}{}:
	default: // the line was lost with an answer unread
	}
	if wake != nil {
		wake()
	}
}

// wait waits for the answer.
func (r *request) wait(ctx context.Context) ([]byte, error) {
	select {
	case <-r.ready:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lost {
		select {
		case r.ready <- struct{}{}: // it stays lost
		default:
		}
		return nil, exec.ErrLostContact
	}
	body := r.body
	r.body, r.asked = nil, false
	r.finished = !partial(body)
	return body, nil
}

// ask asks for the next answer, once.
func (r *request) ask() {
	r.mu.Lock()
	asked := r.asked
	r.asked = true
	r.mu.Unlock()
	if !asked {
		if err := r.send(continueQuery); err != nil {
			r.line.end() // which is an answer
		}
	}
}

// Next implements exec.RemoteCursor.
func (r *request) Next(ctx context.Context) (answer []byte, more bool, err error) {
	r.ask()
	if answer, err = r.wait(ctx); err != nil {
		return nil, false, err
	}
	return answer, partial(answer), nil
}

// Wait implements exec.RemoteCursor.
func (r *request) Wait(wake func()) bool {
	r.ask()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body != nil || r.lost {
		return false
	}
	r.wake = wake
	return true
}

// Close implements exec.RemoteCursor.
func (r *request) Close() {
	r.mu.Lock()
	tell := !r.finished && !r.lost
	r.mu.Unlock()
	r.forget()
	if tell && r.send(stopQuery) != nil {
		r.line.end()
	}
}

// forget makes the line forget the request.
func (r *request) forget() {
	r.line.mu.Lock()
	defer r.line.mu.Unlock()
	delete(r.line.requests, r.token)
	r.line.unused = time.Now()
}
