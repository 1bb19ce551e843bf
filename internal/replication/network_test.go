package replication

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// network connects Hosts in one process, for tests with real goroutines and a real clock.
type network struct {
	t testing.TB

	tick time.Duration // of the Hosts that start from now on

	mu    sync.Mutex
	peers map[ServerID]*peer
}

type peer struct {
	net   *network
	self  ServerID
	store *storage.Store
	mem   *storage.MemFS
	host  *Host
	inbox chan letter
	old   atomic.Bool // it knows no beats
	ctx   context.Context
	end   context.CancelFunc
	wg    sync.WaitGroup

	mu  sync.Mutex // guards what follows, and is held when wg grows and when ctx ends
	cut bool       // it hears and says nothing
}

type letter struct {
	from  ServerID
	m     []byte
	beats bool
}

func (l letter) receive(h *Host) {
	if l.beats {
		h.ReceiveBeats(l.from, l.m)
	} else {
		h.Receive(l.from, l.m)
	}
}

func newNetwork(t testing.TB) *network {
	n := &network{t: t, tick: 10 * time.Millisecond, peers: make(map[ServerID]*peer)}
	t.Cleanup(func() {
		for _, p := range n.all() {
			p.stop()
		}
	})
	return n
}

func (n *network) all() (all []*peer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.peers {
		all = append(all, p)
	}
	return all
}

func (n *network) peer(s ServerID) *peer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.peers[s]
}

// start starts a server on a file system in memory, new or as it was left.
func (n *network) start(self ServerID, o storage.Options) *peer {
	n.t.Helper()
	if o.Mem == nil {
		o.Mem = storage.NewMemFS()
	}
	return n.startIn(self, "data", o)
}

func (n *network) startIn(self ServerID, dir string, o storage.Options) *peer {
	n.t.Helper()
	store, err := storage.Open(dir, o)
	if err != nil {
		n.t.Fatal(err)
	}
	p := &peer{net: n, self: self, store: store, mem: o.Mem, inbox: make(chan letter, 1<<14)}
	p.ctx, p.end = context.WithCancel(context.Background())
	p.host = NewHost(HostOptions{Self: self, Store: store, Transport: p, Tick: n.tick})
	p.wg.Go(func() {
		for {
			select {
			case l := <-p.inbox:
				l.receive(p.host)
			case <-p.ctx.Done():
				return
			}
		}
	})
	n.mu.Lock()
	n.peers[self] = p
	n.mu.Unlock()
	return p
}

// stop ends a server; the others see the connection break.
func (p *peer) stop() {
	p.net.mu.Lock()
	running := p.net.peers[p.self] == p
	if running {
		delete(p.net.peers, p.self)
	}
	p.net.mu.Unlock()
	if !running {
		return
	}
	p.mu.Lock()
	p.end()
	p.mu.Unlock()
	p.wg.Wait()
	p.host.Close()
	if err := p.store.Close(); err != nil {
		p.net.t.Error(err)
	}
	for _, other := range p.net.all() {
		other.host.PeerLost(p.self)
	}
}

func (p *peer) setCut(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = cut
}

func (p *peer) isCut() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cut
}

// Send implements Transport.
func (p *peer) Send(to ServerID, m []byte) { p.post(to, letter{p.self, m, false}) }

// SendBeats implements Transport.
func (p *peer) SendBeats(to ServerID, m []byte) { p.post(to, letter{p.self, m, true}) }

func (p *peer) post(to ServerID, l letter) {
	other := p.net.peer(to)
	if other == nil || other.isCut() || p.isCut() || l.beats && (p.old.Load() || other.old.Load()) {
		return
	}
	select {
	case other.inbox <- l:
	default:
	}
}

// OpenSnapshot implements Transport.
func (p *peer) OpenSnapshot(ctx context.Context, to ServerID, header []byte) (io.ReadWriteCloser, error) {
	other := p.net.peer(to)
	if other == nil || p.isCut() {
		return nil, errors.New("no connection")
	}
	other.mu.Lock()
	defer other.mu.Unlock()
	if other.cut || other.ctx.Err() != nil {
		return nil, errors.New("no connection")
	}
	here, there := net.Pipe()
	other.wg.Go(func() {
		stop := context.AfterFunc(other.ctx, func() { _ = there.Close() })
		defer stop()
		if err := other.host.ReceiveSnapshot(other.ctx, p.self, header, there); err != nil {
			p.net.t.Logf("receive a snapshot: %v", err)
		}
		_ = there.Close()
	})
	context.AfterFunc(ctx, func() { _ = here.Close() })
	return here, nil
}

// silent is a Machine that counts.
type silent struct {
	mu       sync.Mutex
	applied  Index
	led      []Epoch
	restored int
	removed  int
}

func (m *silent) Applied(i Index) { m.locked(func() { m.applied = i }) }
func (m *silent) Leads(e Epoch)   { m.locked(func() { m.led = append(m.led, e) }) }
func (m *silent) Restored()       { m.locked(func() { m.restored++ }) }
func (m *silent) Removed()        { m.locked(func() { m.removed++ }) }

func (m *silent) locked(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// until waits for a condition.
func until(t testing.TB, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func rowKey(id storage.GroupID, key string) []byte {
	return append(storage.AppendPrefix(nil, id, storage.KindRow), key...)
}

// put commits a row in the present epoch.
func put(g Group, store *storage.Store, id storage.GroupID, key, value string) (Index, error) {
	e, err := g.Epoch()
	if err != nil {
		return 0, err
	}
	b := store.NewBatch()
	defer b.Close()
	b.Set(rowKey(id, key), []byte(value))
	return g.Commit(context.Background(), &Command{Batch: b, Rows: 1, Epoch: e})
}

// cluster is a group on some servers.
type cluster struct {
	*network
	id       storage.GroupID
	names    []ServerID
	machines map[ServerID]*silent
}

// newCluster makes a group with replicas on servers s1, s2, …
func newCluster(t testing.TB, n int) *cluster {
	t.Helper()
	c := &cluster{network: newNetwork(t), id: 7, machines: make(map[ServerID]*silent)}
	var want []Member
	for i := range n {
		name := ServerID(fmt.Sprintf("s%d", i+1))
		c.names = append(c.names, name)
		want = append(want, Member{Server: name, Voter: true})
		c.start(name, storage.Options{})
	}
	c.found(want)
	return c
}

// found creates the group on the first server and extends it to the others.
func (c *cluster) found(want []Member) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c.foundIn(ctx, want)
}

func (c *cluster) foundIn(ctx context.Context, want []Member) {
	c.t.Helper()
	for _, m := range want {
		c.machines[m.Server] = &silent{}
	}
	first, err := c.peer(want[0].Server).host.Create(ctx, c.id, c.machines[want[0].Server])
	if err != nil {
		c.t.Fatal(err)
	}
	for _, m := range want[1:] {
		if _, err := c.peer(m.Server).host.Replica(ctx, c.id, c.machines[m.Server]); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := first.SetMembers(ctx, want); err != nil {
		c.t.Fatal(err)
	}
}

// leader waits for a leader.
func (c *cluster) leader() *Raft {
	c.t.Helper()
	var found *Raft
	until(c.t, "a leader", func() bool {
		for _, p := range c.all() {
			if g := p.host.Group(c.id); g != nil {
				if _, err := g.Epoch(); err == nil && !p.isCut() {
					found = g
				}
			}
		}
		return found != nil
	})
	return found
}

// same waits until all replicas have applied the same.
func (c *cluster) same() {
	c.t.Helper()
	leader := c.leader()
	until(c.t, "the replicas are equal", func() bool {
		for _, p := range c.all() {
			if g := p.host.Group(c.id); g != nil && g.State() != leader.State() {
				return false
			}
		}
		return true
	})
}
