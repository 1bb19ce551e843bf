package certificate

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStates(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	f := Files{Key: filepath.Join(dir, "key.pem"), Cert: filepath.Join(dir, "cert.pem"), CA: filepath.Join(dir, "ca.pem")}
	a.write("server", f)
	if err := os.WriteFile(f.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	states, err := f.States()
	if err != nil || len(states) != 2 || states[0].File != f.Cert || states[1].File != f.CA {
		t.Fatalf("%+v, %v", states, err)
	}
	if s := states[0]; s.Weakness != "" || time.Until(s.NotAfter) > time.Hour || time.Until(s.NotAfter) < 0 {
		t.Errorf("%+v", s)
	}
	f.CA = f.Key
	if _, err := f.States(); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("a key in place of a certificate: %v", err)
	}
}

func TestWeakness(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &small.PublicKey, small)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if got := weakness(c); got != "its RSA key has 1024 bits, 2048 is the least" {
		t.Errorf("got %q", got)
	}
	c.PublicKey, c.SignatureAlgorithm = nil, x509.SHA1WithRSA
	if got := weakness(c); got != "it is signed with SHA1-RSA" {
		t.Errorf("got %q", got)
	}
}
