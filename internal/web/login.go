package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/login"
)

// maxLogInBytes is enough for a user and a password of a kilobyte each, however they are escaped.
const maxLogInBytes = 16 << 10

// cookiePrefix begins the name of the cookie with the secret of a session. The rest is of the server's identifier: browsers give a cookie to all
// ports of a host, so two servers on one machine would take each other's.
const cookiePrefix = "rethinkdb_session_"

func cookieName(serverID string) string { return cookiePrefix + serverID[:min(8, len(serverID))] }

// state is what the page asks first: who its user is, and what it may show.
type state struct {
	User   *string      `json:"user"` // null: log in first
	Method audit.Method `json:"method,omitempty"`
	// The rest is there with a user.
	Server *serverState `json:"server,omitempty"`
	Rights *rights      `json:"rights,omitempty"`
	// IdleSeconds is how long a session lasts in which nobody does anything, 0 for as long as any. EndsAt is when it ends at last.
	IdleSeconds int        `json:"idle_seconds,omitempty"`
	EndsAt      *time.Time `json:"ends_at,omitempty"`
}

type serverState struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// rights are those that the user has everywhere, and on the database rethinkdb. They say what to show; what is allowed is decided anew with each query.
type rights struct {
	Admin   bool        `json:"admin"`
	Global  permissions `json:"global"`
	System  permissions `json:"system"`
	Connect bool        `json:"connect"`
}

type permissions struct {
	Read   bool `json:"read"`
	Write  bool `json:"write"`
	Config bool `json:"config"`
}

func (s *Server) permissionsOf(user, database string) permissions {
	may := func(p auth.Permission) bool { return s.opt.Users.Allowed(user, p, database, "") }
	return permissions{Read: may(auth.Read), Write: may(auth.Write), Config: may(auth.Config)}
}

// serveLogIn answers below /ajax what is about logging in; served is false when path is nothing of that.
func (s *Server) serveLogIn(w http.ResponseWriter, r *http.Request, path string) (served bool) {
	method, handle := http.MethodPost, s.logIn
	switch path {
	case "/ajax/session":
		method, handle = http.MethodGet, s.tellState
	case "/ajax/login":
	case "/ajax/logout":
		handle = s.logOut
	default:
		return false
	}
	switch {
	case r.Method != method:
		w.Header().Set("Allow", method)
		w.WriteHeader(http.StatusMethodNotAllowed)
	case !isPage(r):
		http.Error(w, "This is for the administration page. Programs use HTTP Basic or a bearer token.", http.StatusForbidden)
	default:
		handle(w, r)
	}
	return true
}

// tellState says who the user of the page is. That it is nobody yet is no error. What a proxy hands on of the user's password begins a session, so that
// it need not be judged again with each request.
func (s *Server) tellState(w http.ResponseWriter, r *http.Request) {
	who, err := s.identityOf(r)
	if name, password, given := r.BasicAuth(); given && errors.Is(err, errAnonymous) {
		who, err = s.begin(w, r, name, password, true)
	}
	var refused *auth.Error
	switch {
	case err == nil:
		s.visitors.known(r)
		s.answerState(w, s.stateOf(who))
	case errors.As(err, &refused):
		s.answerState(w, state{})
	default:
		s.cannotCheck(w, err)
	}
}

// stateOf is what a user may know.
func (s *Server) stateOf(who identity) state {
	st := state{
		User: &who.user, Method: who.method,
		Server: &serverState{s.opt.ServerID, s.opt.ServerName(), s.opt.Version},
		Rights: &rights{
			Admin:  who.user == auth.Admin,
			Global: s.permissionsOf(who.user, ""), System: s.permissionsOf(who.user, s.opt.SystemDatabase),
			Connect: s.opt.Users.Allowed(who.user, auth.Connect, "", ""),
		},
	}
	if who.session != "" {
		ends := who.since.Add(login.Lifetime)
		st.IdleSeconds, st.EndsAt = int(s.opt.LogIns.Idle().Seconds()), &ends
	}
	return st
}

func (s *Server) answerState(w http.ResponseWriter, st state) {
	text, err := json.Marshal(st)
	if err != nil {
		s.opt.Logger.Error("cannot tell the page who its user is", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, "application/json", text)
}

// logIn begins a session for who has the password. Statuses say why not, because some proxies put texts of their own in place of ours.
func (s *Server) logIn(w http.ResponseWriter, r *http.Request) {
	name, password, err := readLogIn(http.MaxBytesReader(w, r.Body, maxLogInBytes))
	if err != nil {
		http.Error(w, "Expected a user and a password in JSON.", http.StatusBadRequest)
		return
	}
	if !s.opt.Users.HasPassword(auth.Admin) {
		s.tellState(w, r) // there is nothing to log in to
		return
	}
	who, err := s.begin(w, r, name, password, false)
	var refused *auth.Error
	switch {
	case err == nil:
		s.visitors.known(r)
		s.answerState(w, s.stateOf(who))
	case !errors.As(err, &refused):
		s.cannotCheck(w, err)
	case refused.Wait > 0:
		tellWait(w, refused)
	default:
		http.Error(w, "The user or the password is wrong.", http.StatusUnauthorized)
	}
}

// begin begins a session for who has the password, in place of the one that the browser has.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, name, password string, byProxy bool) (who identity, err error) {
	who.method = audit.Page
	if byProxy {
		who.method = audit.Basic
	}
	user, credential, err := s.opt.Users.Verify(s.clientAddr(r).Addr(), name, password)
	who.user = user
	if err := s.audited(r, who, name, err); err != nil {
		return who, err
	}
	if old, ok := s.sessionOf(r); ok {
		s.opt.LogIns.End(func(one login.Session) bool { return one.ID == old.ID })
	}
	secret, one := s.opt.LogIns.Begin(user, credential, s.browserOf(r), byProxy)
	http.SetCookie(w, s.cookie(r, secret))
	return identityIn(one), nil
}

// readLogIn reads what the form sends.
func readLogIn(body io.Reader) (user, password string, err error) {
	var form struct {
		User     *string `json:"user"`
		Password *string `json:"password"`
	}
	if err := json.NewDecoder(body).Decode(&form); err != nil {
		return "", "", err
	}
	if form.User == nil || form.Password == nil {
		return "", "", errors.New("a field is missing")
	}
	return *form.User, *form.Password, nil
}

// logOut ends the session, or with ?everywhere all sessions of its user.
func (s *Server) logOut(w http.ResponseWriter, r *http.Request) {
	if one, ok := s.sessionOf(r); ok {
		everywhere := r.URL.Query().Has("everywhere")
		s.opt.LogIns.End(func(other login.Session) bool { return other.ID == one.ID || everywhere && other.User == one.User })
	}
	gone := s.cookie(r, "")
	gone.MaxAge = -1
	http.SetCookie(w, gone)
	s.answerState(w, state{})
}

// sessionOf gives the session of a request of the page.
func (s *Server) sessionOf(r *http.Request) (_ login.Session, ok bool) {
	cookie, err := r.Cookie(cookieName(s.opt.ServerID))
	if err != nil || !isPage(r) {
		return login.Session{}, false
	}
	return s.opt.LogIns.Find(cookie.Value, s.browserOf(r), r.Header.Get(pageHeader) != pageBackground)
}

func (s *Server) browserOf(r *http.Request) login.Browser {
	return login.NewBrowser(s.clientAddr(r).Addr(), r.UserAgent())
}

// cookie keeps the secret of a session in the browser, until that is closed. It has no path: a browser then sends it to what is beside the
// log-in, ajax/, and to nothing else on the host, wherever a proxy has put the page.
func (s *Server) cookie(r *http.Request, secret string) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(s.opt.ServerID), Value: secret, HttpOnly: true, Secure: s.isSecure(r), SameSite: http.SameSiteStrictMode,
	}
}

// isSecure tells whether the browser sees the page over HTTPS. The origin that it names was checked; a trusted proxy may say so as well.
func (s *Server) isSecure(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	return r.TLS != nil || err == nil && origin.Scheme == "https" ||
		s.trusts(peerOf(r).Addr()) && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
