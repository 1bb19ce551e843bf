package js

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// maxWorkers is how many queries run scripts at the same time; more wait for their turn. The original has as many.
	maxWorkers = 8
	// A new process costs some 20 ms, an idle one some 10 MB. So maxIdle of them are kept for maxIdleTime after their last
	// query, and more than that for spareTime, in which those who have just had one come again.
	maxIdle     = 2
	maxIdleTime = time.Minute
	spareTime   = time.Second
)

// ErrClosed is the error of using a pool that has been closed.
var ErrClosed = errors.New("the server is shutting down")

// Pool is the worker processes. They are started when they are needed. A query has one for itself while it runs, so that a
// script that loops or has eaten its memory delays nobody else, and one that has failed in such a way is not used again.
type Pool struct {
	// Set by NewPool, then constant.
	command []string
	log     *slog.Logger

	slots   chan struct{}  // capacity maxWorkers: one for each process in use
	closing chan struct{}  // closed by Close
	waiting sync.WaitGroup // one goroutine for each process, which waits for its end

	mu     sync.Mutex // guards everything below
	all    map[*process]struct{}
	idle   []*process // the longest idle first
	reaper *time.Timer
	// reaping: the reaper is set, which is as long as a process is idle.
	reaping bool
	closed  bool
}

// NewPool makes a pool of processes that run a command: the program itself with WorkerArgument.
func NewPool(command []string, log *slog.Logger) *Pool {
	p := &Pool{command: command, log: log, slots: make(chan struct{}, maxWorkers), closing: make(chan struct{}),
		all: map[*process]struct{}{}}
	p.reaper = time.AfterFunc(maxIdleTime, p.reap)
	p.reaper.Stop()
	return p
}

// Close ends all processes and waits until they are gone. Scripts that run fail.
func (p *Pool) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	p.reaper.Stop()
	p.idle = nil
	for w := range p.all {
		w.kill()
	}
	p.mu.Unlock()
	p.waiting.Wait()
}

// acquire gives a process for the caller alone, and whether it was started for it.
func (p *Pool) acquire(ctx context.Context) (w *process, started bool, err error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case <-p.closing:
		return nil, false, ErrClosed
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		<-p.slots
		return nil, false, ErrClosed
	}
	for len(p.idle) > 0 && w == nil {
		last := len(p.idle) - 1
		w, p.idle = p.idle[last], p.idle[:last]
		if w.hasEnded() {
			w = nil
		}
	}
	p.mu.Unlock()
	if w != nil {
		return w, false, nil
	}
	if w, err = p.start(); err != nil {
		<-p.slots
		p.log.Error("A process for r.js cannot be started.", "command", p.command, "error", err)
	}
	return w, true, err
}

func (p *Pool) start() (*process, error) {
	w, err := startProcess(p.command)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		w.kill()
	}
	p.all[w] = struct{}{}
	p.waiting.Go(func() {
		w.wait()
		p.mu.Lock()
		delete(p.all, w)
		p.mu.Unlock()
	})
	return w, nil
}

// release takes back a process. One that is not well is ended.
func (p *Pool) release(w *process, well bool) {
	p.mu.Lock()
	if well && !p.closed {
		w.idleSince = time.Now()
		p.idle = append(p.idle, w)
		if !p.reaping {
			p.reaping = true
			p.reaper.Reset(spareTime)
		}
	} else {
		w.kill()
	}
	p.mu.Unlock()
	<-p.slots
}

// reap ends processes that nobody has used for a while. The timer calls it.
func (p *Pool) reap() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		oldest := p.idle[0]
		since := time.Since(oldest.idleSince)
		if since < spareTime || len(p.idle) <= maxIdle && since < maxIdleTime {
			break
		}
		oldest.kill()
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	if p.reaping = len(p.idle) > 0 && !p.closed; p.reaping {
		p.reaper.Reset(spareTime)
	}
}
