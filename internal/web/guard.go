package web

import (
	"errors"
	"html/template"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
)

// guard decides about a request before anything else looks at it, in this order:
//
//  1. does the port serve the address? (protected mode, allow-list)
//  2. does a browser send it for a page of somebody else? It may be on a machine that is served while its user reads a page
//     that is not ours. Requests from other origins are refused, and so are names that are not known to be the server's: a
//     page can make its own name point here (DNS rebinding). With a password that is no way in, so then any name will do.
//  3. who is it? As soon as admin has a password, all requests need a user and a password (HTTP Basic), or a token (Bearer). A
//     token is judged in any case: who shows one does not want to be admin.
//
// Without success it has answered.
func (s *Server) guard(w http.ResponseWriter, r *http.Request) (user string, ok bool) {
	peer := s.clientAddr(r)
	if refused := s.opt.Gate.Admit(access.Web, peer.Addr()); refused != nil {
		forbid(w, refused.Error())
		return "", false
	}
	event := audit.Event{Kind: audit.PeerRefused, Peer: peer, Port: access.Web.String()}
	defer func() {
		if event.Method != "" || event.Reason != "" {
			s.opt.Audit.Record(event)
		}
	}()
	if !s.fromOwnPage(r) {
		event.Reason = "request from a page of another site"
		forbid(w, "A page of another site sent this request. The web port serves its own pages only.")
		return "", false
	}
	if secret, given := bearerToken(r); given {
		event.Method = audit.Bearer
		user, err := s.opt.Users.CheckToken(secret, time.Now())
		if err != nil {
			event.Kind, event.Reason = audit.LogInRefused, auth.Reason(err)
			w.Header().Set("WWW-Authenticate", `Bearer realm="RethinkDB", error="invalid_token"`)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return "", false
		}
		event.Kind, event.User = audit.LogIn, user
		return user, true
	}
	if !s.opt.Users.HasPassword(auth.Admin) {
		if name := hostName(r.Host); !s.knowsHost(name) {
			event.Reason = "request for another name"
			forbid(w, "This server does not know itself by the name "+name+". Use its address or localhost, or start it with --http-host "+name+".")
			return "", false
		}
		event.Kind, event.User, event.Method = audit.LogIn, auth.Admin, audit.NoPassword
		return auth.Admin, true
	}
	name, password, given := r.BasicAuth()
	if given {
		event.User, event.Method = name, audit.Basic
		user, err := s.opt.Users.Check(peer.Addr(), name, password)
		if err == nil {
			event.Kind, event.User = audit.LogIn, user
			return user, true
		}
		event.Kind, event.Reason = audit.LogInRefused, auth.Reason(err)
		var refused *auth.Error
		switch {
		case !errors.As(err, &refused):
			s.opt.Logger.Error("cannot check a password", "error", err)
			http.Error(w, "The server cannot check passwords at the moment; its log has the reason.", http.StatusServiceUnavailable)
			return "", false
		case refused.Wait > 0:
			w.Header().Set("Retry-After", strconv.FormatFloat(math.Ceil(refused.Wait.Seconds()), 'f', 0, 64))
			http.Error(w, refused.Msg, http.StatusTooManyRequests)
			return "", false
		}
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="RethinkDB", charset="UTF-8"`)
	w.Header().Add("WWW-Authenticate", `Bearer realm="RethinkDB"`)
	http.Error(w, "This server needs a user and a password.", http.StatusUnauthorized)
	return "", false
}

// bearerToken is the token of a request (RFC 6750). It comes in the header only: addresses of pages end up in logs.
func bearerToken(r *http.Request) (secret string, given bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
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
