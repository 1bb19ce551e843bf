package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"rethinkdb/internal/access"
)

// visitors bounds the TCP connections whose clients have not shown yet that they may come in: strangers who open many and send
// nothing, or nothing that is served, would take the file descriptors of all ports. This machine and trusted proxies are not
// counted, because others come by way of them.
type visitors struct {
	mu        sync.Mutex // guards what follows
	strangers access.Strangers
	of        map[net.Conn]netip.Addr // those who are counted
}

// visitorKey is the key of a request's connection in its context.
type visitorKey struct{}

const crowdedAnswer = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: 63\r\n\r\n" +
	"Too many connections have not logged in yet. Try again later.\r\n"

// enter counts a new connection, and closes it if there is no room for it. It implements http.Server.ConnContext.
func (s *Server) enter(ctx context.Context, conn net.Conn) context.Context {
	peer := addrOf(conn)
	if peer.Unmap().IsLoopback() || s.trusts(peer.Unmap()) {
		return ctx
	}
	v := &s.visitors
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of == nil {
		v.of = map[net.Conn]netip.Addr{}
	}
	if !v.strangers.Add(peer) {
		v.strangers.Remove(peer)                    // it is over now, although the server notices only when it reads
		if _, plain := conn.(*net.TCPConn); plain { // to others it would take a handshake
			_, _ = conn.Write([]byte(crowdedAnswer)) // there is room for it in an empty buffer
		}
		_ = conn.Close()
		return ctx
	}
	v.of[conn] = peer
	return context.WithValue(ctx, visitorKey{}, conn)
}

// known stops counting the connection of a request that is served.
func (v *visitors) known(r *http.Request) {
	if conn, ok := r.Context().Value(visitorKey{}).(net.Conn); ok {
		v.leave(conn, http.StateClosed)
	}
}

// leave stops counting a connection that has ended. It implements http.Server.ConnState.
func (v *visitors) leave(conn net.Conn, state http.ConnState) {
	if state != http.StateClosed && state != http.StateHijacked {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if peer, counted := v.of[conn]; counted {
		delete(v.of, conn)
		v.strangers.Remove(peer)
	}
}

func addrOf(conn net.Conn) netip.Addr {
	a, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr()
}
