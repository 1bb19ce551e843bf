package exec

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/httpfetch"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// r.http(url) → value or sequence
	//
	// What a server of the web answers to a request. By default it reaches public networks only: no loopback, no private or
	// link-local addresses. An error of the other server, or a failure to reach it, has the class NonExistence, so that
	// default catches it. The user needs the permission `connect`.
	//
	// Options:
	// - method (string; "GET"): or "HEAD", "POST", "PUT", "PATCH", "DELETE"
	// - params (object; {}): the part of the URL after `?`
	// - header (object or array of strings; {}): more lines for the header
	// - data (string or object; none): the body: an object is sent as a form with POST, as JSON with others
	// - auth (object; none): `user`, `pass`, and `type`, which is "basic" or "digest"
	// - result_format (string; "auto"): "text", "json", "jsonp" or "binary" instead of what the server says of its answer
	// - timeout (number; 30): seconds for all of it
	// - attempts (integer; 5): how often to try when the connection fails or the server says to come back
	// - redirects (integer; 1): how many to follow
	// - verify (bool; true): checks the server's certificate
	// - page ("link-next" or function; none): makes a sequence of many answers: how to get from one to the URL of the next;
	//   a function gets an object of `params`, `header` and `body`, and null ends it
	// - page_limit (integer; needed with page): how many requests to make, -1 for any number
	//
	// Errors:
	// - NonExistence: Error in HTTP … of `…`: …
	// - QueryLogic: `method` (…) is not recognized (GET, HEAD, POST, PUT, PATCH and DELETE are allowed).
	//
	//	> r.http("http://localhost/").default("not reached")
	//	"not reached"
	register(reql.TermHTTP, spec{min: 1, max: 1, val: evalHTTP, det: detNever, slow: true,
		opts: []string{"attempts", "auth", "data", "header", "method", "page", "page_limit", "params", "redirects", "result_format", "timeout", "verify"}})
}

// UseHTTP sets the client that r.http works with. It is called before the first query. Without it there is one that reaches
// public networks only.
func (e *Engine) UseHTTP(c *httpfetch.Client) { e.http = c }

// httpCall is one evaluation of r.http.
type httpCall struct {
	at      *reql.Term // the term
	request httpfetch.Request
	params  datum.Value // an object
	format  resultFormat
	session *httpfetch.Session
}

func evalHTTP(c call) (val, error) {
	if err := c.cluster().RequireConnect(c.fr.q.client); err != nil {
		return val{}, err
	}
	h := &httpCall{at: c.n.t, params: datum.Object(nil)}
	var err error
	if h.request.URL, err = c.str(0); err != nil {
		return val{}, err
	}
	if err := c.httpOptions(h); err != nil {
		return val{}, err
	}
	page, limit, err := c.httpPage()
	if err != nil {
		return val{}, err
	}
	h.session = c.fr.q.eng.http.Session(h.request.Insecure)
	if page != nil {
		return c.retSeq(&seq{src: &httpPages{httpCall: h, page: page, limit: limit, more: limit != 0}, at: c.n.t, fr: c.fr})
	}
	defer h.session.Close()
	_, body, err := h.fetch(c.fr)
	return c.ret(body), err
}

// fetch makes the request. The errors of other servers are such that default catches them.
func (h *httpCall) fetch(fr *frame) (header, body datum.Value, err error) {
	h.request.Params = h.request.Params[:0]
	for i := range h.params.Len() {
		name, v := h.params.FieldAt(i)
		h.request.Params = append(h.request.Params, httpfetch.Param{Name: name, Value: plainText(v)})
	}
	began := time.Now()
	waiting := fr.trace.begin("Waiting for another server", nil)
	resp, err := h.session.Do(fr.q.ctx, &h.request)
	fr.trace.end(waiting)
	if err != nil && fr.q.spentBy(h.request.Timeout, began) {
		err = httpfetch.TimedOut(&h.request)
	}
	if err == nil {
		header, body, err = h.format.read(fr, resp, h.request.Method)
	}
	if err != nil {
		err = h.failure(fr, err)
	}
	return header, body, err
}

// maxQuotedBytes is how much of an answer an error quotes.
const maxQuotedBytes = 32 << 10

// failure makes the error for the client. What there is of an answer is part of it.
func (h *httpCall) failure(fr *frame, err error) error {
	text := fmt.Sprintf("Error in HTTP %s of `%s`: ", h.request.Method, reql.WithoutCredentials(h.request.URL))
	header, body := datum.Null, datum.Null
	switch e := err.(type) { //nolint:errorlint // neither is ever wrapped
	case *httpfetch.Error:
		text += e.Text + "."
		if e.Bare {
			return failAt(h.at, reql.NonExistence, "%s", text)
		}
		if e.Response != nil {
			var bad error
			if header, bad = headerObject(e.Response.Header); bad != nil {
				return h.failure(fr, bad)
			}
			if b := e.Response.Body; len(b) > 0 {
				body = datum.String(strings.ToValidUTF8(string(b[:min(len(b), maxQuotedBytes)]), "\uFFFD"))
			}
		}
	case *badAnswer:
		text += e.text + "."
		if !e.header.IsAbsent() {
			header = e.header
		}
		if e.body != nil {
			body = datum.String(strings.ToValidUTF8(string(e.body[:min(len(e.body), maxQuotedBytes)]), "\uFFFD"))
		}
	default: // the query has ended
		return errInterrupted
	}
	return failAt(h.at, reql.NonExistence, "%s\nheader:\n%s\nbody:\n%s", text, header.Print(), body.Print())
}

// plainText is a number, string or null as part of a URL or of a form.
func plainText(d datum.Value) string {
	switch d.Kind() {
	case datum.KindNumber:
		return fmt.Sprintf("%.20g", d.AsNumber())
	case datum.KindString:
		return d.AsString()
	}
	return ""
}

func isPlain(d datum.Value) bool {
	k := d.Kind()
	return k == datum.KindNumber || k == datum.KindString || k == datum.KindNull
}

// checkParams checks the parameters of a URL, which an argument or a page function gives.
func checkParams(d datum.Value, at *reql.Term) error {
	if !isObject(d) {
		return failAt(at, reql.QueryLogic, "Expected `params` to be an OBJECT, but found %s:\n%s", d.TypeName(), d.Print())
	}
	for i := range d.Len() {
		if name, v := d.FieldAt(i); !isPlain(v) {
			return failAt(at, reql.QueryLogic, "Expected `params.%s` to be a NUMBER, STRING or NULL, but found %s:\n%s", name, v.TypeName(), v.Print())
		}
	}
	return nil
}

// httpOptions evaluates the options in the order of the original.
func (c call) httpOptions(h *httpCall) error {
	r := &h.request
	r.Method, r.Timeout, r.Attempts, r.Redirects = "GET", 30*time.Second, 5, 1
	for _, read := range []func(*httpCall) error{c.httpAuth, c.httpMethod, c.httpData, c.httpFormat, c.httpParams, c.httpHeader, c.httpLimits} {
		if err := read(h); err != nil {
			return err
		}
	}
	return nil
}

func (c call) httpAuth(h *httpCall) error {
	d, at, ok, err := c.optDatum("auth")
	if !ok || err != nil {
		return err
	}
	if !isObject(d) {
		return failAt(at, reql.QueryLogic, "Expected `auth` to be an OBJECT, but found %s.", d.TypeName())
	}
	auth := &h.request.Auth
	auth.Scheme = "basic"
	if v, ok := d.Get("type"); ok {
		if v.Kind() != datum.KindString {
			return failAt(at, reql.QueryLogic, "Expected `auth.type` to be a STRING, but found %s.", d.TypeName())
		}
		auth.Scheme = v.AsString()
	}
	for _, part := range [...]struct {
		name string
		to   *string
	}{{"user", &auth.User}, {"pass", &auth.Password}} {
		v, ok := d.Get(part.name)
		if !ok {
			return failAt(at, reql.QueryLogic, "`auth.%s` not found in the auth object.", part.name)
		}
		if v.Kind() != datum.KindString {
			return failAt(at, reql.QueryLogic, "Expected `auth.%s` to be a STRING, but found %s.", part.name, v.TypeName())
		}
		*part.to = v.AsString()
	}
	if auth.Scheme != "basic" && auth.Scheme != "digest" {
		return failAt(at, reql.QueryLogic, "`auth.type` is not recognized ('basic', and 'digest' are allowed).")
	}
	return nil
}

func (c call) httpMethod(h *httpCall) error {
	d, at, ok, err := c.optDatum("method")
	if !ok || err != nil {
		return err
	}
	s, err := strAt(d, at)
	if err != nil {
		return err
	}
	switch s {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE":
		h.request.Method = s
		return nil
	}
	return failAt(at, reql.QueryLogic, "`method` (%s) is not recognized (GET, HEAD, POST, PUT, PATCH and DELETE are allowed).", s)
}

// httpData makes the body of the request: that of POST is a form or a text, others have JSON or a text.
func (c call) httpData(h *httpCall) error {
	r := &h.request
	switch r.Method {
	case "POST":
		r.HasBody, r.ContentType = true, "application/x-www-form-urlencoded"
	case "PUT", "PATCH":
		r.HasBody = true
	}
	d, at, ok, err := c.optDatum("data")
	if !ok || err != nil {
		return err
	}
	switch r.Method {
	case "PUT", "PATCH", "DELETE":
		r.HasBody = true
		if d.Kind() == datum.KindString {
			r.Body = d.AsString()
			return nil
		}
		r.ContentType = "application/json"
		b, err := datum.AppendJSON(nil, d)
		r.Body = string(b)
		return err
	case "POST":
		switch {
		case d.Kind() == datum.KindString:
			r.Body = d.AsString()
		case isObject(d):
			form := make([]httpfetch.Param, d.Len())
			for i := range form {
				name, v := d.FieldAt(i)
				if !isPlain(v) {
					return failAt(at, reql.QueryLogic, "Expected `data.%s` to be a NUMBER, STRING or NULL, but found %s.", name, v.TypeName())
				}
				form[i] = httpfetch.Param{Name: name, Value: plainText(v)}
			}
			r.Body = httpfetch.EncodeParams(form)
		default:
			return failAt(at, reql.QueryLogic, "Expected `data` to be a STRING or OBJECT, but found %s.", d.TypeName())
		}
		return nil
	}
	return c.logic("`data` should only be specified on a PUT, POST, PATCH, or DELETE request.  If you want URL parameters, use `params` instead.")
}

func (c call) httpFormat(h *httpCall) error {
	d, at, ok, err := c.optDatum("result_format")
	if !ok || err != nil {
		return err
	}
	s, err := strAt(d, at)
	if err != nil {
		return err
	}
	if h.format, ok = resultFormats[s]; !ok {
		return failAt(at, reql.QueryLogic, "`result_format` (%s) is not recognized, ('auto', 'json', 'jsonp', 'text', and 'binary' are allowed).", s)
	}
	return nil
}

func (c call) httpParams(h *httpCall) error {
	d, at, ok, err := c.optDatum("params")
	if !ok || err != nil {
		return err
	}
	h.params = d
	return checkParams(d, at)
}

func (c call) httpHeader(h *httpCall) error {
	d, at, ok, err := c.optDatum("header")
	if !ok || err != nil {
		return err
	}
	add := func(line string) error {
		if strings.ContainsAny(line, "\r\n") {
			return failAt(at, reql.QueryLogic, "A `header` item contains newline characters.")
		}
		h.request.Header = append(h.request.Header, line)
		return nil
	}
	switch {
	case isObject(d):
		for i := range d.Len() {
			name, v := d.FieldAt(i)
			if v.Kind() != datum.KindString && v.Kind() != datum.KindNull {
				return failAt(at, reql.QueryLogic, "Expected `header.%s` to be a STRING or NULL, but found %s.", name, v.TypeName())
			}
			if err := add(name + ": " + plainText(v)); err != nil {
				return err
			}
		}
		return nil
	case d.Kind() == datum.KindArray:
		for i := range d.Len() {
			v := d.At(i)
			if v.Kind() != datum.KindString {
				return failAt(at, reql.QueryLogic, "Expected `header[%d]` to be a STRING, but found %s.", i, v.TypeName())
			}
			if err := add(v.AsString()); err != nil {
				return err
			}
		}
		return nil
	}
	return failAt(at, reql.QueryLogic, "Expected `header` to be an ARRAY or OBJECT, but found %s.", d.TypeName())
}

// maxHTTPSeconds is the longest time for a request: 30 days.
const maxHTTPSeconds = 30 * 24 * 60 * 60

func (c call) httpLimits(h *httpCall) error {
	r := &h.request
	d, at, ok, err := c.optDatum("timeout")
	if err != nil {
		return err
	}
	if ok {
		seconds, err := numAt(d, at)
		if err != nil {
			return err
		}
		if seconds < 0 {
			return failAt(at, reql.QueryLogic, "`timeout` may not be negative.")
		}
		r.Timeout = time.Duration(min(seconds, maxHTTPSeconds)*1000) * time.Millisecond
	}
	if d, at, ok, err = c.optDatum("attempts"); err != nil {
		return err
	}
	if ok {
		n, err := intAt(d, at)
		if err != nil {
			return err
		}
		r.Attempts = uint64(n) // a negative number is a large one, as in the original
	}
	if d, at, ok, err = c.optDatum("redirects"); err != nil {
		return err
	}
	if ok {
		n, err := intAt(d, at)
		if err == nil && n != int64(uint32(n)) {
			err = failAt(at, reql.QueryLogic, "Integer too large: %d", n)
		}
		if err != nil {
			return err
		}
		r.Redirects = int(min(n, math.MaxInt32))
	}
	verify, ok, err := c.optBool("verify")
	r.Insecure = ok && !verify
	return err
}
