package wire

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"

	"rethinkdb/internal/auth"
)

// channel is the TLS connection of a client; it implements auth.Channel.
type channel struct {
	tls *tls.Conn
	// shown is the certificate that the client was given. It is the newest at the beginning of the connection, whatever is
	// in the files by the time of the log-in. It is nil on the intracluster port, where clients can bind by the exporter.
	shown *tls.Certificate
}

var _ auth.Channel = (*channel)(nil)

// begun is a connection of which one byte was read, which is read again.
type begun struct {
	net.Conn
	first [1]byte
	given bool
}

func (b *begun) Read(p []byte) (int, error) {
	if b.given || len(p) == 0 {
		return b.Conn.Read(p)
	}
	b.given = true
	return copy(p, b.first[:]), nil
}

// recordHandshake is the first byte of every TLS connection, and of no handshake of drivers.
const recordHandshake = 22

const needsTLS = "This port speaks TLS only. Connect with the driver's TLS options (`ssl` in JavaScript)."

// startTLS does the handshake of TLS. A client that begins without is told so, which needs no secret: it would wait for an answer
// until it gives up. Sessions are not resumed: a client that resumes one is not shown the certificate, to
// which a log-in may be bound, and connections of drivers live too long for it to pay.
func (c *conn) startTLS() error {
	in := &begun{Conn: c.nc}
	if _, err := io.ReadFull(c.nc, in.first[:]); err != nil {
		return err
	}
	if in.first[0] != recordHandshake {
		return &refusal{needsTLS}
	}
	ch := &channel{}
	config := c.srv.opt.TLS.Clone()
	newest := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		now := config
		if newest != nil {
			var err error
			if now, err = newest(hello); err != nil {
				return nil, err
			}
		}
		now = now.Clone()
		now.SessionTicketsDisabled = true
		certificates := now.Certificates
		now.Certificates = nil // GetCertificate chooses, and remembers which
		now.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			ch.shown = choose(certificates, hello)
			return ch.shown, nil
		}
		return now, nil
	}
	ch.tls = tls.Server(in, config)
	if err := ch.tls.Handshake(); err != nil {
		return err
	}
	c.nc, c.channel = ch.tls, ch
	return nil
}

// choose gives the first certificate that the client can use, or just the first; nil if there is none.
func choose(certificates []tls.Certificate, hello *tls.ClientHelloInfo) *tls.Certificate {
	for i := range certificates {
		if hello.SupportsCertificate(&certificates[i]) == nil {
			return &certificates[i]
		}
	}
	if len(certificates) == 0 {
		return nil
	}
	return &certificates[0]
}

// The types of channel binding. tls-unique is not among them: it does not exist in TLS 1.3, and is weak before.
const (
	bindExporter = "tls-exporter"         // RFC 9266
	bindEndPoint = "tls-server-end-point" // RFC 5929, section 4
)

// exporterBytes is the length of the keying material that is exported.
const exporterBytes = 32

// Binding implements auth.Channel.
func (ch *channel) Binding(bindingType string) []byte {
	switch bindingType {
	case bindExporter:
		// It fails for a client of TLS 1.2 without the extended master secret, where two connections could have the same.
		// TLS 1.2 tells no context from an empty one, of which the RFC speaks; clients use none.
		state := ch.tls.ConnectionState()
		material, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, exporterBytes)
		if err != nil {
			return nil
		}
		return material
	case bindEndPoint:
		if ch.shown == nil {
			return nil
		}
		cert, err := x509.ParseCertificate(ch.shown.Certificate[0])
		if err != nil {
			return nil
		}
		return endPoint(cert)
	}
	return nil
}

// endPoint is the hash of a certificate by the hash function of its signature, or by SHA-256 where that is an old one. It is
// nil for a signature without one hash function, for which the type of binding is not defined.
func endPoint(cert *x509.Certificate) []byte {
	hash, ok := signatureHashes[cert.SignatureAlgorithm]
	if !ok {
		return nil
	}
	h := hash.New()
	h.Write(cert.Raw)
	return h.Sum(nil)
}

var signatureHashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.MD5WithRSA: crypto.SHA256, x509.SHA1WithRSA: crypto.SHA256, x509.ECDSAWithSHA1: crypto.SHA256,
	x509.SHA256WithRSA: crypto.SHA256, x509.SHA256WithRSAPSS: crypto.SHA256, x509.ECDSAWithSHA256: crypto.SHA256,
	x509.SHA384WithRSA: crypto.SHA384, x509.SHA384WithRSAPSS: crypto.SHA384, x509.ECDSAWithSHA384: crypto.SHA384,
	x509.SHA512WithRSA: crypto.SHA512, x509.SHA512WithRSAPSS: crypto.SHA512, x509.ECDSAWithSHA512: crypto.SHA512,
}
