package peer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
)

// What a client of the intracluster port wants, as the application protocol of TLS (ALPN).
const (
	AdminProtocol = "rethinkdb-admin" // `rethinkdb admin`
	PeerProtocol  = "rethinkdb-peer"  // another server
)

// base is what both ends have in common. Both are this program, so there is nothing to be gained by an old version of TLS; 1.3
// also has what channels are bound by. No session is resumed, because that would outlive a change of the authority.
func base() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true}
}

// ServerConfig is the configuration of the intracluster port; each connection gets the newest certificate. With an authority
// everybody needs a certificate that it has signed. Without one other servers need any, so that both know whom they talk to.
func ServerConfig(c Certificates, curves []tls.CurveID) *tls.Config {
	shared := base()
	shared.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		certificate, authority := c.Newest()
		config := base()
		config.CurvePreferences = curves
		config.Certificates = []tls.Certificate{*certificate}
		config.NextProtos = []string{AdminProtocol, PeerProtocol}
		switch {
		case authority != nil:
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, authority
		case slices.Contains(hello.SupportedProtos, PeerProtocol):
			config.ClientAuth = tls.RequireAnyClientCert
		}
		return config, nil
	}
	return shared
}

// Expected is the server that a client means to reach. Names are not looked at: a server has many, its certificate is one that
// this cluster's authority has given to a server, and other servers show theirs from whatever address they connect.
type Expected struct {
	Authority *x509.CertPool          // must have signed the server's certificate; nil: need not be signed
	Check     func(Fingerprint) error // judges the server's key; nil: no judgement
}

// ClientConfig is for connecting to the intracluster port of another server. certificate may be nil.
func ClientConfig(protocol string, certificate *tls.Certificate, e Expected) *tls.Config {
	config := base()
	config.NextProtos = []string{protocol}
	if certificate != nil {
		// Not Certificates, of which the library shows none that its list of the server's authorities does not name: then the
		// server's refusal would be that there was none.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	config.InsecureSkipVerify = true // VerifyConnection does it
	config.VerifyConnection = e.verify
	return config
}

func (e Expected) verify(state tls.ConnectionState) error {
	if state.NegotiatedProtocol == "" {
		return errors.New("it is not the intracluster port of a RethinkDB server")
	}
	leaf := state.PeerCertificates[0]
	if e.Authority != nil {
		chain := x509.VerifyOptions{Roots: e.Authority, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
		for _, c := range state.PeerCertificates[1:] {
			chain.Intermediates.AddCert(c)
		}
		if _, err := leaf.Verify(chain); err != nil {
			return fmt.Errorf("the server's certificate: %w", err)
		}
	}
	if e.Check == nil {
		return nil
	}
	return e.Check(FingerprintOf(leaf))
}

const (
	bindingLabel = "EXPORTER-rethinkdb-peer"
	bindingBytes = 32
)

// bindingOf is what both ends of a channel know of it, and nobody who has made two channels of one. Each end has put random
// bytes into it, so that it is new every time.
func bindingOf(state tls.ConnectionState) ([]byte, error) {
	return state.ExportKeyingMaterial(bindingLabel, nil, bindingBytes)
}
