package web

import (
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
)

// serves tells whether the port serves the address that a request comes from (protected mode, allow-list). Otherwise it has answered.
func (s *Server) serves(w http.ResponseWriter, r *http.Request) bool {
	refused := s.opt.Gate.Admit(access.Web, s.clientAddr(r).Addr())
	if refused != nil {
		forbid(w, refused.Error())
	}
	return refused == nil
}

// admits refuses what browsers send for pages of strangers, which somebody may be reading on a machine that is served:
//
//  1. requests from other origins;
//  2. requests for names that are not known to be the server's. A page can make its own name point here (DNS rebinding), and
//     is then no stranger to the browser. As long as there is no password it would be let in; with one it could still guess,
//     and have whoever sits at that machine slowed down for it. A request with a bearer token may call the server as it likes: nobody
//     guesses a token, and browsers send none by themselves.
//
// Then it has answered. Who sends the request comes later, in identify.
func (s *Server) admits(w http.ResponseWriter, r *http.Request) bool {
	event := audit.Event{Kind: audit.PeerRefused, Peer: s.clientAddr(r), Port: access.Web.String()}
	name := hostName(r.Host)
	_, token := bearerToken(r)
	switch {
	case !s.fromOwnPage(r):
		event.Reason = "request from a page of another site"
		forbid(w, "A page of another site sent this request. The web port serves its own pages only.")
	case !token && !s.knowsHost(name):
		event.Reason = "request for another name"
		forbid(w, "This server does not know itself by the name "+name+". Use its address or localhost, or start it with --http-host "+name+".")
	default:
		return true
	}
	s.opt.Audit.Record(event)
	return false
}

// fromOwnPage tells whether a request is one of our own page, or of nobody's. When the browser does not say so itself, which it
// does over https and on localhost only, the page's origin has to be the host that was asked for: this server, or the proxy in
// front of it. A proxy names itself in X-Forwarded-Host; a page of a stranger cannot, because browsers ask the server before
// they send a header of a page's choice, and are not allowed to.
func (s *Server) fromOwnPage(r *http.Request) bool {
	if s.crossOrigin.Check(r) == nil {
		return true
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" || r.Header.Get("Sec-Fetch-Site") != "" {
		return false
	}
	for host := range strings.SplitSeq(strings.Join(r.Header.Values("X-Forwarded-Host"), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(host), origin.Host) {
			return true
		}
	}
	return false
}

// clientAddr is who sent the request. A proxy that is trusted says for whom it asks; what others claim counts for nothing, so
// the last address that no trusted proxy has added is it.
func (s *Server) clientAddr(r *http.Request) netip.AddrPort {
	peer := peerOf(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusts(peer.Addr()); i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		peer = netip.AddrPortFrom(addr.Unmap(), 0)
	}
	return peer
}

// trusts tells whether an address is that of a proxy whose word about its clients is believed.
func (s *Server) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(s.opt.TrustedProxies, func(n netip.Prefix) bool { return n.Contains(a) })
}

// knowsHost tells whether a Host header names this server: an address, localhost, or one of the names that it was told.
func (s *Server) knowsHost(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || slices.Contains(s.opt.Hosts, name)
}

// hostName is a Host header without the port and the brackets of an IPv6 address.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

var forbiddenPage = template.Must(template.New("forbidden").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Forbidden – RethinkDB</title></head>
<body><h1>Forbidden</h1><p>{{.}}</p></body>
</html>
`))

// forbid refuses a request with a page that says why.
func forbid(w http.ResponseWriter, why string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusForbidden)
	if err := forbiddenPage.Execute(w, why); err != nil {
		return // the client has gone away
	}
}
