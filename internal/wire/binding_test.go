package wire_test

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/wire"
)

// selfSigned makes a certificate of a key.
func selfSigned(t *testing.T, key crypto.Signer, signature x509.SignatureAlgorithm) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, SignatureAlgorithm: signature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// connectTLS connects as TLS clients that keep their sessions do.
func connectTLS(t *testing.T, addr string, config *tls.Config) *client {
	t.Helper()
	nc, err := tls.Dial("tcp", addr, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	if err := nc.SetDeadline(time.Now().Add(4 * patience)); err != nil {
		t.Fatal(err)
	}
	return &client{nc, t, bufio.NewReader(nc)}
}

// TestChannelBinding logs in by SCRAM-SHA-256-PLUS with an independent client, over each version of TLS and certificates of
// each kind, of which the second is used by clients that cannot do with the first.
func TestChannelBinding(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaOnly := []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	rsaOnly := []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	for _, test := range []struct {
		name         string
		certificates []tls.Certificate
		version      uint16
		ciphers      []uint16
		endPoint     string // how a log-in ends that is bound to the certificate
	}{
		{"ECDSA, TLS 1.3", []tls.Certificate{selfSigned(t, p256, x509.ECDSAWithSHA256)}, tls.VersionTLS13, nil, ""},
		{"ECDSA, TLS 1.2", []tls.Certificate{selfSigned(t, p256, x509.ECDSAWithSHA256)}, tls.VersionTLS12, nil, ""},
		{"SHA-384", []tls.Certificate{selfSigned(t, p384, x509.ECDSAWithSHA384)}, tls.VersionTLS13, nil, ""},
		{"RSA with SHA-512", []tls.Certificate{selfSigned(t, rsa2048, x509.SHA512WithRSA)}, tls.VersionTLS12, nil, ""},
		{"Ed25519", []tls.Certificate{selfSigned(t, ed, x509.PureEd25519)}, tls.VersionTLS13, nil, "Unsupported channel binding type"},
		{"two, the first fits", []tls.Certificate{selfSigned(t, p256, x509.ECDSAWithSHA256), selfSigned(t, rsa2048, x509.SHA512WithRSA)}, tls.VersionTLS12, ecdsaOnly, ""},
		{"two, the second fits", []tls.Certificate{selfSigned(t, p256, x509.ECDSAWithSHA256), selfSigned(t, rsa2048, x509.SHA512WithRSA)}, tls.VersionTLS12, rsaOnly, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, func(o *wire.Options) {
				o.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
					return &tls.Config{Certificates: test.certificates}, nil
				}}
			})
			sessions := tls.NewLRUClientSessionCache(4)
			config := &tls.Config{InsecureSkipVerify: true, MaxVersion: test.version, CipherSuites: test.ciphers, ClientSessionCache: sessions}
			// The second round would resume the session of the first if the server let it.
			for range 2 {
				c := connectTLS(t, s.addr, config)
				binding, err := scram.NewTLSExporterBinding(state(c))
				if err != nil {
					t.Fatal(err)
				}
				expectLogIn(c, binding, "")
				c.ask(1, "[1,[24,[1,2]]]")
				c.expect(1, `{"t":1,"r":[3]}`)

				c = connectTLS(t, s.addr, config)
				if state(c).DidResume {
					t.Error("a session was resumed")
				}
				if binding, err = scram.NewTLSServerEndpointBinding(state(c)); err != nil {
					// Our client knows of no such binding either; what it sends is not looked at.
					binding = scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: []byte("x")}
				}
				expectLogIn(c, binding, test.endPoint)
			}
		})
	}
}

func state(c *client) *tls.ConnectionState {
	state := c.Conn.(*tls.Conn).ConnectionState()
	return &state
}

func expectLogIn(c *client, binding scram.ChannelBinding, refusal string) {
	c.tb.Helper()
	sc, err := scram.SHA256.NewClientUnprepped("admin", "", "")
	if err != nil {
		c.tb.Fatal(err)
	}
	last := c.converse(sc.WithMinIterations(1).NewConversationWithChannelBinding(binding), "SCRAM-SHA-256-PLUS")
	want := `"success":true}`
	if refusal != "" {
		want = `{"error":"` + refusal + `",`
	}
	if !strings.Contains(last, want) {
		c.tb.Errorf("%s: %s, want %s", binding.Type, last, want)
	}
}

// TestManInTheMiddle connects through somebody who ends TLS with a certificate that the client accepts, and begins it anew.
func TestManInTheMiddle(t *testing.T) {
	config, pool := certificate(t)
	s := start(t, func(o *wire.Options) { o.TLS = config })
	theirs, _ := certificate(t)
	near := connectTLS(t, s.addr, &tls.Config{RootCAs: pool})
	middle := start(t, func(o *wire.Options) { o.TLS = theirs }) // whose TLS is all that is used of it
	far := connectTLS(t, middle.addr, &tls.Config{InsecureSkipVerify: true})
	for _, make := range []func(*tls.ConnectionState) (scram.ChannelBinding, error){scram.NewTLSExporterBinding, scram.NewTLSServerEndpointBinding} {
		binding, err := make(state(far))
		if err != nil {
			t.Fatal(err)
		}
		expectLogIn(near, binding, "Channel bindings don't match")
		near = connectTLS(t, s.addr, &tls.Config{RootCAs: pool})
	}
	// If the one in the middle hides that the server can bind, the client says so.
	sc, err := scram.SHA256.NewClientUnprepped("admin", "", "")
	if err != nil {
		t.Fatal(err)
	}
	last := near.converse(sc.NewConversationAdvertisingChannelBinding(), "SCRAM-SHA-256")
	if want := `{"error":"Server does support channel binding","error_code":14,"success":false}`; last != want {
		t.Errorf("%s, want %s", last, want)
	}
	// Without TLS there is no such method.
	plain := dial(t, start(t).addr)
	plain.write(magicV10 + `{"protocol_version":0,"authentication_method":"SCRAM-SHA-256-PLUS","authentication":"p=tls-exporter,,n=admin,r=abc"}` + "\x00")
	plain.expectMessage(greeting)
	plain.expectMessage("{\"error\":\"Unsupported `authentication_method`.\",\"error_code\":4,\"success\":false}")
}
