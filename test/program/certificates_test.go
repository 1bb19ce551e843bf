//go:build integration

package program

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"rethinkdb/test/harness"
)

// printedOptions are the options that create-certs says to start the server with.
func printedOptions(t *testing.T, output string) []string {
	t.Helper()
	for _, line := range strings.Split(output, "\n") {
		if strings.HasPrefix(line, "  --") {
			return strings.Fields(line)
		}
	}
	t.Fatalf("no options in\n%s", output)
	return nil
}

// clientWith is a client that knows the authority in a directory, and has a certificate unless its name is empty.
func clientWith(t *testing.T, dir, name string) *tls.Config {
	t.Helper()
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	c := &tls.Config{RootCAs: x509.NewCertPool()}
	c.RootCAs.AppendCertsFromPEM(ca)
	if name != "" {
		pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".pem"), filepath.Join(dir, name+"-key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c
}

// logInWith logs in at the driver port, and gives the certificate that the server has shown.
func logInWith(s *harness.Server, config *tls.Config) (*x509.Certificate, error) {
	c, err := tls.Dial("tcp", s.Addr(), config)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := io.WriteString(c, "\x20\x2d\x0c\x40\x00\x00\x00\x00\xc7\x70\x69\x7e"); err != nil {
		return nil, err
	}
	text, err := bufio.NewReader(c).ReadString(0)
	if err != nil || text != "SUCCESS\x00" {
		return nil, fmt.Errorf("handshake: %q, %w", text, err)
	}
	return c.ConnectionState().PeerCertificates[0], nil
}

// TestCreateCerts makes certificates, starts a server as the command says, and renews them while it runs.
func TestCreateCerts(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "certs")
	got := run(t, "create-certs", "-d", dir, "--client", "alice", "--host", "127.0.0.1", "--host", "db1.example.com")
	if got.status != 0 || got.stderr != "" {
		t.Fatalf("%+v", got)
	}
	s := harness.Start(t, "", printedOptions(t, got.stdout)...)
	first, err := logInWith(s, clientWith(t, dir, "alice"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := logInWith(s, clientWith(t, dir, "")); err == nil {
		t.Error("a client without a certificate was let in")
	}
	browser := http.Client{Transport: &http.Transport{TLSClientConfig: clientWith(t, dir, ""), DisableKeepAlives: true}}
	res, err := browser.Get(fmt.Sprintf("https://127.0.0.1:%d/", s.WebPort))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the page: %s", res.Status)
	}

	// A second client, of the same authority.
	if got := run(t, "create-certs", "-d", dir, "--client", "bob"); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	if _, err := logInWith(s, clientWith(t, dir, "bob")); err != nil {
		t.Errorf("the second client: %v", err)
	}
	// Strangers have authorities of their own.
	other := filepath.Join(t.TempDir(), "other")
	if got := run(t, "create-certs", "-d", other, "--client", "alice"); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	stranger := clientWith(t, other, "alice")
	stranger.RootCAs = clientWith(t, dir, "").RootCAs
	pair := stranger.Certificates[0]
	stranger.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	if _, err := logInWith(s, stranger); err == nil {
		t.Error("a client of another authority was let in")
	}

	got = run(t, "create-certs", "-d", dir)
	if got.status != 1 || !strings.Contains(got.stderr, "server.pem exists already. Replace what is there with --renew") {
		t.Errorf("again: %+v", got)
	}
	alice := clientWith(t, dir, "alice")
	if got := run(t, "create-certs", "-d", dir, "--renew"); got.status != 0 {
		t.Fatalf("%+v", got)
	}
	if err := unix.Kill(s.Pid(), unix.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the renewed certificate", func() bool {
		cert, err := logInWith(s, alice)
		return err == nil && cert.SerialNumber.Cmp(first.SerialNumber) != 0
	})
	if _, err := logInWith(s, clientWith(t, dir, "alice")); err != nil {
		t.Errorf("the renewed client: %v", err)
	}
	stop(t, s, unix.SIGTERM)
}

func TestCreateCertsRefuses(t *testing.T) {
	dir := newDir(t)
	for words, want := range map[string]string{
		"--host a/b":        "'a/b' is neither the name of a host nor an address",
		"--client server":   "'server' cannot be the name of a client",
		"--days 0":          "days must be between 1 and 3650",
		"--days x":          "not a valid integer",
		"--runuser nobody2": "User 'nobody2' not found",
		"--bind all":        "Unrecognized option '--bind'",
	} {
		got := run(t, append([]string{"create-certs", "-d", dir}, strings.Fields(words)...)...)
		if got.status != 1 || !strings.Contains(got.stderr, want) || exists(t, dir) {
			t.Errorf("%s: %+v", words, got)
		}
	}
	if got := run(t, "create-certs", "-d", "/proc/certs"); got.status != 1 || !strings.Contains(got.stderr, "Could not make certificates in '/proc/certs'") {
		t.Errorf("%+v", got)
	}
}
