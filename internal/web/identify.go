package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/login"
)

// pageHeader marks the requests of the administration page. Pages of others cannot send it, because browsers ask the server before
// they send a header of a page's choice, and are not allowed to; so a session counts with it only. Its value says whether
// the user has done something since the last request or the page asks by itself, which keeps no session alive.
const (
	pageHeader     = "X-RethinkDB-Page"
	pageBackground = "background"
)

// identity is who sends a request, and how that is known.
type identity struct {
	owner
	method audit.Method
	since  time.Time // of the session, if there is one
}

// identify tells who sends a request that was admitted.
//
// Who shows a token is judged by it in any case, and does not want to be admin. As long as admin has no password everybody is admin. From then
// on the page needs a session, and everybody else a user and a password with each request (HTTP Basic). What a proxy hands on of that
// with a request of the page counts only where the page asks who its user is: see tellState.
//
// Without success it has answered. The page is not told of HTTP Basic, so that browsers leave it to the page to ask.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) (_ identity, ok bool) {
	who, err := s.identityOf(r)
	if err == nil {
		s.visitors.known(r)
		return who, true
	}
	var refused *auth.Error
	switch h := w.Header(); {
	case !errors.As(err, &refused):
		s.cannotCheck(w, err)
		return identity{}, false
	case refused.Wait > 0:
		tellWait(w, refused)
		return identity{}, false
	case who.method == audit.Bearer:
		h.Set("WWW-Authenticate", `Bearer realm="RethinkDB", error="invalid_token"`)
		http.Error(w, refused.Msg, http.StatusUnauthorized)
		return identity{}, false
	case !isPage(r):
		h.Set("WWW-Authenticate", `Basic realm="RethinkDB", charset="UTF-8"`)
		h.Add("WWW-Authenticate", `Bearer realm="RethinkDB"`)
	}
	http.Error(w, "This server needs a user and a password.", http.StatusUnauthorized)
	return identity{}, false
}

// errAnonymous is the error of a request that says nothing of who sends it.
var errAnonymous = &auth.Error{Msg: "This server needs a user and a password."}

// identityOf is identify without an answer. The error is an *auth.Error when nobody is known by what the request has; the
// identity then has the method that was tried.
func (s *Server) identityOf(r *http.Request) (who identity, err error) {
	peer := s.clientAddr(r)
	if secret, given := bearerToken(r); given {
		who.method = audit.Bearer
		who.user, err = s.opt.Users.CheckToken(secret, time.Now())
		return who, s.audited(r, who, "", err)
	}
	if !s.opt.Users.HasPassword(auth.Admin) {
		who = identity{owner: owner{user: auth.Admin}, method: audit.NoPassword}
		return who, s.audited(r, who, "", nil)
	}
	if isPage(r) {
		one, ok := s.sessionOf(r)
		if !ok {
			return who, errAnonymous
		}
		return identityIn(one), nil // the log-in was written down
	}
	name, password, given := r.BasicAuth()
	if !given {
		return who, errAnonymous
	}
	who.method = audit.Basic
	who.user, err = s.opt.Users.Check(peer.Addr(), name, password)
	return who, s.audited(r, who, name, err)
}

// identityIn is who acts in a session.
func identityIn(one login.Session) identity {
	who := identity{owner{one.User, one.ID}, audit.Page, one.Since}
	if one.ByProxy {
		who.method = audit.Basic
	}
	return who
}

// audited has the audit log tell of a log-in, or of one that was refused under the name that was given, and returns the error.
func (s *Server) audited(r *http.Request, who identity, given string, err error) error {
	e := audit.Event{Kind: audit.LogIn, User: who.user, Peer: s.clientAddr(r), Port: access.Web.String(), Method: who.method}
	if err != nil {
		e.Kind, e.User, e.Reason = audit.LogInRefused, given, auth.Reason(err)
	}
	s.opt.Audit.Record(e)
	return err
}

// cannotCheck answers when it was not found out whether a password is right.
func (s *Server) cannotCheck(w http.ResponseWriter, err error) {
	s.opt.Logger.Error("cannot check a password", "error", err)
	http.Error(w, "The server cannot check passwords at the moment; its log has the reason.", http.StatusServiceUnavailable)
}

// tellWait answers somebody who has guessed too often.
func tellWait(w http.ResponseWriter, refused *auth.Error) {
	w.Header().Set("Retry-After", strconv.FormatFloat(math.Ceil(refused.Wait.Seconds()), 'f', 0, 64))
	http.Error(w, refused.Msg, http.StatusTooManyRequests)
}

// isPage tells whether our page sends the request.
func isPage(r *http.Request) bool { return r.Header.Get(pageHeader) != "" }

// bearerToken is the token of a request (RFC 6750). It comes in the header only: addresses of pages end up in logs.
func bearerToken(r *http.Request) (secret string, given bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(secret), strings.EqualFold(scheme, "Bearer")
}
