package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestPathsOfProxies asks as reverse proxies do.
func TestPathsOfProxies(t *testing.T) {
	f := start(t)
	f.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for path, want := range map[string]struct {
		code           int
		kind, location string
	}{
		"/":                            {200, "text/html", ""},
		"//":                           {200, "text/html", ""},
		"//style.css":                  {200, "text/css", ""},
		"/rethinkdb_admin":             {301, "", "rethinkdb_admin/"},
		"/rethinkdb_admin/":            {200, "text/html", ""},
		"/rethinkdb_admin//":           {200, "text/html", ""},
		"/rethinkdb_admin/style.css":   {200, "text/css", ""},
		"/rethinkdb_admin/ajax/x":      {404, "", ""},
		"/rethinkdb_admin/ajax/reql/":  {400, "application/text", ""},
		"/rethinkdb_admins":            {403, "", ""},
		"/rethinkdb_adminstyle.css":    {403, "", ""},
		"/rethinkdb_admin%2fstyle.css": {403, "", ""},
		"/%2Fstyle.css":                {403, "", ""},
		"/%5cstyle.css":                {403, "", ""},
		"/style%2ecss":                 {200, "text/css", ""},
	} {
		r, err := f.client.Get(f.url + path)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if kind := r.Header.Get("Content-Type"); r.StatusCode != want.code || !strings.HasPrefix(kind, want.kind) || r.Header.Get("Location") != want.location {
			t.Errorf("%s: %d %s, location %q; want %+v", path, r.StatusCode, kind, r.Header.Get("Location"), want)
		}
	}
}
