package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	_, _, a.cert, a.key = a.sign("authority", nil)
	return a
}

// sign makes a certificate, and gives it and its key in PEM too.
func (a *authority) sign(name string, parent *authority) (certPEM, keyPEM []byte, cert *x509.Certificate, key *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: parent == nil, BasicConstraintsValid: true,
	}
	issuer, signer := template, key
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	if cert, err = x509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), cert, key
}

// write puts a new certificate of the authority into files.
func (a *authority) write(name string, f Files) {
	a.t.Helper()
	cert, key, _, _ := a.sign(name, a)
	for path, data := range map[string][]byte{f.Cert: cert, f.Key: key} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// handshake connects to a server with the source's configuration, and gives the name in its certificate.
func handshake(t *testing.T, s *Source, client *tls.Config) (name string, err error) {
	t.Helper()
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() {
		server := tls.Server(far, s.Config())
		err := server.Handshake()
		if err == nil {
			_, err = server.Write([]byte("x"))
		}
		served <- err
		far.Close()
	}()
	defer func() {
		near.Close()
		if e := <-served; e != nil && err == nil {
			t.Errorf("the server's side: %v", e)
		}
	}()
	client.ServerName = "localhost"
	c := tls.Client(near, client)
	if err := c.Handshake(); err != nil {
		return "", err
	}
	if _, err := c.Read(make([]byte, 1)); err != nil { // TLS 1.3 tells of a refused certificate only now
		return "", err
	}
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

func TestRenewedCertificate(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	f := Files{Key: filepath.Join(dir, "key.pem"), Cert: filepath.Join(dir, "cert.pem")}
	a.write("first", f)
	var log bytes.Buffer
	s, err := Open(Options{Files: f}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		if got, err := handshake(t, s, &tls.Config{RootCAs: a.pool()}); err != nil || got != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	expect("first")
	a.write("second", f)
	s.Refresh()
	expect("second")
	if err := os.WriteFile(f.Cert, []byte("half of a certif"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Refresh()
	expect("second")
	if !strings.Contains(log.String(), "the old one stays in use") {
		t.Errorf("log: %s", log.String())
	}
	a.write("third", f)
	s.Refresh()
	expect("third")
}

func TestClientCertificates(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	f := Files{Key: filepath.Join(dir, "key.pem"), Cert: filepath.Join(dir, "cert.pem"), CA: filepath.Join(dir, "ca.pem")}
	a.write("server", f)
	if err := os.WriteFile(f.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Options{Files: f}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	client := func(signer *authority) *tls.Config {
		c := &tls.Config{RootCAs: a.pool()}
		if signer != nil {
			_, _, cert, key := signer.sign("client", signer)
			// GetClientCertificate, because Certificates would not be sent to a server that asks for other authorities.
			c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}, nil
			}
		}
		return c
	}
	if _, err := handshake(t, s, client(a)); err != nil {
		t.Errorf("a client of the authority: %v", err)
	}
	if _, err := handshake(t, s, client(other)); err == nil {
		t.Error("a client of another authority was let in")
	}
	if _, err := handshake(t, s, client(nil)); err == nil {
		t.Error("a client without a certificate was let in")
	}
}

func TestOldVersionsAreRefused(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	f := Files{Key: filepath.Join(dir, "key.pem"), Cert: filepath.Join(dir, "cert.pem")}
	a.write("server", f)
	o := Options{Files: f}
	if err := o.SetMinVersion(""); err != nil {
		t.Fatal(err)
	}
	s, err := Open(o, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := handshake(t, s, &tls.Config{RootCAs: a.pool(), MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
	if _, err := handshake(t, s, &tls.Config{RootCAs: a.pool(), MaxVersion: tls.VersionTLS12}); err != nil {
		t.Errorf("TLS 1.2: %v", err)
	}
}

func TestOpenNeedsUsableFiles(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	f := Files{Key: filepath.Join(dir, "key.pem"), Cert: filepath.Join(dir, "cert.pem")}
	log := slog.New(slog.DiscardHandler)
	if _, err := Open(Options{Files: f}, log); err == nil {
		t.Error("opened without files")
	}
	a.write("x", f)
	f.CA = f.Key
	if _, err := Open(Options{Files: f}, log); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("an authority without a certificate: %v", err)
	}
}

func TestSettings(t *testing.T) {
	var s Settings
	for name, ok := range map[string]bool{"": true, "TLSv1": true, "TLSv1.1": true, "TLSv1.2": true, "TLSv1.3": true, "SSLv3": false, "1.2": false} {
		if err := s.SetMinVersion(name); (err == nil) != ok {
			t.Errorf("version %q: %v", name, err)
		}
	}
	for list, n := range map[string]int{"": 0, "EECDH+AESGCM": 4, "ECDHE-RSA-AES128-GCM-SHA256:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": 2, "RC4-MD5": -1, ":": -1} {
		if err := s.SetCiphers(list); (err == nil) != (n >= 0) || n >= 0 && len(s.Ciphers) != n {
			t.Errorf("ciphers %q: %v, %v", list, s.Ciphers, err)
		}
	}
	for name, ok := range map[string]bool{"": true, "prime256v1": true, "X25519": true, "secp256k1": false} {
		if err := s.SetCurve(name); (err == nil) != ok {
			t.Errorf("curve %q: %v", name, err)
		}
	}
}
