package web

import (
	"errors"
	"net/http"
	"time"

	"rethinkdb/internal/auth"
)

// serveMetrics shows the metrics to who may read the system tables, which tell the same.
func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	who, ok := s.identify(w, r)
	if !ok {
		return
	}
	if !s.opt.Users.Allowed(who.user, auth.Read, s.opt.SystemDatabase, "") {
		http.Error(w, "User `"+who.user+"` does not have the required `read` permission on the database `rethinkdb`.", http.StatusForbidden)
		return
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	s.opt.Metrics.ServeHTTP(w, r)
}
