//go:build integration

package drivers

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// visitor is how a driver connects; tls.js and godriver read it.
type visitor struct {
	Host       string `json:"host,omitempty"`
	CA         string `json:"ca,omitempty"`
	Cert       string `json:"cert,omitempty"`
	Key        string `json:"key,omitempty"`
	MinVersion string `json:"minVersion,omitempty"`
	MaxVersion string `json:"maxVersion,omitempty"`
	Ciphers    string `json:"ciphers,omitempty"`
	Password   string `json:"password,omitempty"`
	Plain      bool   `json:"plain,omitempty"`
	Stay       bool   `json:"stay,omitempty"`
}

func (v visitor) String() string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and booleans only
	}
	return string(text)
}

// tlsDrivers are the programs with published drivers that speak TLS.
func tlsDrivers(t *testing.T) map[string][]string {
	t.Helper()
	goDriver := filepath.Join(t.TempDir(), "godriver")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", goDriver, ".")
	build.Dir = filepath.Join("..", "godriver")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	drivers := map[string][]string{"go": {goDriver, "tls"}}
	for _, name := range []string{"rethinkdb-2-4-2", "rethinkdb-2-3-3", "rethinkdb-2-2-3"} {
		drivers[name] = []string{"node", "tls.js", name}
	}
	return drivers
}

// visit connects by a driver and tells whether it was let in.
func visit(ctx context.Context, words []string, server *harness.Server, v visitor) (in bool, printed string, err error) {
	ctx, cancel := context.WithTimeout(ctx, workTime)
	defer cancel()
	words = append(slices.Clone(words), strconv.Itoa(server.DriverPort), v.String())
	out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
	printed = strings.TrimSpace(string(out))
	in = strings.HasPrefix(printed, "in")
	if err == nil && !in && !strings.HasPrefix(printed, "out: ") {
		err = errors.New("it prints something else")
	}
	return in, printed, err
}

// expectVisits lets all drivers visit at the same time.
func expectVisits(t *testing.T, drivers map[string][]string, server *harness.Server, name string, v visitor, want bool) {
	t.Helper()
	var all sync.WaitGroup
	for driver, words := range drivers {
		all.Go(func() {
			if in, printed, err := visit(t.Context(), words, server, v); in != want || err != nil {
				t.Errorf("%s, %s: %s (%v)", driver, name, printed, err)
			}
		})
	}
	all.Wait()
}

// TestTLSMatrix lets each driver visit servers with each kind of certificates and options.
func TestTLSMatrix(t *testing.T) {
	drivers := tlsDrivers(t)
	ours, theirs := harness.NewAuthority(t, "ours"), harness.NewAuthority(t, "theirs")
	cert, key := ours.Sign(t, harness.Certificate{Name: "server"})
	plain := []string{"--driver-tls-cert", cert, "--driver-tls-key", key}
	mutual := append([]string{"--driver-tls-ca", ours.CA}, plain...)
	with := func(a *harness.Authority, c harness.Certificate) visitor {
		cert, key := a.Sign(t, c)
		return visitor{CA: ours.CA, Cert: cert, Key: key}
	}
	serve := func(c harness.Certificate) []string {
		cert, key := ours.Sign(t, c)
		return []string{"--driver-tls-cert", cert, "--driver-tls-key", key}
	}
	alice := with(ours, harness.Certificate{Name: "alice"})
	type expected struct {
		name string
		visitor
		in bool
	}
	for _, server := range []struct {
		name    string
		options []string
		visits  []expected
	}{
		{"server certificate", plain, []expected{
			{"right authority", visitor{CA: ours.CA}, true},
			{"by address", visitor{CA: ours.CA, Host: "127.0.0.1"}, true},
			{"wrong authority", visitor{CA: theirs.CA}, false},
			{"the system's authorities", visitor{}, false},
			{"no TLS", visitor{Plain: true}, false},
			{"TLS 1.3", visitor{CA: ours.CA, MinVersion: "TLSv1.3"}, true},
			{"TLS 1.2", visitor{CA: ours.CA, MaxVersion: "TLSv1.2"}, true},
			// The library must be told to forget its own rules for such a client to exist.
			{"TLS 1.1", visitor{CA: ours.CA, MinVersion: "TLSv1.1", MaxVersion: "TLSv1.1", Ciphers: "DEFAULT@SECLEVEL=0"}, false},
			{"TLS 1.0", visitor{CA: ours.CA, MinVersion: "TLSv1", MaxVersion: "TLSv1", Ciphers: "DEFAULT@SECLEVEL=0"}, false},
			{"a certificate that nobody wants", alice, true},
			{"wrong password", visitor{CA: ours.CA, Password: "wrong"}, false},
		}},
		{"expired server certificate", serve(harness.Certificate{Name: "old", Expired: true}), []expected{{"right authority", visitor{CA: ours.CA}, false}}},
		{"certificate of another host", serve(harness.Certificate{Name: "other", Host: "db.example.com"}), []expected{{"right authority", visitor{CA: ours.CA}, false}}},
		{"TLS 1.3 only", append([]string{"--tls-min-protocol", "TLSv1.3"}, plain...), []expected{
			{"TLS 1.3", visitor{CA: ours.CA}, true},
			{"TLS 1.2", visitor{CA: ours.CA, MaxVersion: "TLSv1.2"}, false},
		}},
		{"one cipher suite", append([]string{"--tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384"}, plain...), []expected{
			{"any", visitor{CA: ours.CA}, true},
			{"any of TLS 1.2", visitor{CA: ours.CA, MaxVersion: "TLSv1.2"}, true},
		}},
		{"client certificates", mutual, []expected{
			{"of our authority", alice, true},
			{"none", visitor{CA: ours.CA}, false},
			{"of another authority", with(theirs, harness.Certificate{Name: "mallory"}), false},
			{"expired", with(ours, harness.Certificate{Name: "late", Expired: true}), false},
			{"for clients", with(ours, harness.Certificate{Name: "bob", Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}), true},
			{"for servers only", with(ours, harness.Certificate{Name: "web", Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}), false},
			{"with a wrong password", visitor{CA: alice.CA, Cert: alice.Cert, Key: alice.Key, Password: "wrong"}, false},
			{"TLS 1.2", visitor{CA: alice.CA, Cert: alice.Cert, Key: alice.Key, MaxVersion: "TLSv1.2"}, true},
			{"TLS 1.2 and none", visitor{CA: ours.CA, MaxVersion: "TLSv1.2"}, false},
		}},
	} {
		t.Run(server.name, func(t *testing.T) {
			s := harness.Start(t, "", server.options...)
			for _, v := range server.visits {
				expectVisits(t, drivers, s, v.name, v.visitor, v.in)
			}
			stop(t, s)
		})
	}
}

// TestCipherSuites offers suites of TLS 1.2 one by one to a server that has one.
func TestCipherSuites(t *testing.T) {
	drivers := map[string][]string{"node": {"node", "tls.js", "rethinkdb-2-4-2"}} // Go's library does not let its user choose
	a := harness.NewAuthority(t, "ours")
	cert, key := a.Sign(t, harness.Certificate{Name: "server"})
	s := harness.Start(t, "", "--driver-tls-cert", cert, "--driver-tls-key", key, "--tls-ciphers", "ECDHE-ECDSA-AES256-GCM-SHA384")
	for suite, want := range map[string]bool{"ECDHE-ECDSA-AES256-GCM-SHA384": true, "ECDHE-ECDSA-AES128-GCM-SHA256": false, "ECDHE-ECDSA-CHACHA20-POLY1305": false} {
		expectVisits(t, drivers, s, suite, visitor{CA: a.CA, MaxVersion: "TLSv1.2", Ciphers: suite}, want)
	}
	stop(t, s)
}

// TestRenewedCertificate replaces the certificate, its authority and that of the clients under a connection that stays.
func TestRenewedCertificate(t *testing.T) {
	drivers := tlsDrivers(t)
	before, after := harness.NewAuthority(t, "before"), harness.NewAuthority(t, "after")
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	use := func(a *harness.Authority) {
		cert, key := a.Sign(t, harness.Certificate{Name: "server"})
		for to, from := range map[string]string{"cert.pem": cert, "key.pem": key, "ca.pem": a.CA} {
			data, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file(to), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	client := func(a *harness.Authority) visitor {
		cert, key := a.Sign(t, harness.Certificate{Name: "client"})
		return visitor{CA: a.CA, Cert: cert, Key: key}
	}
	use(before)
	s := harness.Start(t, "", "--driver-tls-cert", file("cert.pem"), "--driver-tls-key", file("key.pem"), "--driver-tls-ca", file("ca.pem"))
	v := client(before)
	v.Stay = true
	cmd := exec.CommandContext(t.Context(), "node", "tls.js", "rethinkdb-2-4-2", strconv.Itoa(s.DriverPort), v.String())
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	expect := func(want string) {
		t.Helper()
		if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, want) {
			t.Fatalf("%q, %v, want %s", line, err, want)
		}
	}
	expect("in")
	use(after)
	old, renewed := client(before), client(after)
	for deadline := time.Now().Add(workTime); ; { // the files are looked at once a second
		if in, printed, err := visit(t.Context(), drivers["go"], s, renewed); in {
			break
		} else if err != nil || time.Now().After(deadline) {
			t.Fatal(printed, err)
		}
	}
	expectVisits(t, drivers, s, "after", renewed, true)
	expectVisits(t, drivers, s, "before", old, false)
	for range 3 {
		if _, err := io.WriteString(in, "ask\n"); err != nil {
			t.Fatal(err)
		}
		expect("answered")
	}
	if err := errors.Join(in.Close(), cmd.Wait()); err != nil {
		t.Error(err)
	}
	stop(t, s)
}

// TestRenegotiation asks for new keys under TLS 1.2, a hundred times on each of several connections: an attack on the server's time. The server
// ends the connection at the first.
func TestRenegotiation(t *testing.T) {
	a := harness.NewAuthority(t, "ours")
	cert, key := a.Sign(t, harness.Certificate{Name: "server"})
	s := harness.Start(t, "", "--driver-tls-cert", cert, "--driver-tls-key", key)
	run(t, ".", "node", "renegotiate.js", strconv.Itoa(s.DriverPort), a.CA)
	expectVisits(t, tlsDrivers(t), s, "afterwards", visitor{CA: a.CA}, true)
	stop(t, s)
}

// TestSlowTLS begins TLS and goes on with a byte now and then: the time for a log-in counts from the beginning, so the server gives up
// although the client is never silent for long.
func TestSlowTLS(t *testing.T) {
	cert, key := harness.NewAuthority(t, "ours").Sign(t, harness.Certificate{Name: "server"})
	s := harness.Start(t, "", "--driver-tls-cert", cert, "--driver-tls-key", key)
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ended := make(chan time.Duration, 1)
	began := time.Now()
	go func() { // ends when the server closes, or the test does
		_, err := conn.Read(make([]byte, 1))
		for err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		ended <- time.Since(began)
	}()
	hello := append([]byte{22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3}, make([]byte, 400)...)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case after := <-ended:
			if after < 5*time.Second || after > 30*time.Second {
				t.Errorf("closed after %v", after)
			}
			return
		case <-tick.C:
			_, _ = conn.Write(hello[i%len(hello) : i%len(hello)+1]) // an error is for the reader, which gets it too
		}
	}
}
