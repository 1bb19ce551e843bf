package peer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// tlsHandshake is the first byte of every TLS connection.
const tlsHandshake = 0x16

// IsTLS tells whether a client that sends this byte first speaks TLS.
func IsTLS(first byte) bool { return first == tlsHandshake }

const (
	// oldHeader is what servers of RethinkDB itself send first, and rethinkdb admin of its version 1.x.
	oldHeader = "RethinkDB cluster\n"
	// PlainBytes are enough of a client's first bytes to tell what it is.
	PlainBytes = 64

	encrypted = "This is the intracluster port of a RethinkDB server, which is encrypted. It is for other servers, and for rethinkdb admin of this version."
)

// AnswerPlain is what a client that does not speak TLS gets, whose first bytes these are: a sentence in a form that it shows.
//
// A server of RethinkDB itself expects the version of our protocol after the header, and prints in its log that it is
// incompatible with this one, whatever it is: so it is the sentence.
func AnswerPlain(first []byte) []byte {
	switch method, _, _ := bytes.Cut(first, []byte(" ")); {
	case bytes.HasPrefix(first, []byte(oldHeader)):
		const version = "a server that only joins others of its own kind, by an encrypted protocol"
		return append(binary.LittleEndian.AppendUint64([]byte(oldHeader), uint64(len(version))), version...)
	case isHTTP(string(method)):
		const body = encrypted + " The web interface has a port of its own, 8080 unless --http-port says otherwise.\n"
		return fmt.Appendf(nil, "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body)
	}
	return Plain(encrypted)
}

func isHTTP(method string) bool {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH", "PRI":
		return true
	}
	return false
}

const plainPrefix = "ERROR: "

// Plain is a sentence for whoever has connected, whatever it is: it goes out before anything is encrypted.
func Plain(sentence string) []byte { return []byte(plainPrefix + sentence + "\n") }

const (
	// maxSentenceBytes bounds what is shown of a text from the other side.
	maxSentenceBytes = 1024
	sentenceTime     = time.Second
)

// Explain gives an error of a connection to an intracluster port in words.
func Explain(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" { // an alert of TLS
		return fmt.Errorf("the server does not let this one in (%w). With --cluster-tls-ca a server serves only those with a certificate that its authority has signed: "+
			"give --cluster-tls-key, --cluster-tls-cert and --cluster-tls-ca", op.Err)
	}
	if isHangup(err) {
		return fmt.Errorf("the server closed the connection: %w", err)
	}
	return err
}

// hearing is a connection that keeps the first of what it has read, because the TLS library does not give it back.
type hearing struct {
	net.Conn
	first []byte
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.first = append(h.first, p[:min(n, maxSentenceBytes-len(h.first))]...)
	return n, err
}

// SyscallConn implements syscall.Conn, for the options of the socket.
func (h *hearing) SyscallConn() (syscall.RawConn, error) {
	socket, ok := h.Conn.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return socket.SyscallConn()
}

// sentence is what a server says that does not speak TLS, or not to us.
func (h *hearing) sentence() error {
	if err := h.SetReadDeadline(time.Now().Add(sentenceTime)); err == nil {
		_, _ = io.CopyN(io.Discard, h, maxSentenceBytes) // whatever ends it, there is what came until then
	}
	if sentence, ok := strings.CutPrefix(string(h.first), plainPrefix); ok {
		return errors.New(readable(sentence))
	}
	return errStranger
}

var errStranger = errors.New("the answer is not that of a RethinkDB server")

// readable is a text from the other side that may be shown.
func readable(text string) string {
	text = strings.TrimSpace(text[:min(len(text), maxSentenceBytes)])
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// Readable is a refusal of the other side that may be shown.
func (r *Refusal) Readable() *Refusal { return &Refusal{r.Kind, readable(r.Text)} }
