package server

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"rethinkdb/internal/access"
)

// refusal is what a server that wants to join is told. RethinkDB's own servers print it in their log as a bad header.
const refusal = "ERROR: This server does not take part in clusters. Start the other server without --join.\n"

// clusterPort holds the intracluster port. This version forms no clusters, but the port belongs to the server all the same:
// two servers with the same ports are noticed at start, and a server that tries to join learns why it cannot.
type clusterPort struct {
	listeners *listeners
	gate      *access.Gate
	log       *slog.Logger
	wg        sync.WaitGroup // one goroutine for each socket
}

func startClusterPort(l *listeners, gate *access.Gate, log *slog.Logger) *clusterPort {
	p := &clusterPort{listeners: l, gate: gate, log: log}
	for _, socket := range l.list {
		p.wg.Go(func() { p.serve(socket) })
	}
	return p
}

// serve refuses one connection after the other; there is nothing to gain from doing it in parallel.
func (p *clusterPort) serve(socket net.Listener) {
	var told time.Time
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
		text := refusal
		if refused := p.gate.Admit(access.Cluster, peerOf(conn)); refused != nil {
			text = "ERROR: " + refused.Error() + "\n"
		}
		// The log must not grow with the persistence of a stranger.
		if now := time.Now(); now.Sub(told) > time.Minute {
			told = now
			p.log.Warn("A server tried to join; clusters are not available in this version.", "address", conn.RemoteAddr().String())
		}
		err = errors.Join(conn.SetDeadline(time.Now().Add(time.Second)), write(conn, text), conn.Close())
		if err != nil {
			p.log.Debug("refuse a connection on the intracluster port", "error", err)
		}
	}
}

// acceptPause is how long a port rests after an error of accept that is not its end.
const acceptPause = 50 * time.Millisecond

func write(conn net.Conn, text string) error {
	_, err := conn.Write([]byte(text))
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
