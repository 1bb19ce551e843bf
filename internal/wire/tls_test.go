package wire_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/wire"
)

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTLS(t *testing.T) {
	config, pool := certificate(t)
	s := start(t, func(o *wire.Options) { o.TLS = config })
	nc, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c := &client{nc, t, bufio.NewReader(nc)}
	if last := c.logIn("admin", ""); !strings.Contains(last, `"success":true`) {
		t.Fatal(last)
	}
	for i, size := range []int{1, 600, 40_000, 3, 3_000_000, 5} {
		text := strings.Repeat("x", size)
		go c.ask(int64(i), `[1,"`+text+`"]`)
		c.expect(int64(i), `{"t":1,"r":["`+text+`"]}`)
	}
	c.ask(9, `[1,"block"]`)
	eventually(t, "the query runs", func() bool { return s.engine.Running.Load() == 1 })
	nc.Close()
	within(t, time.Second, "the query stops", func() bool { return s.engine.Running.Load() == 0 })

	// Who does not speak TLS is told so, and nothing else.
	for _, hello := range []string{magicV10 + strings.Repeat("x", 100), magicV04, "GET / HTTP/1.1\r\n\r\n"} {
		plain := dial(t, s.addr)
		plain.write(hello)
		plain.expectMessage("ERROR: This port speaks TLS only. Connect with the driver's TLS options (`ssl` in JavaScript).\n")
		plain.expectEOF()
		plain.Close()
	}
	eventually(t, "the connections end", func() bool { return s.Connections() == 0 })
}
