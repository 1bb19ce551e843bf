package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"rethinkdb/internal/reload"
)

// Files are the PEM files of one port.
type Files struct {
	Key, Cert string
	CA        string // authority that must have signed the certificates of clients; empty: clients need none
}

// Options say how a port speaks TLS.
type Options struct {
	Files
	Settings
}

// A Source gives connections the newest certificate. Its methods may be called at the same time.
type Source struct {
	opt    Options
	config *reload.Value[*tls.Config] // constant once it is there
}

// Open reads the files.
func Open(o Options, log *slog.Logger) (*Source, error) {
	paths := []string{o.Key, o.Cert}
	if o.CA != "" {
		paths = append(paths, o.CA)
	}
	config, err := reload.Open(paths, o.read, func(err error) {
		if err != nil {
			log.Warn("The TLS certificate has changed and cannot be used; the old one stays in use.", "error", err)
			return
		}
		log.Info("The TLS certificate was read again.", "file", o.Cert)
	})
	if err != nil {
		return nil, err
	}
	return &Source{o, config}, nil
}

// Config is for servers; each connection gets the newest certificate.
func (s *Source) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         s.opt.MinVersion,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.config.Newest(), nil },
	}
}

// Newest returns the certificate, and the authority that must have signed those of others; it is nil without one.
func (s *Source) Newest() (*tls.Certificate, *x509.CertPool) {
	c := s.config.Newest()
	return &c.Certificates[0], c.ClientCAs
}

// Refresh reads the files again if they have changed. When they cannot be used the old ones stay, and the log says why: a
// certificate is often renewed in several steps.
func (s *Source) Refresh() { s.config.Refresh() }

// read makes the configuration of the present files.
func (o Options) read() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(o.Cert, o.Key)
	if err != nil {
		return nil, fmt.Errorf("certificate %s with key %s: %w", o.Cert, o.Key, err)
	}
	c := &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: o.MinVersion, CipherSuites: o.Ciphers, CurvePreferences: o.Curves,
		// Keys of sessions that were resumed would outlive a change of the authority.
		SessionTicketsDisabled: o.CA != "",
	}
	if o.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(o.CA)
	if err != nil {
		return nil, err
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: %w", o.CA, errNoCertificate)
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	return c, nil
}

var errNoCertificate = errors.New("there is no certificate in it")
