package web

import (
	"encoding/json"
	"net/http"
)

type health struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitempty"`
}

// serveHealth answers below /health what those want to know who start, stop and balance servers; served is false when path is nothing of
// that. It is for every address that the port serves, without a log-in and by any name, because it tells nothing but that.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request, path string) (served bool) {
	why := ""
	switch path {
	case "/health/live": // it answers
	case "/health/ready":
		if err := s.opt.Ready(); err != nil {
			why = err.Error()
		}
	default:
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return true
	}
	code, health := http.StatusOK, health{Status: "ok"}
	if why != "" {
		code, health.Status, health.Reason = http.StatusServiceUnavailable, "unavailable", why
	}
	text, err := json.Marshal(health)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return true
	}
	answer(w, code, "application/json", text)
	return true
}
