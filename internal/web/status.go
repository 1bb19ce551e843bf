package web

import (
	"bytes"
	_ "embed"
	"html/template"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxTables is how many tables the status page lists.
const maxTables = 500

// Status is what the status page shows.
type Status struct {
	ServerName  string
	ServerID    string
	Version     string
	Started     time.Time
	DriverPort  int
	Tables      []TableStatus
	PasswordSet bool // admin has a password
}

// TableStatus is one table.
type TableStatus struct {
	Database  string
	Name      string
	Documents int64
}

//go:embed status.html
var statusSource string

//go:embed style.css
var styleSheet []byte

var statusPage = template.Must(template.New("status").Funcs(template.FuncMap{
	"count": groupDigits,
}).Parse(statusSource))

func (s *Server) serveStatus(w http.ResponseWriter, r *http.Request, user string) {
	status, err := s.opt.Status(r.Context(), user)
	if err != nil {
		s.opt.Logger.Error("cannot gather the status page", "error", err)
		http.Error(w, "The server cannot tell its status at the moment; its log has the reason.", http.StatusServiceUnavailable)
		return
	}
	host := hostName(r.Host)
	shown := status.Tables[:min(len(status.Tables), maxTables)]
	var page bytes.Buffer
	err = statusPage.Execute(&page, map[string]any{
		"Status": status, "Host": host, "Address": net.JoinHostPort(host, strconv.Itoa(status.DriverPort)), "Uptime": time.Since(status.Started).Round(time.Second).String(),
		"AddSlash": addSlashScript, "Tables": shown, "More": len(status.Tables) - len(shown),
	})
	if err != nil {
		s.opt.Logger.Error("cannot render the status page", "error", err)
		http.Error(w, "The server cannot show its status; its log has the reason.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := w.Write(page.Bytes()); err != nil {
		return // the client has gone away
	}
}

// groupDigits writes 1234567 as 1,234,567.
func groupDigits(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
