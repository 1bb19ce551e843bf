//go:build security

package security

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
)

// encrypt begins TLS on the intracluster port, as whom the application protocol says. A server that refuses the address does not
// speak TLS at all, but says a sentence.
func encrypt(raw net.Conn, protocol string, certificate *tls.Certificate) (conn *tls.Conn, sentence string, err error) {
	heard := &recorder{Conn: raw}
	config := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{protocol}, InsecureSkipVerify: true} // the tests of proofs look at keys
	if certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	conn = tls.Client(heard, config)
	err = conn.Handshake()
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		if _, err := io.Copy(io.Discard, heard); err != nil {
			return nil, "", err
		}
		return nil, heard.text.String(), nil
	}
	heard.full = true
	return conn, "", err
}

// recorder keeps what has been read until it is full.
type recorder struct {
	net.Conn
	text strings.Builder
	full bool
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if !r.full {
		r.text.Write(p[:n])
	}
	return n, err
}
