// Package sessiontest has an engine for tests that evaluates a handful of terms by itself, so that the tests of the
// ports do not depend on the executor.
package sessiontest

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
)

// Engine answers a query by what its term is:
//
//	a number, a string, null   quickly, with it
//	[24, [a, b]]               quickly, with the sum
//	[173, [n]]                 slowly, with the numbers below n in batches of 4
//	"block"                    when it is interrupted
//	"wait"                     when Release is closed
//	"write"                    likewise, but says that it is quick except for a wait
//	"feed"                     a feed that has something after each Publish
//	"panic", "panic slowly"    not at all
//	"big"                      slowly, with a string of a megabyte
//	"slow"                     slowly, with "slow"
//	"brief", "long"            slowly, with it; a try answers with "tried", or fails
//	"cut"                      when it is interrupted, in a try
type Engine struct {
	Release chan struct{}
	OnWrite func(ctx context.Context) // if set, called by "write" in place of waiting for Release

	Running atomic.Int64 // plans and Next calls under way
	Cursors atomic.Int64 // open cursors
	Revoked atomic.Bool  // feeds answer with an error when they are next asked

	mu    sync.Mutex // guards what follows
	feeds map[*feed]struct{}
}

// New makes an engine.
func New() *Engine { return &Engine{Release: make(chan struct{}), feeds: map[*feed]struct{}{}} }

// Publish gives one more element to each feed.
func (e *Engine) Publish() {
	var wakes []func()
	e.mu.Lock()
	for f := range e.feeds {
		if wake := f.add(); wake != nil {
			wakes = append(wakes, wake)
		}
	}
	e.mu.Unlock()
	for _, wake := range wakes {
		wake()
	}
}

// Open implements session.Engine.
func (e *Engine) Open(session.Client) session.Compiler {
	return compiler{e}
}

// AppendServerInfo implements session.Engine.
func (e *Engine) AppendServerInfo(dst []byte) []byte {
	return append(dst, `{"id":"8e0b6b2f-0000-4000-8000-000000000001","name":"test","proxy":false}`...)
}

type compiler struct{ e *Engine }

func (c compiler) Compile(q *reql.Query) session.Plan {
	p := &plan{e: c.e, err: q.Err, kind: "datum"}
	if q.Err != nil {
		return p
	}
	switch q.Term.Type {
	case reql.TermDatum:
		p.value = q.Term.Datum
		if q.Term.Datum.Kind() == datum.KindString {
			switch s := q.Term.Datum.AsString(); s {
			case "block", "wait", "feed", "panic", "panic slowly", "big", "slow", "write", "brief", "long", "cut":
				p.kind = s
			}
		}
	case reql.TermAdd:
		p.value = datum.Number(q.Term.Args[0].Datum.AsNumber() + q.Term.Args[1].Datum.AsNumber())
	case reql.TermRange:
		p.kind, p.value = "range", q.Term.Args[0].Datum
	default:
		p.err = reql.Errorf(reql.QueryLogic, "the test engine does not know %v", q.Term.Type)
	}
	return p
}

type plan struct {
	e     *Engine
	kind  string
	value datum.Value
	err   *reql.Error
}

func (p *plan) String() string { return p.kind }

func (p *plan) Quick() bool { return p.kind == "datum" || p.kind == "panic" || p.kind == "write" }

func (p *plan) Waits() bool { return p.kind == "write" }

func (p *plan) Brief() bool { return p.kind == "brief" || p.kind == "long" || p.kind == "cut" }

func (p *plan) Try(ctx context.Context, dst []byte) ([]byte, session.Cursor, bool) {
	switch p.kind {
	case "long":
		return dst, nil, false
	case "cut":
		return append(dst, p.interrupted(ctx)...), nil, true
	}
	return append(dst, `{"t":1,"r":["tried"]}`...), nil, true
}

// interrupted waits for the end of ctx and gives an answer that does not know why.
func (p *plan) interrupted(ctx context.Context) []byte {
	<-ctx.Done()
	return reql.AppendError(nil, reql.Errorf(reql.OpIndeterminate, "interrupted"))
}

func (p *plan) Start(ctx context.Context, dst []byte) ([]byte, session.Cursor) {
	if p.err != nil {
		return reql.AppendError(dst, p.err), nil
	}
	p.e.Running.Add(1)
	defer p.e.Running.Add(-1)
	switch p.kind {
	case "panic", "panic slowly":
		panic("as the test wishes")
	case "block":
		return append(dst, p.interrupted(ctx)...), nil
	case "wait", "write":
		if p.kind == "write" && p.e.OnWrite != nil {
			p.e.OnWrite(ctx)
			break
		}
		select {
		case <-ctx.Done():
			return reql.AppendError(dst, reql.Errorf(reql.OpIndeterminate, "interrupted")), nil
		case <-p.e.Release:
		}
	case "range":
		p.e.Cursors.Add(1)
		c := &cursor{e: p.e, n: int(p.value.AsNumber())}
		dst, more := c.Next(ctx, dst)
		if !more {
			c.Close()
			return dst, nil
		}
		return dst, c
	case "feed":
		p.e.Cursors.Add(1)
		return append(dst, `{"t":3,"r":[],"n":[1]}`...), p.e.newFeed()
	case "big":
		dst = append(dst, `{"t":1,"r":["`...)
		dst = append(dst, bytes.Repeat([]byte("x"), 1<<20)...)
		return append(dst, `"]}`...), nil
	}
	dst = append(dst, `{"t":1,"r":[`...)
	dst, err := datum.AppendJSON(dst, p.value)
	if err != nil {
		panic(fmt.Sprintf("a datum that cannot be written: %v", err))
	}
	return append(dst, `]}`...), nil
}

type cursor struct {
	e       *Engine
	from, n int
}

func (c *cursor) Next(_ context.Context, dst []byte) ([]byte, bool) {
	to := min(c.from+4, c.n)
	t := 3
	if to == c.n {
		t = 2
	}
	dst = fmt.Appendf(dst, `{"t":%d,"r":[`, t)
	for i := c.from; i < to; i++ {
		if i > c.from {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(i), 10)
	}
	c.from = to
	return append(dst, `],"n":[]}`...), to < c.n
}

func (c *cursor) Close() { c.e.Cursors.Add(-1) }

// feed counts as running while it waits.
type feed struct {
	e *Engine

	mu     sync.Mutex // guards what follows; taken after Engine.mu
	waits  bool
	closed bool
	have   int
	wake   func()
}

func (e *Engine) newFeed() *feed {
	f := &feed{e: e}
	e.mu.Lock()
	e.feeds[f] = struct{}{}
	e.mu.Unlock()
	return f
}

// add gives one element, and returns whom to wake.
func (f *feed) add() (wake func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.have++
	wake, f.wake = f.wake, nil
	return wake
}

func (f *feed) Wait(wake func()) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.have > 0 {
		return false
	}
	f.wake = wake
	f.count(!f.closed)
	return true
}

// count makes the feed count as running, or not. The caller holds mu.
func (f *feed) count(waits bool) {
	if f.waits == waits {
		return
	}
	f.waits = waits
	if waits {
		f.e.Running.Add(1)
	} else {
		f.e.Running.Add(-1)
	}
}

func (f *feed) Quick() bool { return true }

func (f *feed) Next(_ context.Context, dst []byte) ([]byte, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.e.Revoked.Load() {
		return reql.AppendError(dst, reql.Errorf(reql.Permission, "revoked")), false
	}
	if f.have == 0 {
		return dst, true
	}
	f.count(false)
	dst = fmt.Appendf(dst, `{"t":3,"r":[%d],"n":[1]}`, f.have)
	f.have = 0
	return dst, true
}

func (f *feed) Close() {
	f.e.mu.Lock()
	delete(f.e.feeds, f)
	f.e.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed, f.wake = true, nil
	f.count(false)
	f.e.Cursors.Add(-1)
}
