package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
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
	opt Options
	log *slog.Logger

	config atomic.Pointer[tls.Config] // of the files as they were last read; constant once it is here

	mu    sync.Mutex   // held while the files are looked at, which happens to one connection in a second
	next  atomic.Int64 // when to look at the files again, in nanoseconds of Unix time
	stamp string       // of the files when they were last read
}

// lookInterval is how often the files are looked at while connections come in.
const lookInterval = time.Second

// Open reads the files.
func Open(o Options, log *slog.Logger) (*Source, error) {
	s := &Source{opt: o, log: log}
	stamp, err := o.stamp()
	if err != nil {
		return nil, err
	}
	config, err := o.read()
	if err != nil {
		return nil, err
	}
	s.config.Store(config)
	s.stamp = stamp
	s.next.Store(time.Now().Add(lookInterval).UnixNano())
	return s, nil
}

// Config is for servers; each connection gets the newest certificate.
func (s *Source) Config() *tls.Config {
	return &tls.Config{
		MinVersion: s.opt.MinVersion,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if time.Now().UnixNano() >= s.next.Load() {
				s.Refresh()
			}
			return s.config.Load(), nil
		},
	}
}

// Refresh reads the files again if they have changed. When they cannot be used the old ones stay, and the log says why: a
// certificate is often renewed in several steps.
func (s *Source) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next.Store(time.Now().Add(lookInterval).UnixNano())
	stamp, err := s.opt.stamp()
	if err == nil && stamp == s.stamp {
		return
	}
	var config *tls.Config
	if err == nil {
		config, err = s.opt.read()
	}
	if err != nil {
		s.log.Warn("The TLS certificate has changed and cannot be used; the old one stays in use.", "error", err)
		s.stamp = stamp // until they change once more
		return
	}
	s.config.Store(config)
	s.stamp = stamp
	s.log.Info("The TLS certificate was read again.", "file", s.opt.Cert)
}

// stamp tells whether the files have changed.
func (o Options) stamp() (string, error) {
	stamp := ""
	for _, path := range []string{o.Key, o.Cert, o.CA} {
		if path == "" {
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return "", err
		}
		stamp += fmt.Sprint(info.ModTime().UnixNano(), info.Size(), ";")
	}
	return stamp, nil
}

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
