package feed

import (
	"context"
	"sync"
)

// A gate passes the commits of a table to feeds that can be resumed, once they are on disk. Otherwise a crash could take
// back a change that a client has seen, and what the client knows would not be a state of the table any more; it could not go on
// from there. Other feeds do not wait, as other reads do not.
//
// The feeds behind it have a hub of their own. One goroutine, which exists only while there is something to do, waits for the disk together with all
// hard writes, and forces soft ones to the disk for that.
type gate struct {
	// Set by newGate, then constant.
	behind *Hub
	sync   func(context.Context) error

	passing sync.Mutex // held while commits are passed on, so that they keep their order; taken before mu

	mu      sync.Mutex // guards what follows; taken below the lock of a replication group, so held for a few steps only
	pending []commit
	bytes   uint64
	lost    int
	running bool
}

// Resumable returns the hub of feeds that can be resumed. Its commits are those of h that are on disk.
func (h *Hub) Resumable() *Hub { return h.gate.behind }

func newGate(h *Hub, sync func(context.Context) error) *gate {
	g := &gate{behind: NewHub(h.applied), sync: sync}
	g.behind.before, g.behind.epoch = h, h.epoch
	return g
}

// take takes a commit, if somebody waits for it.
func (g *gate) take(c commit) {
	if g == nil || g.behind.open.Load() == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if size := c.size(); g.bytes+size > maxPendingBytes {
		g.lost += len(c.changes)
		for i := range g.pending {
			g.lost += len(g.pending[i].changes)
		}
		g.pending, g.bytes = nil, 0
	} else {
		g.pending = append(g.pending, c)
		g.bytes += size
	}
	if !g.running && g.behind.start() {
		g.running = true
		go g.run()
	}
}

// run passes on what is pending until nothing is.
func (g *gate) run() {
	defer g.behind.wg.Done()
	for g.pass() {
	}
}

// finish returns when nothing is pending any more. Nobody commits anything meanwhile.
func (g *gate) finish() {
	for g.pass() {
	}
}

// pass passes on what is pending. When it returns false, nothing was, and run has to end.
func (g *gate) pass() bool {
	g.passing.Lock()
	defer g.passing.Unlock()
	g.mu.Lock()
	batch, lost := g.pending, g.lost
	g.pending, g.bytes, g.lost = nil, 0, 0
	if len(batch) == 0 && lost == 0 {
		g.running = false
		g.mu.Unlock()
		return false
	}
	g.mu.Unlock()
	h := g.behind
	if err := g.sync(h.ctx); err != nil {
		if h.ctx.Err() == nil {
			h.endGroups(err) // the clients can resume when the disk is well again
		}
		lost, batch = 0, nil
	}
	h.put(lost, batch...)
	return true
}
