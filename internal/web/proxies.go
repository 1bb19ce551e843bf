package web

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Proxy is one that hands requests on, and whose word about its clients is not believed.
type Proxy struct {
	Peer netip.Addr
	At   time.Time // of its last request
}

// proxies remembers the last one.
type proxies struct {
	mu   sync.Mutex // guards last, alone
	last Proxy
}

// noteProxy looks at a request that is admitted.
func (s *Server) noteProxy(r *http.Request) {
	if r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" {
		return
	}
	peer := peerOf(r).Addr()
	if s.trusts(peer) {
		return
	}
	s.proxies.mu.Lock()
	s.proxies.last = Proxy{peer, time.Now()}
	s.proxies.mu.Unlock()
}

// UntrustedProxy is the last proxy that was not trusted; ok is false if there was none since the start of the server.
func (s *Server) UntrustedProxy() (p Proxy, ok bool) {
	s.proxies.mu.Lock()
	defer s.proxies.mu.Unlock()
	return s.proxies.last, s.proxies.last.Peer.IsValid()
}
