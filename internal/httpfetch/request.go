package httpfetch

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Request is what r.http asks for.
type Request struct {
	Method string // in capitals
	URL    string // as the user wrote it: the scheme may be missing, which is http then
	Params []Param

	// Header has lines for the request, in the form of curl: "Name: value", "Name;" for an empty value, and "Name:" to leave
	// out a header that would be sent by default. They come before what else the request says.
	Header []string

	Body        string
	HasBody     bool
	ContentType string // of the body; a line of Header wins

	Auth Auth

	Timeout   time.Duration // for everything
	Attempts  uint64
	Redirects int // that may be followed; 0 makes a redirect an error by its status
	Insecure  bool
}

// Param is a parameter to add to the URL.
type Param struct{ Name, Value string }

// Auth is how the request is authenticated: "" for not at all, "basic" or "digest".
type Auth struct{ Scheme, User, Password string }

var schemePrefix = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// escape encodes all but letters, digits and "-._~".
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// EncodeParams gives parameters in the form of a query string, which is also that of a form.
func EncodeParams(params []Param) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(p.Name) + "=" + escape(p.Value))
	}
	return b.String()
}

// withParams adds parameters to a URL that may have some already. The URL is taken as text, as in RethinkDB: a question mark
// before the last slash does not count.
func withParams(rawURL string, params []Param) string {
	if len(params) == 0 {
		return rawURL
	}
	question, slash := strings.LastIndexByte(rawURL, '?'), strings.LastIndexByte(rawURL, '/')
	switch {
	case question < 0 && slash < 0:
		rawURL += "/?"
	case question < 0 || slash > question:
		rawURL += "?"
	case slash >= 0:
		rawURL += "&"
	}
	return rawURL + EncodeParams(params)
}

// target reads the URL of the first request.
func (r *Request) target() (*url.URL, error) {
	text := withParams(r.URL, r.Params)
	if !schemePrefix.MatchString(text) {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fail(badURL)
	}
	return u, checkURL(u)
}

func checkURL(u *url.URL) error {
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
	default:
		return fail("Unsupported protocol")
	}
	if u.Hostname() == "" {
		return fail(badURL)
	}
	u.Fragment, u.RawFragment = "", ""
	return nil
}

const badURL = "URL using bad/illegal format or missing URL"

// header is the lines of a request by name, with the names as the user wrote them.
type header struct {
	values map[string][]string // by canonical name; empty to leave it out
	names  map[string]string   // canonical name: as written
}

func (r *Request) header() (header, error) {
	h := header{values: map[string][]string{}, names: map[string]string{}}
	for _, line := range r.Header {
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		empty := false
		if !ok {
			if name, empty = strings.CutSuffix(strings.TrimSpace(line), ";"); !empty {
				continue // no header at all, which curl leaves out silently
			}
		}
		if !validName(name) || !validValue(value) {
			return h, fail(fmt.Sprintf("the header line `%s` is not valid", line))
		}
		key := http.CanonicalHeaderKey(name)
		h.names[key] = name
		if value != "" || empty {
			h.values[key] = append(h.values[key], value)
		} else if _, ok := h.values[key]; !ok {
			h.values[key] = nil
		}
	}
	return h, nil
}

func validName(s string) bool {
	const marks = "!#$%&'*+-.^_`|~"
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(marks, c)
	}) < 0
}

func validValue(s string) bool {
	return strings.IndexFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) < 0
}

// hop is one request on the way to the answer: the first, or one after a redirect.
type hop struct {
	url     *url.URL
	method  string
	hasBody bool
	foreign bool // another origin than the user named: nothing secret goes there
}

// secrets are the headers that are not for other origins than the one that they were written for.
var secrets = []string{"Authorization", "Cookie", "Host"}

// build makes the request of a hop. authorization is what authenticates it, if anything.
func (s *Session) build(r *Request, lines header, h hop, authorization string) *http.Request {
	req := &http.Request{
		Method: h.method, URL: h.url, Host: h.url.Host, Header: http.Header{},
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if h.hasBody {
		req.ContentLength = int64(len(r.Body))
		req.GetBody = bodyOf(r.Body)
		req.Body, _ = req.GetBody()
	}
	set := func(name, value string) { req.Header[name] = []string{value} }
	set("User-Agent", s.client.userAgent)
	set("Accept", "*/*")
	set("Accept-Encoding", "gzip, deflate")
	if h.hasBody && r.ContentType != "" {
		set("Content-Type", r.ContentType)
	}
	if authorization != "" {
		set("Authorization", authorization)
	}
	for key, values := range lines.values {
		if h.foreign && slices.Contains(secrets, key) {
			continue
		}
		delete(req.Header, key)
		switch {
		case key == "Host":
			if len(values) > 0 {
				req.Host = values[len(values)-1]
			}
		case key == "Content-Length" || key == "Transfer-Encoding": // follow from the body
		case key == "User-Agent": // net/http knows it by this name, and is told to send none by an empty one
			set(key, strings.Join(values, " "))
		case len(values) > 0:
			req.Header[lines.names[key]] = values
		}
	}
	for _, c := range s.jar.Cookies(h.url) {
		req.AddCookie(c)
	}
	return req
}
