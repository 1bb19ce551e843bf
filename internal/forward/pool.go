package forward

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/session"
)

// idleTime is how long a stream that nobody uses stays open.
const idleTime = time.Minute

// Dial opens a stream to another server.
type Dial func(ctx context.Context, server string) (io.ReadWriteCloser, error)

// Pool sends queries to other servers. The queries of one client go over one stream to each of them.
type Pool struct {
	dial Dial

	wg sync.WaitGroup // the readers of streams

	mu      sync.Mutex // guards what follows; line.mu comes after it
	closed  bool
	lines   map[lineKey]*line
	sweeper *time.Timer
}

type lineKey struct {
	server string
	client session.Client
}

// NewPool makes a pool that opens streams with dial.
func NewPool(dial Dial) *Pool { return &Pool{dial: dial, lines: map[lineKey]*line{}} }

// Close ends all streams.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	if p.sweeper != nil {
		p.sweeper.Stop()
	}
	for _, l := range p.lines {
		l.end()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// Start runs a query on another server up to its first answer. See exec.Router.
func (p *Pool) Start(ctx context.Context, server string, c *session.Client, query []byte) ([]byte, exec.RemoteCursor, error) {
	if c.Hops >= maxHops {
		return nil, nil, exec.ErrAstray
	}
	l, err := p.line(ctx, lineKey{server, *c})
	if err != nil {
		return nil, nil, err
	}
	r := l.request()
	if err := r.send(query); err != nil {
		r.forget()
		return nil, nil, exec.ErrLostContact
	}
	answer, err := r.wait(ctx)
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	if !partial(answer) {
		r.forget()
		return answer, nil, nil
	}
	return answer, r, nil
}

// partial tells whether an answer is a SUCCESS_PARTIAL. Answers begin with their type.
func partial(answer []byte) bool {
	const head = `{"t":3,`
	return len(answer) >= len(head) && string(answer[:len(head)]) == head
}

// line gives the stream of a client to a server, which it opens if there is none.
func (p *Pool) line(ctx context.Context, key lineKey) (*line, error) {
	p.mu.Lock()
	l := p.lines[key]
	if l != nil && l.use() {
		p.mu.Unlock()
		return l, nil
	}
	p.mu.Unlock()
	stream, err := p.dial(ctx, key.server)
	if err != nil {
		return nil, errors.Join(exec.ErrNotReached, err)
	}
	l = &line{stream: stream, requests: map[int64]*request{}, users: 1}
	if err := l.greet(key.client); err != nil {
		_ = stream.Close() // nothing was asked
		return nil, errors.Join(exec.ErrNotReached, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = stream.Close()
		return nil, exec.ErrNotReached
	}
	if other := p.lines[key]; other != nil && other.use() { // somebody was faster
		return other, stream.Close()
	}
	p.lines[key] = l
	p.wg.Go(func() {
		l.read()
		p.remove(key, l)
	})
	if p.sweeper == nil {
		p.sweeper = time.AfterFunc(idleTime, p.sweep)
	}
	return l, nil
}

func (p *Pool) remove(key lineKey, l *line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lines[key] == l {
		delete(p.lines, key)
	}
}

// sweep ends the streams that were not used for a while.
func (p *Pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, l := range p.lines {
		if l.idle() {
			delete(p.lines, key)
			l.end()
		}
	}
	if !p.closed {
		p.sweeper.Reset(idleTime)
	}
}
