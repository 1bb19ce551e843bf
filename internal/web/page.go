package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"rethinkdb/internal/auth"
)

// builtPage is the administration page as it comes out of the directory web: `npm run build` there writes it anew.
//
//go:embed all:page
var builtPage embed.FS

const indexFile = "/index.html"

// policy is the page's content security policy: everything comes from this server, and nothing that stands in the page is run but
// the one script that the server has put there.
var policy = strings.Join([]string{
	"default-src 'none'", "script-src 'self' " + addSlashHash, "style-src 'self'", "connect-src 'self'", "img-src 'self'", "font-src 'self'",
	"worker-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
}, "; ")

// contentTypes are those of the page's files. Browsers are told not to guess.
var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".png": "image/png",
	".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2",
}

// asset is a file of the page in the two forms that it is sent in.
type asset struct {
	contentType string
	etag        string // a weak one: both forms have it
	plain       []byte
	gzipped     []byte
}

type pageFiles struct {
	index  *template.Template
	assets map[string]asset // by path, /page.js
}

// page is read and compressed when somebody first asks for it, which takes some 50 ms that a start need not wait for.
var page = sync.OnceValues(func() (pageFiles, error) {
	files, err := fs.Sub(builtPage, "page")
	if err != nil {
		return pageFiles{}, fmt.Errorf("open the built page: %w", err)
	}
	return readPage(files)
})

func readPage(files fs.FS) (pageFiles, error) {
	p := pageFiles{assets: map[string]asset{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if "/"+name == indexFile {
			p.index, err = template.New(name).Parse(string(text))
			return err
		}
		p.assets["/"+name], err = newAsset(name, text)
		return err
	})
	if err != nil {
		return pageFiles{}, fmt.Errorf("read the built page: %w", err)
	}
	return p, nil
}

func newAsset(name string, text []byte) (asset, error) {
	sum := sha256.Sum256(text)
	a := asset{plain: text, etag: `W/"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, contentType: contentTypes[path.Ext(name)]}
	if a.contentType == "" {
		return asset{}, fmt.Errorf("%s: no content type is known for it", name)
	}
	var compressed bytes.Buffer
	w, err := gzip.NewWriterLevel(&compressed, gzip.BestCompression)
	if err != nil {
		return asset{}, err
	}
	if _, err := w.Write(text); err != nil {
		return asset{}, err
	}
	if err := w.Close(); err != nil {
		return asset{}, err
	}
	a.gzipped = compressed.Bytes()
	return a, nil
}

// servePage answers a request for a file of the page. What is no file of it is forbidden, as in the original.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, name string) {
	files, err := page()
	if err != nil {
		s.opt.Logger.Error("cannot show the administration page", "error", err)
		http.Error(w, "The server cannot show its page; its log has the reason.", http.StatusInternalServerError)
		return
	}
	if name == "/" || name == indexFile {
		s.serveIndex(w, files.index)
		return
	}
	file, found := files.assets[name]
	if !found {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	file.serve(w, r)
}

// serveIndex shows the page to everybody, and who has to log in first does so there. Until then it does not name the server.
func (s *Server) serveIndex(w http.ResponseWriter, index *template.Template) {
	name := ""
	if !s.opt.Users.HasPassword(auth.Admin) {
		name = s.opt.ServerName()
	}
	var text bytes.Buffer
	if err := index.Execute(&text, map[string]any{"ServerName": name, "AddSlash": addSlashScript}); err != nil {
		s.opt.Logger.Error("cannot fill in the administration page", "error", err)
		http.Error(w, "The server cannot show its page; its log has the reason.", http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, "text/html; charset=utf-8", text.Bytes())
}

// serve sends the file unless the browser has it. Names say nothing of the version, so browsers ask each time.
func (a asset) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", a.etag)
	if hasTag(r.Header.Values("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = a.gzipped
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if _, err := w.Write(body); err != nil {
		return // the client has gone away
	}
}

// hasTag tells whether an If-None-Match names a tag. A proxy that compresses may have taken the mark of weakness away.
func hasTag(headers []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(etag, "W/") {
			return true
		}
	}
	return false
}

// takesGzip tells whether an Accept-Encoding has gzip, and not only to refuse it.
func takesGzip(headers []string) bool {
	for coding := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		name, quality, weighted := strings.Cut(strings.ReplaceAll(coding, " ", ""), ";q=")
		if !strings.EqualFold(name, "gzip") {
			continue
		}
		q, err := strconv.ParseFloat(quality, 64)
		return !weighted || err == nil && q > 0
	}
	return false
}
