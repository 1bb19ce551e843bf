package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// get asks for a file with headers: a name, a value, and so on.
func (f *fixture) get(path string, headers ...string) *httptest.ResponseRecorder {
	f.tb.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:4711"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.Handler().ServeHTTP(w, r)
	return w
}

// The page names the server as text, needs nothing from elsewhere, and what it names is there.
func TestIndex(t *testing.T) {
	f := start(t)
	for _, path := range []string{"/", "/index.html", "//", "/rethinkdb_admin/"} {
		w := f.get(path)
		text := w.Body.String()
		if w.Code != 200 || !strings.Contains(text, "<title>&lt;b&gt;srv&lt;/b&gt; – RethinkDB</title>") || !strings.Contains(text, addSlash) {
			t.Fatalf("%s: %d %s", path, w.Code, text)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; script-src 'self' 'sha256-") {
			t.Errorf("content security policy %q", csp)
		}
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(f.get("/").Body.String(), -1)
	if len(named) < 3 {
		t.Errorf("the page names %q", named)
	}
	for _, match := range named {
		name, relative := strings.CutPrefix(match[1], "./")
		if w := f.get("/" + name); !relative || w.Code != 200 {
			t.Errorf("%s: %d", match[1], w.Code)
		}
	}
}

// There is one inline script and nothing else that the policy forbids.
func TestNothingInline(t *testing.T) {
	text := start(t).get("/").Body.String()
	if n := strings.Count(text, "<script>"); n != 1 {
		t.Errorf("%d inline scripts", n)
	}
	if found := regexp.MustCompile(`(?i) on[a-z]+=| style=|<style|javascript:|data:`).FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestAssetsAreCompressed(t *testing.T) {
	f := start(t)
	plain := f.get("/style.css")
	for accept, want := range map[string]string{
		"gzip, deflate, br": "gzip", "deflate, GZIP;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=x": "", "br": "", "": "",
	} {
		w := f.get("/style.css", "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q: %q", accept, got)
		}
		body := w.Body.Bytes()
		if want == "gzip" {
			unpacked, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(unpacked); err != nil {
				t.Fatal(err)
			}
		}
		if w.Code != 200 || !bytes.Equal(body, plain.Body.Bytes()) || w.Header().Get("Content-Type") != "text/css; charset=utf-8" || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: %d %v", accept, w.Code, w.Header())
		}
	}
}

// A browser that has a file is told so.
func TestTags(t *testing.T) {
	f := start(t)
	tag := f.get("/page.js").Header().Get("ETag")
	for tags, want := range map[string]int{
		tag: 304, strings.TrimPrefix(tag, "W/"): 304, `"other", ` + tag: 304, "*": 304, `"other"`: 200, "": 200,
	} {
		w := f.get("/page.js", "If-None-Match", tags)
		if w.Code != want || (w.Body.Len() == 0) != (want == 304) {
			t.Errorf("If-None-Match %q: %d with %d bytes", tags, w.Code, w.Body.Len())
		}
	}
}

func TestUnknownKindsOfFiles(t *testing.T) {
	if _, err := readPage(fstest.MapFS{"page.exe": {}}); err == nil || !strings.Contains(err.Error(), "page.exe") {
		t.Error(err)
	}
}
