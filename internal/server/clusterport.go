package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/wire"
)

const (
	// refusal is what a server that wants to join is told. RethinkDB's own servers print it in their log as a bad header.
	refusal = "This server does not take part in clusters. Start the other server without --join."
	crowded = "Too many connections have not said what they are. Try again later."
)

const (
	// greetTime is how long a client has to say what it is, and then how long it may take to hear a refusal.
	greetTime = time.Second
	// maxGreetings is how many clients may be about to say it at the same time.
	maxGreetings = 64
	// lingerBytes is how much of a client that is refused is read, so that it gets to read why: closing a socket with unread
	// bytes destroys what is on its way.
	lingerBytes = 64 << 10
	// acceptPause is how long a port rests after an error of accept that is not its end.
	acceptPause = 50 * time.Millisecond
)

// clusterPort serves the intracluster port. This version forms no clusters, but the port belongs to the server all the same:
// two servers with the same ports are noticed at start, and a server that tries to join learns why it cannot. `rethinkdb admin`
// is served: it says so in its first line, and what follows is the driver port's business.
type clusterPort struct {
	listeners *listeners
	gate      *access.Gate
	driver    *wire.Server
	audit     *audit.Log
	log       *slog.Logger
	greetings chan struct{}  // has an element for each client that has not said what it is
	wg        sync.WaitGroup // one goroutine for each socket, and for each greeting

	mu   sync.Mutex
	told time.Time // when the log last said that a server tried to join
}

func startClusterPort(l *listeners, gate *access.Gate, driver *wire.Server, auditLog *audit.Log, log *slog.Logger) *clusterPort {
	p := &clusterPort{listeners: l, gate: gate, driver: driver, audit: auditLog, log: log, greetings: make(chan struct{}, maxGreetings)}
	for _, socket := range l.list {
		p.wg.Go(func() { p.serve(socket) })
	}
	return p
}

func (p *clusterPort) serve(socket net.Listener) {
	for {
		conn, err := socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Out of file descriptors, most likely: the driver port reports it, here it is enough not to spin.
			p.log.Debug("accept on the intracluster port", "error", err)
			<-time.After(acceptPause)
			continue
		}
		select {
		case p.greetings <- struct{}{}:
			p.wg.Go(func() {
				defer func() { <-p.greetings }()
				p.greet(conn)
			})
		default:
			// It is not waited for: that is for those who have a place.
			p.report(errors.Join(conn.SetDeadline(time.Now().Add(greetTime)), tell(conn, crowded), conn.Close()))
		}
	}
}

// greet finds out what the client is. It ends within twice greetTime.
func (p *clusterPort) greet(conn net.Conn) {
	if refused := p.gate.Admit(access.Cluster, peerOf(conn)); refused != nil {
		p.report(refuse(conn, refused.Error()))
		return
	}
	if err := conn.SetReadDeadline(time.Now().Add(greetTime)); err != nil {
		p.report(errors.Join(err, conn.Close()))
		return
	}
	if beginsWith(conn, wire.AdminPreface) {
		p.driver.Take(conn)
		return
	}
	p.warn(conn)
	p.audit.Record(audit.Event{Kind: audit.PeerRefused, Peer: netip.AddrPortFrom(peerOf(conn), 0), Port: access.Cluster.String(), Reason: "not rethinkdb admin"})
	p.report(refuse(conn, refusal))
}

// beginsWith tells whether the first bytes are those of a text; no byte that follows is read. It waits only as long as they may be.
func beginsWith(conn net.Conn, text string) bool {
	buf := make([]byte, len(text))
	for n := 0; n < len(buf); {
		got, err := conn.Read(buf[n:])
		n += got
		if !strings.HasPrefix(text, string(buf[:n])) || err != nil && n < len(buf) {
			return false
		}
	}
	return true
}

// warn says that a server tried to join, once a minute: the log must not grow with the persistence of a stranger.
func (p *clusterPort) warn(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := time.Now(); now.Sub(p.told) > time.Minute {
		p.told = now
		p.log.Warn("A server tried to join; clusters are not available in this version.", "address", conn.RemoteAddr().String())
	}
}

func (p *clusterPort) report(err error) {
	if err != nil {
		p.log.Debug("refuse a connection on the intracluster port", "error", err)
	}
}

// refuse says why and waits for the client to have read it.
func refuse(conn net.Conn, why string) error {
	err := errors.Join(conn.SetDeadline(time.Now().Add(greetTime)), tell(conn, why))
	if half, ok := conn.(*net.TCPConn); ok && err == nil && half.CloseWrite() == nil {
		// Whatever ends the reading, the client has had its time.
		_, _ = io.CopyN(io.Discard, conn, lingerBytes)
	}
	return errors.Join(err, conn.Close())
}

func tell(conn net.Conn, why string) error {
	_, err := io.WriteString(conn, "ERROR: "+why+"\n")
	return err
}

func peerOf(conn net.Conn) netip.Addr {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr()
	}
	return netip.Addr{}
}

// Close closes the port and waits until nobody serves it any more.
func (p *clusterPort) Close() error {
	err := p.listeners.Close()
	p.wg.Wait()
	return err
}
