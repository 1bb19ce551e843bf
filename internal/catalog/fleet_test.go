package catalog

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"sync"
	"sync/atomic"
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
	t       *testing.T
	level   Level                   // that all servers know
	wiretap atomic.Pointer[wiretap] // nil: nobody listens

	mu      sync.Mutex
	servers map[replication.ServerID]*ship
	cut     map[replication.ServerID]bool // nobody reaches it
	pipes   map[*fleetPipe]struct{}
}

// wiretap is called when servers speak to each other. Either function may be nil.
type wiretap struct {
	change  func(by *ship, list []metadata.Change, pass func() error) error // a change of the metadata, which pass takes to who decides
	message func(by *ship, m []byte)                                        // a message of the replication, before it goes
}

// ship is a server of a fleet. Its file system outlives it.
type ship struct {
	world
	id    ServerID
	fleet *fleet
	mem   *storage.MemFS
	meta  *metadata.Store
	host  *replication.Host
	busy  sync.WaitGroup // with what other servers have sent; begun under fleet.mu
}

// newFleet starts servers; the first one makes the others members.
func newFleet(t *testing.T, ids ...ServerID) *fleet {
	t.Helper()
	return startFleet(t, len(ids), ids)
}

// startFleet starts servers of which the first so many decide on the metadata.
func startFleet(t *testing.T, voters int, ids []ServerID) *fleet {
	t.Helper()
	return startFleetAt(t, KnownLevel(), voters, ids)
}

// startFleetAt starts servers that know a level of features.
func startFleetAt(t *testing.T, level Level, voters int, ids []ServerID) *fleet {
	t.Helper()
	f := &fleet{t: t, level: level, servers: map[replication.ServerID]*ship{}, cut: map[replication.ServerID]bool{}, pipes: map[*fleetPipe]struct{}{}}
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
	for i, id := range ids[1:] {
		s := f.at(id)
		if err := first.AddMember(t.Context(), s.Snapshot().Server()); err != nil {
			t.Fatal(err)
		}
		if err := s.meta.Follow(t.Context(), s.host, s.forward); err != nil {
			t.Fatal(err)
		}
		members = append(members, replication.Member{Server: replication.ServerID(id), Voter: i+1 < voters})
		if err := first.meta.Raft().SetMembers(t.Context(), members); err != nil {
			t.Fatal(err)
		}
	}
	f.connect()
	for _, id := range ids {
		f.at(id).await("joined", func(s *Snapshot) bool { return len(s.Servers()) == len(ids) })
	}
	if _, err := first.RaiseLevel(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		f.at(id).await("heard of the level", func(s *Snapshot) bool { return s.Level() == level })
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
	fresh := Server{ID: s.id, Name: string(s.id), Tags: []string{DefaultTag}, CacheBytes: AutoCache, Presence: Presence{Level: s.fleet.level}}
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

// close stops a server that nobody reaches any more.
func (s *ship) close() {
	s.Close()
	s.busy.Wait()
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
	servers, cut := maps.Clone(f.servers), maps.Clone(f.cut)
	f.mu.Unlock()
	for id, s := range servers {
		var others []ServerID
		for other := range servers {
			if other != id && !cut[other] && !cut[id] {
				others = append(others, ServerID(other))
			}
			if cut[other] {
				s.host.PeerLost(other) // it sends messages
			}
		}
		s.SetConnected(others)
	}
}

func (f *fleet) close() {
	f.mu.Lock()
	for id := range f.servers {
		f.isolate(id)
	}
	f.mu.Unlock()
	for _, s := range f.servers {
		s.close()
	}
}

// isolate makes a server one that nobody reaches. The caller holds mu.
func (f *fleet) isolate(id replication.ServerID) {
	f.cut[id] = true
	for p := range f.pipes {
		if p.from == id || p.to == id {
			p.close()
		}
	}
}

// crash stops a server as if its machine had lost its power at this moment. What it still does is of no consequence. revive starts it again.
func (f *fleet) crash(id ServerID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.isolate(replication.ServerID(id))
	s := f.servers[replication.ServerID(id)]
	s.mem = s.mem.Crash()
}

// revive starts a server that has crashed with what was on its disk.
func (f *fleet) revive(id ServerID) *ship {
	f.t.Helper()
	old := f.at(id)
	f.connect()
	old.close()
	s := &ship{world: world{t: f.t}, id: id, fleet: f, mem: old.mem}
	s.open()
	f.mu.Lock()
	delete(f.cut, replication.ServerID(id))
	f.mu.Unlock()
	f.connect()
	return s
}

// reach finds a server that can be reached from another one, and keeps it from being closed until done is called.
func (f *fleet) reach(from ServerID, to replication.ServerID) (s *ship, done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s = f.servers[to]
	if s == nil || f.cut[replication.ServerID(from)] || f.cut[to] {
		return nil, nil
	}
	s.busy.Add(1)
	return s, s.busy.Done
}

// apart tells whether one of two servers is cut off.
func (f *fleet) apart(from ServerID, to replication.ServerID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cut[replication.ServerID(from)] || f.cut[to]
}

// fleetPipe is a stream between two servers.
type fleetPipe struct {
	from, to  replication.ServerID
	near, far net.Conn
}

func (p *fleetPipe) close() {
	_, _ = p.near.Close(), p.far.Close() // they cannot fail
}

// pipe opens a stream that serve has the other end of.
func (f *fleet) pipe(ctx context.Context, from ServerID, to replication.ServerID, serve func(other *ship, far net.Conn)) (net.Conn, error) {
	other, done := f.reach(from, to)
	if other == nil {
		return nil, remotepart.ErrNotReached
	}
	p := &fleetPipe{from: replication.ServerID(from), to: to}
	p.near, p.far = net.Pipe()
	f.mu.Lock()
	f.pipes[p] = struct{}{}
	if f.cut[p.from] || f.cut[to] {
		p.close()
	}
	f.mu.Unlock()
	stop := context.AfterFunc(ctx, p.close)
	go func() { // ends before the other server is closed
		defer done()
		serve(other, p.far)
		stop()
		_ = p.far.Close()
		f.mu.Lock()
		delete(f.pipes, p)
		f.mu.Unlock()
	}()
	return p.near, nil
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
	if w := s.fleet.wiretap.Load(); w != nil && w.message != nil {
		w.message(s, m)
	}
	if other, done := s.fleet.reach(s.id, to); other != nil {
		m = append([]byte(nil), m...)
		go func() { // ends before the other server is closed
			defer done()
			other.host.Receive(replication.ServerID(s.id), m)
		}()
	}
}

// SendBeats implements replication.Transport.
func (s *ship) SendBeats(to replication.ServerID, m []byte) {
	if other, done := s.fleet.reach(s.id, to); other != nil {
		go func() { // as above
			defer done()
			other.host.ReceiveBeats(replication.ServerID(s.id), m)
		}()
	}
}

// OpenSnapshot implements replication.Transport.
func (s *ship) OpenSnapshot(ctx context.Context, to replication.ServerID, header []byte) (io.ReadWriteCloser, error) {
	header = append([]byte(nil), header...)
	return s.fleet.pipe(ctx, s.id, to, func(other *ship, far net.Conn) {
		_ = other.host.ReceiveSnapshot(context.Background(), replication.ServerID(s.id), header, far) // the sender tries again
	})
}

// forward implements metadata.Forward.
func (s *ship) forward(ctx context.Context, to replication.ServerID, base metadata.Version, changes []metadata.Change) (v metadata.Version, err error) {
	pass := func() (err error) {
		other, done := s.fleet.reach(s.id, to)
		if other == nil {
			return replication.ErrNotPrimary
		}
		defer done()
		if other.meta.Raft() == nil {
			return replication.ErrNotPrimary
		}
		if _, err := other.meta.Raft().Epoch(); err != nil {
			return err
		}
		v, err = other.meta.Decide(ctx, base, changes)
		return err
	}
	if w := s.fleet.wiretap.Load(); w != nil && w.change != nil {
		return v, w.change(s, changes, pass)
	}
	return v, pass()
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
	other, done := s.fleet.reach(s.id, replication.ServerID(server))
	if other == nil {
		return nil, remotepart.ErrNotReached
	}
	defer done()
	answer, err := other.parts().Answer(ctx, request)
	if s.fleet.apart(s.id, replication.ServerID(server)) {
		return nil, errors.New("the connection was lost")
	}
	if ctx.Err() != nil { // between machines, nobody would wait for what the other one makes of that
		return nil, context.Cause(ctx)
	}
	return answer, err
}

// Open implements remotepart.Transport.
func (s *ship) Open(ctx context.Context, server string) (remotepart.Stream, error) {
	near, err := s.fleet.pipe(ctx, s.id, replication.ServerID(server), func(other *ship, far net.Conn) {
		_ = other.parts().Serve(ctx, far) // the other end sees that it has ended
	})
	if err != nil {
		return nil, err
	}
	return pipe{near}, nil
}

// OpenBulk implements remotepart.Transport.
func (s *ship) OpenBulk(ctx context.Context, server string) (remotepart.Stream, error) {
	return s.Open(ctx, server)
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
