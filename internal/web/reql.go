package web

import (
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"rethinkdb/internal/session"
)

const (
	tokenBytes = 8
	// maxQueryBytes is the largest query, as on the driver port.
	maxQueryBytes = 128<<20 - 1
)

// serveReQL answers below /ajax/reql. Which of the three requests it is shows in a part of the path.
func (s *Server) serveReQL(w http.ResponseWriter, r *http.Request, by owner) {
	post := r.Method == http.MethodPost
	if post && strings.Contains(r.URL.Path, "open-new-connection") {
		id, err := s.conns.create(s.clientAddr(r), by)
		if err != nil {
			answer(w, http.StatusServiceUnavailable, "application/text", []byte(err.Error()+"\n"))
			return
		}
		answer(w, http.StatusOK, "text/plain", []byte(id))
		return
	}
	id, ok := rawParameter(r.URL.RawQuery, "conn_id")
	if !ok {
		answer(w, http.StatusBadRequest, "application/text", []byte("Required parameter \"conn_id\" missing\n"))
		return
	}
	if post && strings.Contains(r.URL.Path, "close-connection") {
		s.conns.close(id, by)
		w.WriteHeader(http.StatusOK)
		return
	}
	s.serveQuery(w, r, id, by)
}

func (s *Server) serveQuery(w http.ResponseWriter, r *http.Request, id string, by owner) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, tokenBytes+maxQueryBytes))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			answer(w, http.StatusRequestEntityTooLarge, "application/text",
				[]byte("Query size greater than maximum ("+strconv.Itoa(maxQueryBytes)+").\n"))
		}
		return // otherwise nobody is there to be told
	}
	if len(body) < tokenBytes {
		answer(w, http.StatusBadRequest, "application/text", []byte("Client is buggy (request too small)."))
		return
	}
	// While the query runs the client may take as long as it likes; that it went away is still noticed.
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	token := int64(binary.LittleEndian.Uint64(body))
	frame, err := s.run(r, id, by, token, body[tokenBytes:])
	switch {
	case errors.Is(err, session.ErrNoReply):
		answer(w, http.StatusBadRequest, "application/text", []byte("noreply queries are not supported over HTTP\n"))
		return
	case err != nil:
		return // the client has gone away
	}
	if err := control.SetWriteDeadline(time.Now().Add(answerTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return
	}
	answer(w, http.StatusOK, "application/octet-stream", frame)
}

// run executes one request and gives the frame that answers it.
func (s *Server) run(r *http.Request, id string, by owner, token int64, query []byte) ([]byte, error) {
	sess := s.conns.find(id, by)
	if sess == nil {
		return session.Failure(nil, token, "This HTTP connection is not open."), nil
	}
	later := make(responder, 1)
	frame, err := sess.Handle(token, query, nil, later, false)
	switch {
	case errors.Is(err, session.ErrClosed): // since find
		return session.Failure(nil, token, "This HTTP connection is not open."), nil
	case err != nil:
		return nil, err
	case len(frame) > 0:
		return frame, nil
	}
	select {
	case frame := <-later:
		return frame, nil
	case <-r.Context().Done():
		sess.Abort(token)
		return nil, r.Context().Err()
	}
}

// responder takes the answer of one request. It has room for it, so that the session does not wait if the HTTP client
// has gone away.
type responder chan []byte

func (c responder) Respond(frame []byte) { c <- append([]byte(nil), frame...) }

func answer(w http.ResponseWriter, code int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	if _, err := w.Write(body); err != nil {
		return // the client has gone away
	}
}

// rawParameter finds a parameter of a query string without undoing percent-encoding: the driver appends connection ids,
// which contain + and /, as they are.
func rawParameter(query, name string) (string, bool) {
	for query != "" {
		var part string
		part, query, _ = strings.Cut(query, "&")
		if key, value, ok := strings.Cut(part, "="); ok && key == name {
			return value, true
		}
	}
	return "", false
}

func peerOf(r *http.Request) netip.AddrPort {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
}
