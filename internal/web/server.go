package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/login"
	"rethinkdb/internal/session"
)

const (
	// headerTime and headerBytes bound what a client that only pretends to send a request can hold.
	headerTime  = 10 * time.Second
	headerBytes = 32 << 10
	// bodyTime is for the largest query over a slow line.
	bodyTime = 5 * time.Minute
	// answerTime is for reading an answer once it is ready. How long a query may run is limited by connectionTime.
	answerTime = 2 * time.Minute
	idleTime   = 2 * time.Minute
)

// Options of a Server. Those above Gate are required.
type Options struct {
	Engine   session.Engine
	Sessions *session.Manager
	Users    *auth.Users
	LogIns   *login.Sessions
	Logger   *slog.Logger
	// ServerID, ServerName and Version are what the page is told of the server.
	ServerID   string
	ServerName func() string // at the moment
	Version    string
	// SystemDatabase is the identifier of the database rethinkdb.
	SystemDatabase string
	// Ready tells why the server cannot do its work, or nil.
	Ready func() error
	// Metrics shows what the server does to who may know.
	Metrics http.Handler

	// Gate says which addresses are served; nil serves all.
	Gate *access.Gate
	// Audit is told of log-ins and refusals; nil is not.
	Audit *audit.Log
	// TrustedProxies are the networks of proxies whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Hosts are names of the server, in lower case, beside localhost and its addresses.
	Hosts []string
}

// Server serves the web port.
type Server struct {
	opt         Options
	http        http.Server
	conns       connections
	crossOrigin *http.CrossOriginProtection
	proxies     proxies
	visitors    visitors
}

// NewServer makes a server; Serve starts it, or Handler is served by other means.
func NewServer(opt Options) *Server {
	s := &Server{opt: opt, crossOrigin: http.NewCrossOriginProtection()}
	s.conns.init(opt)
	opt.LogIns.Attach(s.conns.endOf)
	s.http = http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ConnContext:       s.enter,
		ConnState:         s.visitors.leave,
		ErrorLog:          slog.NewLogLogger(opt.Logger.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve answers requests until Shutdown or Close. It may be called for several listeners.
func (s *Server) Serve(l net.Listener) error { return s.http.Serve(l) }

// Enforce ends the HTTP connections of drivers at addresses that the gate no longer admits, and tells how many there were. Each
// request is judged anyway.
func (s *Server) Enforce() (ended int) { return s.conns.enforce() }

// Shutdown stops accepting, ends all HTTP connections of drivers, and waits for the requests that are under way.
func (s *Server) Shutdown(ctx context.Context) error {
	s.conns.closeAll(ctx)
	return errors.Join(s.http.Shutdown(ctx), s.http.Close())
}

// Close ends everything at once.
func (s *Server) Close() error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s.conns.closeAll(ctx)
	return s.http.Close()
}

// Handler routes requests like the original: what is not on the short list of its files is forbidden.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", policy)
		if !s.serves(w, r) {
			return
		}
		path, ok := sitePath(r.URL)
		if s.serveHealth(w, r, path) || !s.admits(w, r) {
			return
		}
		s.noteProxy(r)
		if !s.opt.Users.HasPassword(auth.Admin) { // nobody has to log in
			s.visitors.known(r)
		}
		switch {
		case !ok:
			w.WriteHeader(http.StatusForbidden)
		case path == "/ajax/reql" || strings.HasPrefix(path, "/ajax/reql/"):
			if who, ok := s.identify(w, r); ok {
				s.serveReQL(w, r, who.owner)
			}
		case s.serveLogIn(w, r, path):
		case path == "/ajax" || strings.HasPrefix(path, "/ajax/"):
			w.WriteHeader(http.StatusNotFound)
		case path == "/metrics":
			s.serveMetrics(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			h.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
		case path == publicPath:
			redirectToDirectory(w)
		default:
			s.servePage(w, r, path)
		}
	})
}
