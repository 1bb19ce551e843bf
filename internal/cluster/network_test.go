package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/internal/peer"
)

// network connects the servers of a test without sockets, so that it runs in a bubble of time.
type network struct {
	mu        sync.Mutex
	listeners map[string]func(net.Conn)
	pipes     []*pipe
	blocked   map[[2]string]bool // who cannot connect to whom
	accepting sync.WaitGroup     // one goroutine for each connection that begins
}

func newNetwork(t testing.TB) *network {
	n := &network{listeners: map[string]func(net.Conn){}, blocked: map[[2]string]bool{}}
	t.Cleanup(n.accepting.Wait) // when all servers are closed
	return n
}

var errUnreachable = errors.New("no route to host")

func (n *network) dial(from, to string) (net.Conn, error) {
	n.mu.Lock()
	accept := n.listeners[to]
	if accept == nil || n.blocked[[2]string{from, to}] {
		n.mu.Unlock()
		return nil, errUnreachable
	}
	near, far := net.Pipe()
	p := &pipe{ends: [2]string{from, to}}
	n.pipes = append(n.pipes, p)
	n.mu.Unlock()
	n.accepting.Go(func() { accept(&side{Conn: far, pipe: p, to: from}) })
	return &side{Conn: near, pipe: p, to: to}, nil
}

// between calls each for every connection between two servers.
func (n *network) between(a, b string, each func(*pipe)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, p := range n.pipes {
		if p.ends == [2]string{a, b} || p.ends == [2]string{b, a} {
			each(p)
		}
	}
}

// block keeps a server from connecting to another one.
func (n *network) block(from, to string, blocked bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.blocked[[2]string{from, to}] = blocked
}

// silence has what both send each other vanish, on the connections that there are.
func (n *network) silence(a, b string) {
	n.between(a, b, func(p *pipe) { p.silent.Store(true) })
}

// pipe is a connection.
type pipe struct {
	ends   [2]string
	silent atomic.Bool
}

// side is one of its ends.
type side struct {
	net.Conn
	pipe   *pipe
	to     string
	closed atomic.Bool
}

func (s *side) Write(p []byte) (int, error) {
	if s.pipe.silent.Load() {
		return len(p), nil
	}
	return s.Conn.Write(p)
}

// Close is heard by the other side, unless what is said vanishes.
func (s *side) Close() error {
	if s.pipe.silent.Load() {
		s.closed.Store(true)
		return s.Conn.SetDeadline(time.Unix(1, 0))
	}
	return s.Conn.Close()
}

func (s *side) SetWriteDeadline(t time.Time) error {
	if s.closed.Load() {
		return net.ErrClosed
	}
	return s.Conn.SetWriteDeadline(t)
}

// RemoteAddr is the name of the other server.
func (s *side) RemoteAddr() net.Addr { return address(s.to) }

type address string

func (address) Network() string  { return "test" }
func (a address) String() string { return string(a) }

// server is one with nothing but its mesh.
type server struct {
	t        testing.TB
	network  *network
	name     string
	identity *peer.Identity
	tokens   *peer.Tokens
	secret   *peer.Secret
	mesh     *Mesh
	log      *lines
	prepare  func(*Mesh) // registers handlers when the server starts again

	mu      sync.Mutex // guards what follows, and mesh while others use it
	record  Record
	strict  bool
	timeout time.Duration
	lost    []ServerID
}

func newServer(t testing.TB, n *network, name string) *server {
	t.Helper()
	identity, _, err := peer.OpenIdentity(&keeperOfText{})
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, network: n, name: name, identity: identity, log: &lines{}, timeout: 10 * time.Second}
	certificate, _ := identity.Newest()
	s.record = Record{Cluster: "the cluster", Program: "test", Member: Member{ID: ServerID("id-" + name), Name: name, Addresses: []string{name}, Fingerprint: peer.FingerprintOf(certificate.Leaf)}}
	s.start(nil)
	t.Cleanup(func() { s.mesh.Close() })
	return s
}

// start makes the server's mesh.
func (s *server) start(change func(*Options)) {
	o := Options{
		Self:             s.self,
		Logger:           s.log.logger(),
		Notice:           s.log.notice,
		HeartbeatTimeout: func() time.Duration { s.mu.Lock(); defer s.mu.Unlock(); return s.timeout },
		ReconnectTimeout: 24 * time.Hour,
	}
	o.Dialer = peer.Dialer{
		Options:      s.peerOptions(),
		Certificates: s.identity,
		Network:      func(_ context.Context, to string) (net.Conn, error) { return s.network.dial(s.name, to) },
	}
	if change != nil {
		change(&o)
	}
	mesh := New(o)
	mesh.OnLost(func(id ServerID) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lost = append(s.lost, id)
	})
	if s.prepare != nil {
		s.prepare(mesh)
	}
	s.mu.Lock()
	s.mesh = mesh
	s.mu.Unlock()
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.network.listeners[s.name] = s.accept
}

func (s *server) self() Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record
}

func (s *server) peerOptions() peer.Options {
	return peer.Options{
		Secret:     s.secret,
		Self:       func() peer.Server { r := s.self(); return peer.Server{ID: string(r.ID), Name: r.Name, Program: "test"} },
		NeedsProof: func(netip.Addr) bool { return s.strict },
		Member:     func(f peer.Fingerprint) (string, bool) { return s.current().Member(f) },
	}
}

// accept is what the intracluster port does.
func (s *server) accept(raw net.Conn) {
	conn := tls.Server(raw, peer.ServerConfig(s.identity, nil))
	err := errors.Join(raw.SetDeadline(time.Now().Add(peer.HandshakeTime)), conn.Handshake())
	if err != nil {
		raw.Close()
		return
	}
	p, err := peer.Listener{Options: s.peerOptions(), Tokens: s.tokens}.Accept(context.Background(), conn)
	if err != nil {
		raw.Close()
		return
	}
	s.current().Accept(conn, p)
}

// restart gives the server a new mesh, as after a crash.
func (s *server) restart(members []Member) {
	s.mesh.Close()
	s.start(nil)
	s.mesh.SetMembers(members)
}

// current is the mesh of the server that runs now.
func (s *server) current() *Mesh {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mesh
}

// lostPeers are those of OnLost until now.
func (s *server) lostPeers() []ServerID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]ServerID(nil), s.lost...)
}

func membersOf(servers ...*server) []Member {
	var list []Member
	for _, s := range servers {
		list = append(list, s.self().Member)
	}
	return list
}

// join makes the servers members of one cluster, and waits until all are connected.
func join(t testing.TB, servers ...*server) {
	t.Helper()
	for _, s := range servers {
		s.mesh.SetMembers(membersOf(servers...))
	}
	for _, s := range servers {
		s.await(len(servers) - 1)
	}
}

// await waits until the server has so many links.
func (s *server) await(links int) {
	s.t.Helper()
	timeout := time.After(time.Minute)
	for {
		mesh := s.current()
		changed := mesh.Changed()
		if len(mesh.Connected()) == links {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			s.t.Fatalf("%s has the links %v, want %d\n%s", s.name, mesh.Connected(), links, s.log)
		}
	}
}

// keeperOfText keeps an identity in memory.
type keeperOfText struct{ text []byte }

func (k *keeperOfText) Load() ([]byte, error) {
	if k.text == nil {
		return nil, fs.ErrNotExist
	}
	return k.text, nil
}

func (k *keeperOfText) Save(text []byte) error {
	k.text = text
	return nil
}

func (k *keeperOfText) String() string { return "memory" }
