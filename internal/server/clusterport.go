package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/cluster"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/wire"
)

const (
	crowded = "Too many connections have not logged in yet. Try again later."
	// unproven is what the command line is told from an address that is served only because there is a cluster secret or a token.
	unproven = "No password is set on this server, so rethinkdb admin is served on its own machine and in private networks only. " +
		"Set one there: rethinkdb admin set auth KEY"
)

// acceptPause is how long the port rests after an error of accept that is not its end.
const acceptPause = 50 * time.Millisecond

// clusterPort serves the intracluster port: `rethinkdb admin`, which logs in like a driver, and other servers, which prove that
// they belong to this one (package peer). Everything is encrypted; who begins in plain text gets a sentence.
type clusterPort struct {
	// Set by startClusterPort, then constant.
	clusterOptions
	ctx    context.Context // ends when the port closes
	cancel context.CancelFunc

	wg sync.WaitGroup // one goroutine for each socket, and for each connection that has not been given to driver

	mu        sync.Mutex // guards what follows
	closing   bool
	greeting  map[net.Conn]struct{} // connections that have not been given to driver
	strangers access.Strangers      // those
	told      time.Time             // when the log last spoke of a server that was turned away
}

// clusterOptions are what the port is made of.
type clusterOptions struct {
	listeners *listeners
	gate      *access.Gate
	tls       *tls.Config
	peers     peer.Listener
	driver    *wire.Server
	mesh      *cluster.Mesh
	// password tells whether the command line has to log in with one; with an authority it has proved itself anyway.
	password func() bool
	audit    *audit.Log
	log      *slog.Logger
}

func startClusterPort(o clusterOptions) *clusterPort {
	p := &clusterPort{clusterOptions: o, greeting: map[net.Conn]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	for _, socket := range o.listeners.list {
		p.wg.Go(func() { p.serve(socket) })
	}
	return p
}

func (p *clusterPort) serve(socket net.Listener) {
	for {
		raw, err := socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, most likely: the driver port reports it, here it is enough not to spin.
			p.log.Debug("accept on the intracluster port", "error", err)
			select {
			case <-time.After(acceptPause):
			case <-p.ctx.Done():
			}
			continue
		}
		p.welcome(raw.(*net.TCPConn))
	}
}

// welcome gives a connection its goroutine.
func (p *clusterPort) welcome(raw *net.TCPConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closing {
		_ = raw.Close() // nobody was told anything
		return
	}
	p.greeting[raw] = struct{}{}
	room := p.strangers.Add(peerOf(raw))
	p.wg.Go(func() {
		given := p.greet(raw, room)
		p.mu.Lock()
		delete(p.greeting, raw)
		p.strangers.Remove(peerOf(raw))
		p.mu.Unlock()
		if !given {
			_ = raw.Close() // Close may have done it, and nothing is on its way any more
		}
	})
}

// greet finds out what the client is, and serves it unless it is given away. Until then it has peer.HandshakeTime.
func (p *clusterPort) greet(raw *net.TCPConn, room bool) (given bool) {
	deadline := time.Now().Add(peer.HandshakeTime)
	if err := raw.SetDeadline(deadline); err != nil {
		p.report("greet", err)
		return false
	}
	if !room {
		p.report("refuse", refuse(raw, peer.Plain(crowded)))
		return false
	}
	if refused := p.gate.Admit(access.Cluster, peerOf(raw)); refused != nil {
		p.report("refuse", refuse(raw, peer.Plain(refused.Error())))
		return false
	}
	first := hear(raw)
	if len(first) == 0 || !peer.IsTLS(first[0]) {
		p.stranger(raw, "no TLS")
		p.report("refuse", refuse(raw, peer.AnswerPlain(first)))
		return false
	}
	conn := tls.Server(&heard{raw, first}, p.tls)
	if err := errors.Join(raw.SetReadDeadline(deadline), conn.HandshakeContext(p.ctx)); err != nil {
		p.stranger(raw, "TLS failed") // for want of a certificate, mostly
		p.report("begin TLS", err)
		return false
	}
	switch conn.ConnectionState().NegotiatedProtocol {
	case peer.AdminProtocol:
		return p.greetAdmin(conn, deadline)
	case peer.PeerProtocol:
		return p.greetPeer(conn)
	default:
		p.stranger(raw, "neither rethinkdb admin nor a server")
		p.report("refuse", refuse(conn, peer.AnswerPlain(nil)))
	}
	return false
}

// greetAdmin gives the command line to the driver port, to log in there.
func (p *clusterPort) greetAdmin(conn *tls.Conn, deadline time.Time) (given bool) {
	certified := len(conn.ConnectionState().VerifiedChains) > 0
	if !certified && !p.password() && p.gate.AdmitUnproven(access.Cluster, peerOf(conn)) != nil {
		p.report("refuse", refuse(conn, peer.Plain(unproven)))
		return false
	}
	p.driver.Take(conn, deadline)
	return true
}

// greetPeer does the handshake with another server, and gives it to the mesh.
func (p *clusterPort) greetPeer(conn *tls.Conn) (given bool) {
	other, err := p.peers.Accept(p.ctx, conn)
	if refused, ok := errors.AsType[*peer.Refusal](err); ok {
		p.warn(conn, refused)
		p.audit.Record(audit.Event{Kind: audit.LogInRefused, Peer: addrPortOf(conn), Port: access.Cluster.String(), Method: audit.Server, Reason: string(refused.Kind)})
		p.report("refuse a server", linger(conn))
		return false
	}
	if err != nil {
		p.report("greet a server", err)
		return false
	}
	p.audit.Record(audit.Event{Kind: audit.LogIn, Peer: other.Address, Port: access.Cluster.String(), Method: audit.Server,
		Detail: fmt.Sprintf("server %s %s, key %s, proof: %s", other.Name, other.ID, other.Fingerprint, other.Proof)})
	p.mesh.Accept(conn, other)
	return true
}

// warn tells of a server that could not prove itself, once a minute: the log must not grow with the persistence of a stranger.
func (p *clusterPort) warn(conn net.Conn, refused *peer.Refusal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.told) >= time.Minute {
		p.told = now
		p.log.Warn("A server was not let in on the intracluster port.", "address", conn.RemoteAddr().String(), "reason", string(refused.Kind))
	}
}

// stranger tells the audit log of a client that is none.
func (p *clusterPort) stranger(conn net.Conn, what string) {
	p.audit.Record(audit.Event{Kind: audit.PeerRefused, Peer: addrPortOf(conn), Port: access.Cluster.String(), Reason: what})
}

func (p *clusterPort) report(what string, err error) {
	if err != nil {
		p.log.Debug(what+" on the intracluster port", "error", err)
	}
}

func peerOf(conn net.Conn) netip.Addr { return addrPortOf(conn).Addr() }

func addrPortOf(conn net.Conn) netip.AddrPort {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port())
	}
	return netip.AddrPort{}
}

// Close closes the port and waits until nobody serves it any more. Those who have been given to the driver port stay.
func (p *clusterPort) Close() error {
	p.mu.Lock()
	p.closing = true
	for conn := range p.greeting {
		_ = conn.Close() // its goroutine sees to the rest
	}
	p.mu.Unlock()
	p.cancel()
	err := p.listeners.Close()
	p.wg.Wait()
	return err
}
