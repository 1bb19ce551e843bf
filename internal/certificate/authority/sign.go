package authority

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// skew is how far behind the clock of a client may be that meets a certificate at once.
const skew = time.Hour

// newTemplate is what all certificates have in common.
func newTemplate(name string, now, until time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-skew), NotAfter: until,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
	}, nil
}

// sign makes a key and a certificate of it, signed by a parent or, when that has no key, by itself. Every TLS library knows P-256.
func sign(template *x509.Certificate, parent keyPair) (keyPair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return keyPair{}, fmt.Errorf("make a key: %w", err)
	}
	if parent.key == nil {
		parent = keyPair{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent.cert, &key.PublicKey, parent.key)
	if err != nil {
		return keyPair{}, fmt.Errorf("sign a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return keyPair{cert, key}, err
}

// newAuthority makes the authority. Authorities of different directories have different names, as clients find them by name.
func newAuthority(now, until time.Time) (keyPair, error) {
	t, err := newTemplate("RethinkDB authority "+strings.ToLower(rand.Text()[:8]), now, until)
	if err != nil {
		return keyPair{}, err
	}
	t.IsCA, t.MaxPathLenZero = true, true // it signs no authorities
	t.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	return sign(t, keyPair{})
}

// newServer makes the certificate of a server, with which it also connects to other servers.
func newServer(ca keyPair, hosts []string, now, until time.Time) (keyPair, error) {
	t, err := newTemplate(commonName(hosts), now, until)
	if err != nil {
		return keyPair{}, err
	}
	t.DNSNames, t.IPAddresses = splitHosts(hosts)
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	return sign(t, ca)
}

// newClient makes the certificate of a client.
func newClient(ca keyPair, name string, now, until time.Time) (keyPair, error) {
	t, err := newTemplate(name, now, until)
	if err != nil {
		return keyPair{}, err
	}
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return sign(t, ca)
}

// commonName is the name that tools show; clients compare the hosts.
func commonName(hosts []string) string {
	if i := slices.IndexFunc(hosts, func(h string) bool { return len(h) <= maxNameBytes }); i >= 0 {
		return hosts[i]
	}
	return Server
}

// hostsOf are the hosts in a certificate.
func hostsOf(c *x509.Certificate) []string {
	hosts := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return hosts
}
