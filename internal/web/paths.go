package web

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// publicPath is the path that guides have told operators to give a reverse proxy. Most proxies take it away again; requests of
// those that pass it on are served as if they had.
const publicPath = "/rethinkdb_admin"

// sitePath is the path of a request on this site, and whether there is one. A proxy that is told to put / in place of a path
// without a slash at its end sends two of them.
func sitePath(u *url.URL) (path string, ok bool) {
	if raw := strings.ToLower(u.RawPath); strings.Contains(raw, "%2f") || strings.Contains(raw, "%5c") {
		return "", false // to a proxy this was a part of a name, not a separator
	}
	path = "/" + strings.TrimLeft(u.Path, "/")
	if rest, found := strings.CutPrefix(path, publicPath); found && strings.HasPrefix(rest, "/") {
		path = "/" + strings.TrimLeft(rest, "/")
	}
	return path, true
}

// redirectToDirectory sends a browser that has left out the slash at the end of publicPath to where relative links work. The
// address is relative itself, because the server does not know what a proxy has in front of it.
func redirectToDirectory(w http.ResponseWriter) {
	w.Header().Set("Location", publicPath[1:]+"/")
	w.WriteHeader(http.StatusMovedPermanently)
}

// addSlash is the script of the page that does the same in a browser, when the proxy has told nothing of the path.
//
//go:embed slash.js
var addSlash string

var (
	addSlashScript = template.JS(addSlash) //nolint:gosec // it is ours
	addSlashHash   = scriptHash(addSlash)
)

// scriptHash is what the content security policy calls a script by.
func scriptHash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
