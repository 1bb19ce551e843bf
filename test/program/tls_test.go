//go:build integration

package program

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// writeCertificate makes a certificate for this machine that has signed itself, and gives a pool with it.
func writeCertificate(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return pool
}

// TestTLS connects to both ports with TLS, and again with a certificate that was renewed meanwhile.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	pool := writeCertificate(t, certFile, keyFile)
	s := harness.Start(t, "", "--driver-tls-key", keyFile, "--driver-tls-cert", certFile, "--http-tls-key", keyFile, "--http-tls-cert", certFile)
	if err := visitWithTLS(s, pool); err != nil {
		t.Fatal(err)
	}
	if res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", s.WebPort)); err == nil {
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			t.Error("the web port serves plain connections too")
		}
	}
	renewed := writeCertificate(t, certFile, keyFile)
	if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the renewed certificate", func() bool { return visitWithTLS(s, renewed) == nil })
	stop(t, s, syscall.SIGTERM)
}

// visitWithTLS logs in at the driver port and asks for the page of the web port.
func visitWithTLS(s *harness.Server, pool *x509.CertPool) error {
	config := &tls.Config{RootCAs: pool}
	c, err := tls.Dial("tcp", s.Addr(), config)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "\x20\x2d\x0c\x40\x00\x00\x00\x00\xc7\x70\x69\x7e"); err != nil {
		return err
	}
	if text, err := bufio.NewReader(c).ReadString(0); err != nil || text != "SUCCESS\x00" {
		return fmt.Errorf("handshake: %q, %w", text, err)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	res, err := client.Get(fmt.Sprintf("https://127.0.0.1:%d/", s.WebPort))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the page: %s", res.Status)
	}
	return nil
}
