package wire_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/wire"
)

// audited starts a server with an audit log. told stops it and returns what the log has of each event, but for the port of the client.
func audited(t *testing.T, change ...func(*wire.Options)) (s *server, told func() []string) {
	t.Helper()
	log, err := audit.Open(audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s = start(t, append(change, func(o *wire.Options) { o.Audit = log })...)
	return s, func() (lines []string) {
		t.Helper()
		s.shutdown()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		for _, e := range log.Newest() {
			var fields map[string]any
			if err := json.Unmarshal([]byte(e.Line), &fields); err != nil {
				t.Fatal(err)
			}
			host, _, _ := strings.Cut(fmt.Sprint(fields["peer"]), ":")
			line := host
			for _, name := range []string{"event", "user", "port", "method", "certificate", "reason"} {
				if v := fields[name]; v != nil {
					line += fmt.Sprint(", ", v)
				}
			}
			lines = append(lines, line)
		}
		slices.Sort(lines) // the server writes what has happened on several connections in any order
		return lines
	}
}

func TestAuditLog(t *testing.T) {
	s, told := audited(t)
	if _, err := s.users.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	end := func(c *client) { // waits until the server has ended the connection
		t.Helper()
		c.expectEOF()
		c.Close()
	}
	c := dial(t, s.addr)
	c.write("GET ")
	c.message()
	end(c)
	c = dial(t, s.addr)
	c.write(magicV04 + "\x05\x00\x00\x00wrong" + useJSON)
	c.message()
	end(c)
	c = dial(t, s.addr)
	c.write(magicV04 + "\x06\x00\x00\x00secret" + useJSON)
	c.expectMessage("SUCCESS")
	c = dial(t, s.addr)
	c.write(magicV10)
	c.message()
	c.write(`{"protocol_version":0,"authentication_method":"PLAIN","authentication":"\u0000admin\u0000secret"}` + "\x00")
	c.message()
	end(c)
	for _, user := range []string{"admin", "nobody"} {
		c = dial(t, s.addr)
		c.logIn(user, "wrong")
		end(c)
	}
	c = dial(t, s.addr)
	c.logIn("admin", "secret")
	c = dial(t, s.addr) // goes away
	c.write(magicV10)
	c.message()
	c.Close()

	want := []string{
		"127.0.0.1, log_in, admin, driver, auth_key",
		"127.0.0.1, log_in, admin, driver, scram_sha_256",
		"127.0.0.1, log_in_refused, admin, driver, auth_key, Incorrect authorization key.",
		"127.0.0.1, log_in_refused, admin, driver, scram_sha_256, Wrong password",
		"127.0.0.1, log_in_refused, driver, scram_sha_256, Unsupported `authentication_method`.",
		"127.0.0.1, log_in_refused, nobody, driver, scram_sha_256, Wrong password",
		"127.0.0.1, peer_refused, driver, Received an unsupported protocol version. This port is for RethinkDB queries. Does your client driver version not match the server?",
	}
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAuditLogOfTheCommandLine(t *testing.T) {
	config, pool := certificate(t)
	s, told := audited(t, func(o *wire.Options) { o.TLS = config })
	connectTLS(t, s.takeFrom(t, "192.168.1.2", config), &tls.Config{RootCAs: pool}).logIn("admin", "")
	want := []string{"192.168.1.2, log_in, admin, intracluster, admin_command_line"}
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

// TestAuditLogOfCertificates has clients with a certificate and without one.
func TestAuditLogOfCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "billing"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	authority, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	own := []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	s, told := audited(t, func(o *wire.Options) {
		o.TLS = &tls.Config{Certificates: own, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	})
	nobody := connectTLS(t, s.addr, &tls.Config{RootCAs: pool})
	if _, err := nobody.r.ReadByte(); err == nil {
		t.Error("a client without a certificate got an answer")
	}
	nobody.Close()
	c := connectTLS(t, s.addr, &tls.Config{RootCAs: pool, Certificates: own})
	c.logIn("admin", "")
	want := []string{
		"127.0.0.1, log_in, admin, driver, scram_sha_256, CN=billing",
		"127.0.0.1, peer_refused, driver, tls: client didn't provide a certificate",
	}
	if got := told(); !slices.Equal(got, want) {
		t.Errorf("the log has %q, want %q", got, want)
	}
}

func TestAuditLogOfAddresses(t *testing.T) {
	log, err := audit.Open(audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, func(o *wire.Options) {
		o.Audit = log
		o.Gate = access.NewGate(access.Policy{}, func(access.Port) bool { return false }, o.Logger)
		o.Gate.Audit(log)
	})
	stranger := s.serveFrom(t, "203.0.113.7")
	for range 5 {
		c := dial(t, stranger)
		c.write(magicV10)
		c.message()
		c.expectEOF()
	}
	s.shutdown()
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	entries := log.Newest()
	if len(entries) != 2 {
		t.Fatalf("%d entries, want one at once and one for the rest: %v", len(entries), entries)
	}
	for i, want := range []string{
		`"event":"peer_refused","peer":"203.0.113.7","port":"driver","reason":"protected mode","prev"`,
		`"event":"peer_refused","peer":"203.0.113.7","port":"driver","reason":"protected mode","count":4,"since":"`,
	} {
		if !strings.Contains(entries[i].Line, want) {
			t.Errorf("the entry is %s, want %s in it", entries[i].Line, want)
		}
	}
}
