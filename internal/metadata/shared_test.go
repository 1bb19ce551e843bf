package metadata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// network connects the hosts of a test, and the metadata above them.
type network struct {
	t  *testing.T
	wg sync.WaitGroup

	mu      sync.Mutex
	servers map[replication.ServerID]*sharer
	cut     map[replication.ServerID]bool // nobody reaches it
}

// sharer is a server of the network.
type sharer struct {
	*Store
	id   replication.ServerID
	net  *network
	host *replication.Host
}

func newNetwork(t *testing.T, ids ...replication.ServerID) *network {
	n := &network{t: t, servers: map[replication.ServerID]*sharer{}, cut: map[replication.ServerID]bool{}}
	for _, id := range ids {
		store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS()})
		if err != nil {
			t.Fatal(err)
		}
		meta, err := Open(t.Context(), store)
		if err != nil {
			t.Fatal(err)
		}
		s := &sharer{Store: meta, id: id, net: n}
		s.host = replication.NewHost(replication.HostOptions{Self: id, Store: store, Transport: s, Tick: 10 * time.Millisecond})
		n.servers[id] = s
		t.Cleanup(func() {
			s.host.Close()
			meta.Close()
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(func() { // before the hosts end
		n.mu.Lock()
		for id := range n.servers {
			n.cut[id] = true
		}
		n.mu.Unlock()
		n.wg.Wait()
	})
	return n
}

// reach finds a server that can be reached from another one.
func (n *network) reach(from, to replication.ServerID) *sharer {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.reachable(from, to)
}

// reachable is reach for who has the lock.
func (n *network) reachable(from, to replication.ServerID) *sharer {
	if n.cut[from] || n.cut[to] {
		return nil
	}
	return n.servers[to]
}

// carry has something of one server arrive at another one. It tells whether it can.
func (n *network) carry(from, to replication.ServerID, arrive func(*replication.Host)) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	other := n.reachable(from, to)
	if other == nil {
		return false
	}
	n.wg.Go(func() { arrive(other.host) }) // while the lock is held: nothing sets out after everybody was cut off
	return true
}

func (n *network) isolate(id replication.ServerID, cut bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cut[id] = cut
}

// Send implements replication.Transport.
func (s *sharer) Send(to replication.ServerID, m []byte) {
	m = append([]byte(nil), m...)
	s.net.carry(s.id, to, func(h *replication.Host) { h.Receive(s.id, m) })
}

// SendBeats implements replication.Transport.
func (s *sharer) SendBeats(to replication.ServerID, m []byte) {
	s.net.carry(s.id, to, func(h *replication.Host) { h.ReceiveBeats(s.id, m) })
}

// OpenSnapshot implements replication.Transport.
func (s *sharer) OpenSnapshot(ctx context.Context, to replication.ServerID, header []byte) (io.ReadWriteCloser, error) {
	near, far := net.Pipe()
	header = append([]byte(nil), header...)
	carried := s.net.carry(s.id, to, func(h *replication.Host) {
		defer context.AfterFunc(ctx, func() { _ = near.Close() })()
		_ = h.ReceiveSnapshot(ctx, s.id, header, far) // the sender tries again
		_ = far.Close()
	})
	if !carried {
		return nil, errors.New("not connected")
	}
	return near, nil
}

// forward implements Forward.
func (s *sharer) forward(ctx context.Context, to replication.ServerID, base Version, changes []Change) (Version, error) {
	other := s.net.reach(s.id, to)
	if other == nil {
		return 0, replication.ErrNotPrimary
	}
	if _, err := other.Raft().Epoch(); err != nil {
		return 0, err
	}
	return other.Decide(ctx, base, changes)
}

// form makes all servers share the metadata of the first one.
func (n *network) form(first replication.ServerID, others ...replication.ServerID) {
	n.t.Helper()
	a := n.servers[first]
	if err := a.Share(n.t.Context(), a.host, a.forward); err != nil {
		n.t.Fatal(err)
	}
	members := []replication.Member{{Server: first, Voter: true}}
	for _, id := range others {
		b := n.servers[id]
		if err := b.Follow(n.t.Context(), b.host, b.forward); err != nil {
			n.t.Fatal(err)
		}
		members = append(members, replication.Member{Server: id, Voter: true})
		if err := a.Raft().SetMembers(n.t.Context(), members); err != nil {
			n.t.Fatal(err)
		}
	}
}

func TestSharedMetadata(t *testing.T) {
	n := newNetwork(t, "a", "b", "c")
	a, b, c := n.servers["a"], n.servers["b"], n.servers["c"]
	set := func(s *sharer, key, value string) {
		t.Helper()
		if err := s.MetaSet(t.Context(), key, []byte(value)); err != nil {
			t.Fatalf("server %s: %v", s.id, err)
		}
	}
	set(a, "catalog/x", "of a")
	set(b, "catalog/y", "of b alone") // is given up
	set(b, "catalog/server", "b itself")
	w := &watcher{t: t, of: b.Store}
	b.Watch(w)
	n.form("a", "b", "c")
	set(c, "catalog/z", "of c")
	set(b, "catalog/x", "of b")

	// Everybody sees everything, in the end, and keeps what is its own.
	for _, s := range []*sharer{a, b, c} {
		for s.Version() < b.Version() {
			s.AwaitNewer(t.Context(), s.Version())
		}
		for key, want := range map[string]string{"catalog/x": "of b", "catalog/y": "", "catalog/z": "of c"} {
			if v, _, err := s.MetaGet(key); err != nil || string(v) != want {
				t.Errorf("on server %s %s is %q, %v, not %q", s.id, key, v, err, want)
			}
		}
	}
	if v, _, err := b.MetaGet("catalog/server"); string(v) != "b itself" || err != nil {
		t.Errorf("what was b's own is %q, %v", v, err)
	}

	// An increment that was decided on an old version is refused, wherever it is made.
	var wg sync.WaitGroup
	for _, s := range []*sharer{a, b, c} {
		wg.Go(func() {
			for range 20 {
				increment(t, s.Store)
			}
		})
	}
	wg.Wait()
	for a.Version() < max(b.Version(), c.Version()) {
		a.AwaitNewer(t.Context(), a.Version())
	}
	if v, _, err := a.MetaGet("catalog/n"); string(v) != "60" || err != nil {
		t.Errorf("60 increments on three servers give %q, %v", v, err)
	}
}

func increment(t *testing.T, s *Store) {
	for {
		base := s.Version()
		v, _, err := s.MetaGet("catalog/n")
		if err != nil {
			t.Error(err)
			return
		}
		n, _ := strconv.Atoi(string(v)) // 0 for the first
		err = s.Change(context.Background(), base, Change{"catalog/n", fmt.Append(nil, n+1)})
		if err == nil {
			return
		}
		if !errors.Is(err, ErrStale) {
			t.Error(err)
			return
		}
		s.AwaitNewer(context.Background(), base)
	}
}

// Without the server that has decided so far, the others go on; the one that is cut off cannot change anything.
func TestLossOfThePrimary(t *testing.T) {
	n := newNetwork(t, "a", "b", "c")
	n.form("a", "b", "c")
	n.isolate("a", true)
	if err := n.servers["b"].MetaSet(t.Context(), "catalog/x", []byte("b")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if err := n.servers["a"].Change(ctx, n.servers["a"].Version(), Change{"catalog/x", []byte("a")}); err == nil {
		t.Error("a server without a majority has changed the metadata")
	}
	n.isolate("a", false)
	for a := n.servers["a"]; a.Version() < n.servers["b"].Version(); {
		a.AwaitNewer(t.Context(), a.Version())
	}
	if v, _, err := n.servers["a"].MetaGet("catalog/x"); string(v) != "b" || err != nil {
		t.Errorf("a has %q, %v", v, err)
	}
}

// A server that shares its metadata does not give it up for that of others.
func TestFollowerHasToBeAlone(t *testing.T) {
	n := newNetwork(t, "a")
	a := n.servers["a"]
	if err := a.Share(t.Context(), a.host, a.forward); err != nil {
		t.Fatal(err)
	}
	if err := a.Follow(t.Context(), a.host, a.forward); !errors.Is(err, ErrShared) {
		t.Fatal(err)
	}
	if err := a.MetaSet(t.Context(), "catalog/x", []byte("1")); err != nil {
		t.Error(err)
	}
}
