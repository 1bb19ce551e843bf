package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates of every kind, also of those that must be refused, into files of one directory. Certificates that a
// user of the program would want come from `rethinkdb create-certs`.
type Authority struct {
	// CA is the file with the authority's own certificate.
	CA string

	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Certificate is what an authority signs. The zero one is that of a server on this machine, and of a client.
type Certificate struct {
	Name    string
	Host    string // that it is for instead of localhost and 127.0.0.1
	Expired bool
	Usage   []x509.ExtKeyUsage // none is any
}

// NewAuthority makes an authority.
func NewAuthority(t testing.TB, name string) *Authority {
	t.Helper()
	a := &Authority{dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.CA = filepath.Join(a.dir, "ca.pem")
	a.cert, a.key = a.sign(t, template, a.CA, filepath.Join(a.dir, "ca-key.pem"))
	return a
}

// Sign writes a certificate and its key into files named after it. A certificate of the same name is replaced.
func (a *Authority) Sign(t testing.TB, c Certificate) (certFile, keyFile string) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: c.Name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: c.Usage,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if c.Host != "" {
		template.DNSNames, template.IPAddresses = []string{c.Host}, nil
	}
	if c.Expired {
		template.NotAfter = time.Now().Add(-time.Hour)
	}
	certFile, keyFile = filepath.Join(a.dir, c.Name+".pem"), filepath.Join(a.dir, c.Name+"-key.pem")
	a.sign(t, template, certFile, keyFile)
	return certFile, keyFile
}

func (a *Authority) sign(t testing.TB, template *x509.Certificate, certFile, keyFile string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}, certFile: {Type: "CERTIFICATE", Bytes: der}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}
