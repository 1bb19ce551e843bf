package catalog

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/remotepart"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// fleet is some servers in one process: catalogs, above metadata that they share, above a network.
type fleet struct {
	t  *testing.T
	wg sync.WaitGroup // messages

	mu      sync.Mutex
	servers map[replication.ServerID]*ship
	cut     map[replication.ServerID]bool // nobody reaches it
}

// ship is a server of a fleet. Its file system outlives it.
type ship struct {
	world
	id    ServerID
	fleet *fleet
	mem   *storage.MemFS
	meta  *metadata.Store
	host  *replication.Host
}

// newFleet starts servers; the first one makes the others members.
func newFleet(t *testing.T, ids ...ServerID) *fleet {
	t.Helper()
	f := &fleet{t: t, servers: map[replication.ServerID]*ship{}, cut: map[replication.ServerID]bool{}}
	t.Cleanup(f.close)
	for _, id := range ids {
		s := &ship{world: world{t: t}, id: id, fleet: f, mem: storage.NewMemFS()}
		s.open()
	}
	first := f.at(ids[0])
	if len(ids) > 1 {
		if err := first.meta.Share(t.Context(), first.host, first.forward); err != nil {
			t.Fatal(err)
		}
	}
	members := []replication.Member{{Server: replication.ServerID(ids[0]), Voter: true}}
	for _, id := range ids[1:] {
		s := f.at(id)
		if err := first.AddMember(t.Context(), s.Snapshot().Server()); err != nil {
			t.Fatal(err)
		}
		if err := s.meta.Follow(t.Context(), s.host, s.forward); err != nil {
			t.Fatal(err)
		}
		members = append(members, replication.Member{Server: replication.ServerID(id), Voter: true})
		if err := first.meta.Raft().SetMembers(t.Context(), members); err != nil {
			t.Fatal(err)
		}
	}
	f.connect()
	for _, id := range ids {
		f.at(id).await("joined", func(s *Snapshot) bool { return len(s.Servers()) == len(ids) })
	}
	return f
}

// at is the server with an identifier, as it is now.
func (f *fleet) at(id ServerID) *ship {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.servers[replication.ServerID(id)]
}

// open starts a server with what its file system has.
func (s *ship) open() {
	s.t.Helper()
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatalf("server %s: %v", s.id, err)
		}
	}
	var err error
	s.store, err = storage.Open("data", storage.Options{Mem: s.mem})
	must(err)
	s.meta, err = metadata.Open(context.Background(), s.store)
	must(err)
	fresh := Server{ID: s.id, Name: string(s.id), Tags: []string{DefaultTag}, CacheBytes: AutoCache}
	_, err = Self(context.Background(), s.store, fresh)
	must(err)
	s.host = replication.NewHost(replication.HostOptions{Self: replication.ServerID(s.id), Store: s.store, Transport: s, Tick: 10 * time.Millisecond})
	must(s.meta.Resume(context.Background(), s.host, s.forward))
	remote := &remotepart.Client{Transport: s, Locate: s.locate}
	s.Catalog, err = Open(context.Background(), Options{Store: s.store, Metadata: s.meta, Host: s.host, NewServer: fresh, Compile: fields, Remote: remote, Leads: s.tellLead})
	must(err)
	s.fleet.mu.Lock()
	s.fleet.servers[replication.ServerID(s.id)] = s
	s.fleet.mu.Unlock()
}

// fields makes indexes of single fields.
func fields(definition []byte) (table.IndexFunction, error) {
	return func(row datum.Value) (datum.Value, bool) { return row.Get(string(definition)) }, nil
}

// close stops a server.
func (s *ship) close() {
	s.Close()
	s.host.Close()
	s.meta.Close()
	if err := s.store.Close(); err != nil {
		s.t.Error(err)
	}
}

// tellLead tells the others that can be reached of a primary replica.
func (s *ship) tellLead(l Lead) {
	s.fleet.mu.Lock()
	defer s.fleet.mu.Unlock()
	for _, other := range s.fleet.servers {
		if other != s && !s.fleet.cut[replication.ServerID(s.id)] && !s.fleet.cut[replication.ServerID(other.id)] {
			other.HeardOf(l, s.id)
		}
	}
}

// connect tells all servers who is there, and what they would tell each other.
func (f *fleet) connect() {
	f.setConnected()
	for _, s := range f.servers {
		for _, l := range s.Leads() {
			s.tellLead(l)
		}
	}
}

func (f *fleet) setConnected() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, s := range f.servers {
		var others []ServerID
		for other := range f.servers {
			if other != id && !f.cut[other] && !f.cut[id] {
				others = append(others, ServerID(other))
			}
			if f.cut[other] {
				s.host.PeerLost(other)
			}
		}
		s.SetConnected(others)
	}
}

func (f *fleet) close() {
	f.mu.Lock()
	for id := range f.servers {
		f.cut[id] = true
	}
	f.mu.Unlock()
	for _, s := range f.servers {
		s.Close()
	}
	f.wg.Wait()
	for _, s := range f.servers {
		s.close()
	}
}

// reach finds a server that can be reached from another one.
func (f *fleet) reach(from ServerID, to replication.ServerID) *ship {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cut[replication.ServerID(from)] || f.cut[to] {
		return nil
	}
	return f.servers[to]
}

// await waits for something that a server is to learn.
func (s *ship) await(what string, is func(s *Snapshot) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		changed := s.Changed()
		if is(s.Snapshot()) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			s.t.Fatalf("server %s has not %s", s.id, what)
		}
	}
}

// Send implements replication.Transport.
func (s *ship) Send(to replication.ServerID, m []byte) {
	if other := s.fleet.reach(s.id, to); other != nil {
		m = append([]byte(nil), m...)
		s.fleet.wg.Go(func() { other.host.Receive(replication.ServerID(s.id), m) })
	}
}

// OpenSnapshot implements replication.Transport.
func (s *ship) OpenSnapshot(ctx context.Context, to replication.ServerID, header []byte) (io.ReadWriteCloser, error) {
	other := s.fleet.reach(s.id, to)
	if other == nil {
		return nil, errors.New("not connected")
	}
	near, far := net.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = near.Close() })
	header = append([]byte(nil), header...)
	s.fleet.wg.Go(func() {
		defer stop()
		_ = other.host.ReceiveSnapshot(ctx, replication.ServerID(s.id), header, far) // the sender tries again
		_ = far.Close()
	})
	return near, nil
}

// forward implements metadata.Forward.
func (s *ship) forward(ctx context.Context, to replication.ServerID, base metadata.Version, changes []metadata.Change) (metadata.Version, error) {
	other := s.fleet.reach(s.id, to)
	if other == nil || other.meta.Raft() == nil {
		return 0, replication.ErrNotPrimary
	}
	if _, err := other.meta.Raft().Epoch(); err != nil {
		return 0, err
	}
	return other.meta.Decide(ctx, base, changes)
}

// locate tells which other server has the primary replica of a part.
func (s *ship) locate(a table.Address) (server string, ok bool) {
	snap := s.Snapshot()
	t, ok := snap.TableByID(TableID(a.Table))
	if !ok {
		return "", false
	}
	p, ok := t.PartOfGroup(a.Group)
	if !ok {
		return "", false
	}
	id, here, ok := t.PrimaryOf(snap, p)
	return string(id), ok && !here
}

// Call implements remotepart.Transport.
func (s *ship) Call(ctx context.Context, server string, request []byte) ([]byte, error) {
	other := s.fleet.reach(s.id, replication.ServerID(server))
	if other == nil {
		return nil, remotepart.ErrNotReached
	}
	return other.parts().Answer(ctx, request)
}

// Open implements remotepart.Transport.
func (s *ship) Open(ctx context.Context, server string) (remotepart.Stream, error) {
	other := s.fleet.reach(s.id, replication.ServerID(server))
	if other == nil {
		return nil, remotepart.ErrNotReached
	}
	near, far := net.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = near.Close() })
	s.fleet.wg.Go(func() {
		defer stop()
		_ = other.parts().Serve(ctx, far) // the other end sees that it has ended
		_ = far.Close()
	})
	return pipe{near}, nil
}

// pipe is a stream of which no side is closed alone: who serves it has read the request by then.
type pipe struct{ net.Conn }

// CloseWrite implements remotepart.Stream.
func (pipe) CloseWrite() error { return nil }

// parts answers other servers.
func (s *ship) parts() *remotepart.Server {
	return &remotepart.Server{Find: func(a table.Address) (*table.Part, bool) {
		t, ok := s.Snapshot().TableByID(TableID(a.Table))
		if !ok {
			return nil, false
		}
		return t.PartOfGroup(a.Group)
	}}
}
