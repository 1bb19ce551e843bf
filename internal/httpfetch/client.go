package httpfetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"
)

// Limits of what a server that means harm can do to ours.
const (
	// MaxBodyBytes is the size of a response, decompressed. It is that of the largest query: a document to insert is no larger.
	MaxBodyBytes = 64 << 20
	// maxTotalBytes is the size of all responses that are being read at one time.
	maxTotalBytes = 256 << 20
	// maxHeaderBytes is the size of a response's header; browsers and servers allow less.
	maxHeaderBytes = 256 << 10
	// maxRequests is how many requests run at one time. More of them wait, within their time.
	maxRequests = 128
	// maxCookies is how many cookies one call of r.http keeps; browsers keep 50 of a host.
	maxCookies = 300
	// maxRedirects is the number of redirects of one request, whatever the user allows.
	maxRedirects = 1000
)

// Between attempts there is a pause that doubles, so that a server in trouble is not asked thousands of times in a second.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

// Options configure a Client.
type Options struct {
	Allow     []netip.Prefix // networks to allow beside the public ones
	UserAgent string
	Logger    *slog.Logger // is told of networks that were refused; nil for nobody
}

// Client makes the requests of one server. It is safe for concurrent use.
type Client struct {
	// Set by New, then constant.
	allow     []netip.Prefix
	userAgent string
	log       *slog.Logger

	refusalLogged atomic.Int64 // when the log last told of a refusal, in nanoseconds of Unix time

	running chan struct{} // has an element for each request that runs
	bytes   atomic.Int64  // of the responses that are being read
}

// New makes a client.
func New(o Options) *Client {
	c := &Client{allow: o.Allow, userAgent: o.UserAgent, log: o.Logger, running: make(chan struct{}, maxRequests)}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Session is the requests of one call of r.http: they share cookies and connections. One goroutine at a time uses it.
type Session struct {
	client    *Client
	jar       *jar
	transport *http.Transport
}

// Session starts a session. Close it. insecure: it does not verify the certificates of servers.
func (c *Client) Session(insecure bool) *Session {
	return &Session{client: c, jar: newJar(), transport: &http.Transport{
		DialContext:            c.dialer().DialContext,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12},
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		DisableCompression:     true,                                                   // is done here, within limits
		MaxResponseHeaderBytes: maxHeaderBytes,
		MaxIdleConnsPerHost:    1,
	}}
}

// Close closes the connections.
func (s *Session) Close() { s.transport.CloseIdleConnections() }

// Error is why there is no answer. Its texts are those of RethinkDB, and so of curl, where those have one.
type Error struct {
	Text     string
	Bare     bool      // there is nothing else to show
	Response *Response // what came, for an error by status; or nil
}

func (e *Error) Error() string { return e.Text }

func fail(text string) *Error { return &Error{Text: text} }

// errRetry marks errors after which it may help to try again.
type errRetry struct{ error }

func (e errRetry) Unwrap() error { return e.error }

// Do makes a request, with all redirects and attempts. The error is an *Error, or that of ctx when that ended.
func (s *Session) Do(ctx context.Context, r *Request) (*Response, error) {
	within, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	resp, err := s.do(within, r)
	switch {
	case err == nil:
		return resp, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case within.Err() != nil:
		return nil, TimedOut(r)
	}
	return nil, explain(err)
}

// TimedOut is the error of a request that has taken its time.
func TimedOut(r *Request) *Error {
	return &Error{Text: fmt.Sprintf("timed out after %.3f seconds", r.Timeout.Seconds()), Bare: true}
}

func (s *Session) do(ctx context.Context, r *Request) (resp *Response, err error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	select {
	case s.client.running <- struct{}{}:
		defer func() { <-s.client.running }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	target, err := r.target()
	if err != nil {
		return nil, err
	}
	lines, err := r.header()
	if err != nil {
		return nil, err
	}
	if r.Attempts == 0 {
		return nil, fail("could not perform, no attempts allowed")
	}
	pause := firstPause
	for attempt := uint64(1); ; attempt++ {
		first := hop{url: target, method: r.Method, hasBody: r.HasBody}
		resp, err = s.attempt(ctx, r, lines, first)
		var again errRetry
		if attempt == r.Attempts || !errors.As(err, &again) {
			return resp, err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
		pause = min(2*pause, lastPause)
	}
}

// attempt makes one attempt: it follows redirects to an answer.
func (s *Session) attempt(ctx context.Context, r *Request, lines header, h hop) (*Response, error) {
	origin := h.url
	for redirects := 0; ; redirects++ {
		resp, err := s.authenticated(ctx, r, lines, h) //nolint:bodyclose // read and discard close it
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if resp.StatusCode < 300 || resp.StatusCode > 399 || location == "" || r.Redirects == 0 {
			return s.read(resp)
		}
		discard(resp)
		if redirects >= min(r.Redirects, maxRedirects) {
			return nil, fail("Number of redirects hit maximum amount")
		}
		next, err := h.url.Parse(location)
		if err != nil {
			return nil, fail(badURL)
		}
		if err := checkURL(next); err != nil {
			return nil, err
		}
		h.url = next
		h.foreign = h.foreign || next.Scheme != origin.Scheme || !strings.EqualFold(next.Host, origin.Host)
		toGet := resp.StatusCode == http.StatusSeeOther && h.method != http.MethodHead ||
			h.method == http.MethodPost && resp.StatusCode <= http.StatusFound
		if toGet {
			h.method, h.hasBody = http.MethodGet, false
		}
	}
}

// authenticated sends the request of a hop, with what authenticates it.
func (s *Session) authenticated(ctx context.Context, r *Request, lines header, h hop) (*http.Response, error) {
	auth := r.Auth
	if u := h.url.User; u != nil {
		auth.User = u.Username()
		auth.Password, _ = u.Password()
		if auth.Scheme == "" {
			auth.Scheme = "basic"
		}
	} else if h.foreign {
		auth = Auth{}
	}
	if auth.Scheme == "basic" {
		return s.send(ctx, s.build(r, lines, h, basic(auth)))
	}
	resp, err := s.send(ctx, s.build(r, lines, h, ""))
	if err != nil || auth.Scheme != "digest" {
		return resp, err
	}
	for range maxChallenges {
		challenge, ok := digestChallenge(resp)
		if !ok {
			return resp, nil
		}
		discard(resp)
		req := s.build(r, lines, h, "")
		req.Header["Authorization"] = []string{challenge.answer(auth, req.Method, req.URL.RequestURI(), newNonce())}
		if resp, err = s.send(ctx, req); err != nil {
			return nil, err
		}
		if again, ok := digestChallenge(resp); !ok || !again.stale {
			return resp, nil
		}
	}
	return resp, nil
}

// send sends one request and keeps its cookies.
func (s *Session) send(ctx context.Context, req *http.Request) (*http.Response, error) {
	resp, err := s.transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, connectionError(err)
	}
	s.jar.SetCookies(req.URL, resp.Cookies())
	return resp, nil
}

// connectionError says what went wrong before there was an answer.
func connectionError(err error) error {
	var (
		dns         *net.DNSError
		op          *net.OpError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		record      tls.RecordHeaderError
		alert       tls.AlertError
	)
	isOp := errors.As(err, &op)
	switch {
	case errors.Is(err, errRefused):
		return fail(errRefused.Error())
	case errors.As(err, &dns):
		return fail("Couldn't resolve host name")
	case errors.As(err, &certificate), errors.As(err, &authority):
		return fail("SSL peer certificate or SSH remote key was not OK")
	case errors.As(err, &record), errors.As(err, &alert):
		return fail("SSL connect error")
	case isOp && op.Op == "dial":
		return errRetry{fail("could not connect to server")}
	case isOp && op.Op == "write":
		return errRetry{fail("error when sending data")}
	case isOp:
		return errRetry{fail("error when receiving data")}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fail("Server returned nothing (no headers, no data)")
	}
	return fail(fmt.Sprintf("Weird server reply (%v)", err))
}

// explain gives any error as an *Error.
func explain(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return fail(err.Error())
}
