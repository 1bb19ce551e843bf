package catalog

import (
	"sync"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// Who has a replica of a group knows from Raft where the primary one is. The others are told: a server whose replica becomes the primary one says so to all that it is
// connected with, and to each that it gets a connection with. Where nothing was heard, or the connection has ended, the configuration has to do (Table.anyReplica).

// A Lead says which place a server has: that of the primary replica of a group, in an epoch.
type Lead struct {
	Group storage.GroupID
	Epoch replication.Epoch
}

// primaries are the servers that have said that they have primary replicas.
type primaries struct {
	mu    sync.Mutex // guards what follows; taken alone
	of    map[storage.GroupID]primary
	noted chan struct{} // closed by the next news
}

type primary struct {
	server ServerID
	epoch  replication.Epoch
}

// maxPrimaries bounds what is remembered, for whoever creates and drops tables all the time. It is forgotten as a whole: then the configuration has to do.
const maxPrimaries = 1 << 16

func newPrimaries() *primaries {
	return &primaries{of: map[storage.GroupID]primary{}, noted: make(chan struct{})}
}

// news returns a channel that is closed when something is heard.
func (p *primaries) news() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.noted
}

// HeardOf takes note that another server has the primary replica of a group. News may overtake each other.
func (c *Catalog) HeardOf(l Lead, at ServerID) { c.current.Load().primaries.note(l, at) }

func (p *primaries) note(l Lead, at ServerID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[l.Group].epoch > l.Epoch {
		return
	}
	if len(p.of) >= maxPrimaries {
		clear(p.of)
	}
	p.of[l.Group] = primary{at, l.Epoch}
	close(p.noted)
	p.noted = make(chan struct{})
}

// NotAt takes note that a server does not have the primary replica of a group, whatever was heard of it: what it has lost is not told, and news
// of who has it now may have been lost.
func (c *Catalog) NotAt(g storage.GroupID, server ServerID) {
	c.current.Load().primaries.forget(g, server)
}

func (p *primaries) forget(g storage.GroupID, server ServerID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of[g].server == server {
		delete(p.of, g)
	}
}

// at is the server that was last heard of as having the primary replica of a group.
func (p *primaries) at(g storage.GroupID) (server ServerID, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known, ok := p.of[g]
	return known.server, ok
}

// since is that server if it has said so of a later epoch than e.
func (p *primaries) since(g storage.GroupID, e replication.Epoch) (server ServerID, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.of[g]
	return known.server, known.epoch > e
}

// Leads are the primary replicas that this server has of groups with several, also where it has just been elected.
func (c *Catalog) Leads() []Lead {
	var list []Lead
	for _, t := range c.current.Load().tables {
		for _, p := range t.everyPart() {
			g, ok := p.Group().(*replication.Raft)
			if !ok {
				continue
			}
			if s := g.Status(); s.Role == replication.Leader && s.Err == nil {
				list = append(list, Lead{p.Number(), replication.Epoch(s.Term)})
			}
		}
	}
	return list
}
