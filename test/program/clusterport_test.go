//go:build integration

package program

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rethinkdb/test/harness"
)

func clusterAddr(s *harness.Server) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.ClusterPort))
}

// What does not speak TLS gets a sentence in a form that it shows.
func TestClusterPortInPlainText(t *testing.T) {
	s := harness.Start(t, "")
	const sentence = "This is the intracluster port of a RethinkDB server, which is encrypted."
	for sent, want := range map[string]string{
		"":                                  "ERROR: " + sentence, // it waits for the server to speak
		"rethinkdb admin\n\xc3\xbd\xc2\x34": "ERROR: " + sentence, // the command line of an earlier version
		"GET / HTTP/1.1\r\n\r\n":            "HTTP/1.1 400 Bad Request\r\n",
		// A server of RethinkDB reads the length of the version, which takes eight bytes, and shows the version.
		"RethinkDB cluster\n\x05\x00\x00\x00\x00\x00\x00\x002.4.0": "RethinkDB cluster\n\x49\x00\x00\x00\x00\x00\x00\x00a server that only joins others of its own kind, by an encrypted protocol",
	} {
		conn, err := net.Dial("tcp", clusterAddr(s))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, sent); err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(conn)
		if err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("%q got %q, %v; want %q", sent, text, err, want)
		}
		conn.Close()
	}
	// Somebody who has not said what it is does not keep the server from stopping.
	silent, err := net.Dial("tcp", clusterAddr(s))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	half, err := net.Dial("tcp", clusterAddr(s))
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := io.WriteString(half, "\x16\x03\x01"); err != nil {
		t.Fatal(err)
	}
	stop(t, s, syscall.SIGTERM)
}

// wiretap passes connections on and keeps all that goes through.
type wiretap struct {
	addr string
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *wiretap) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

// tap listens in on the way to an address.
func tap(t *testing.T, to string) *wiretap {
	w := &wiretap{}
	w.addr = between(t, to, func(near, far net.Conn) {
		var both sync.WaitGroup
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			both.Go(func() {
				_, _ = io.Copy(way[1], io.TeeReader(way[0], w))
				_ = way[1].(*net.TCPConn).CloseWrite()
			})
		}
		both.Wait()
	})
	return w
}

// between is a port that makes a connection of its own for each client's.
func between(t *testing.T, to string, pass func(near, far net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer near.Close()
				far, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer far.Close()
				pass(near, far)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

// adminAt runs `rethinkdb admin` at an address.
func adminAt(t *testing.T, address, password string, words ...string) outcome {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), append([]string{"admin", "--join", address}, words...)...)
	cmd.Env = append(os.Environ(), "XDG_CONFIG_HOME="+t.TempDir())
	if password != "" {
		cmd.Env = append(cmd.Env, "RETHINKDB_PASSWORD="+password)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return outcome{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// Who listens in on `set auth` reads nothing of it.
func TestNothingIsReadableOnTheWire(t *testing.T) {
	s := harness.Start(t, "")
	w := tap(t, clusterAddr(s))
	adminAt(t, w.addr, "", "set", "auth", "open-sesame").matches(t, 0, "")
	adminAt(t, w.addr, "open-sesame", "ls", "auth").matches(t, 0, "An authentication key is set.*\n")
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := w.text.Len(); n < 2000 {
		t.Fatalf("only %d bytes went over the wire", n)
	}
	for _, word := range []string{"sesame", "users", "admin,r=", "SCRAM", "password", "rethinkdb\"", "\x30\x82\x01"} { // the last is a certificate
		if bytes.Contains(w.text.Bytes(), []byte(word)) {
			t.Errorf("%q can be read:\n%q", word, w.text.Bytes())
		}
	}
}

// TestSomebodyBetween has somebody end the command line's TLS with a key of its own, and pass on what it reads.
func TestSomebodyBetween(t *testing.T) {
	s := harness.Start(t, "")
	address := clusterAddr(s)
	adminAt(t, address, "", "set", "auth", "sesame").matches(t, 0, "")
	key := strings.TrimSpace(adminAt(t, address, "sesame", "ls", "key").stdout)
	if !strings.Contains(s.Output(), "Key of the intracluster port: "+key+"\n") {
		t.Errorf("the server did not say that its key is %q", key)
	}

	theirs := meddlersCertificate(t)
	meddler := between(t, address, func(near, far net.Conn) {
		n := tls.Server(near, &tls.Config{Certificates: []tls.Certificate{theirs}, NextProtos: []string{"rethinkdb-admin"}})
		f := tls.Client(far, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"rethinkdb-admin"}})
		if n.Handshake() != nil || f.Handshake() != nil {
			return
		}
		var both sync.WaitGroup
		for _, way := range [][2]*tls.Conn{{n, f}, {f, n}} {
			both.Go(func() {
				_, _ = io.Copy(way[1], way[0])
				_ = way[1].CloseWrite()
			})
		}
		both.Wait()
	})
	adminAt(t, meddler, "sesame", "ls").matches(t, 1, "failed to join cluster\n.*somebody is between the two.*\n")
	adminAt(t, address, "sesame", "--fingerprint", key, "ls", "auth").matches(t, 0, "An authentication key is set.*\n")
	adminAt(t, meddler, "sesame", "--fingerprint", key, "ls").matches(t, 1, "failed to join cluster\n.*and not the one of --fingerprint\n")
}

func meddlersCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, certFile, keyFile)
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// A key stays with the data.
func TestClusterKeyStays(t *testing.T) {
	s := harness.Start(t, "")
	key := adminAt(t, clusterAddr(s), "", "ls", "key")
	key.matches(t, 0, `SHA256:[A-Za-z0-9+/]{43}\n`)
	info, err := os.Stat(filepath.Join(s.Dir, "cluster_identity.pem"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	stop(t, s, syscall.SIGTERM)
	again := harness.Start(t, s.Dir)
	if got := adminAt(t, clusterAddr(again), "", "ls", "key"); got != key {
		t.Errorf("%v became %v", key, got)
	}
}

// TestJoin has servers prove themselves to another one.
func TestJoin(t *testing.T) {
	dir := t.TempDir()
	secret, other, token := filepath.Join(dir, "secret"), filepath.Join(dir, "other"), filepath.Join(dir, "token")
	write(t, secret, "correct horse battery\n")
	write(t, other, "a wrong horse battery\n")
	s := harness.Start(t, "", "--cluster-secret-file", secret)
	address := clusterAddr(s)
	made := adminAt(t, address, "", "make", "join-token", "--expires", "5m")
	made.matches(t, 0, `rdbjoin1_[A-Za-z0-9_-]+\n`)
	write(t, token, made.stdout)
	adminAt(t, address, "", "ls", "join-tokens").matches(t, 0, `id +expires +servers\n[0-9a-f]{16}  20[0-9TZ:-]+  one\n`)

	const (
		begin  = `Could not join the cluster at .*: `
		joined = `Joined the cluster [0-9a-f-]{36} of \d servers\.`
	)
	for _, c := range []struct{ words, want string }{
		{"--join " + address, begin + `This server takes only servers that prove that they belong to it\. `},
		{"--join " + address + " --cluster-secret-file " + other, begin + `The cluster secrets of the two servers differ\. `},
		{"--join " + address + " --server-name two --cluster-secret-file " + secret, joined},
		{"--join " + address + " --server-name two --cluster-secret-file " + secret, `There is a server "two" in the cluster already\.`},
		{"--server-name three --join-token " + token, joined},
		{"--server-name four --join-token " + token, begin + `The join token is not known here, has been used, or has expired\. `},
		{"--join 127.0.0.1:1", begin + `.*dial tcp 127\.0\.0\.1:1: connect: connection refused`},
		{"--join 127.0.0.1:" + strconv.Itoa(s.DriverPort), begin},
	} {
		says(t, c.want, strings.Fields(c.words)...) // and stays until the end: without a majority nobody joins
	}
	adminAt(t, address, "", "ls", "join-tokens").matches(t, 0, "")
	if strings.Contains(s.Output(), "correct horse") || strings.Contains(s.Output(), "rdbjoin1_") {
		t.Errorf("the server has said a secret:\n%s", s.Output())
	}

	// The secret is exchanged while the server runs.
	write(t, secret, "a wrong horse battery\n")
	if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the new secret", func() bool {
		log, err := os.ReadFile(filepath.Join(s.Dir, "log_file"))
		return err == nil && bytes.Contains(log, []byte("The cluster secret was read again."))
	})
	says(t, joined, "--join", address, "--server-name", "five", "--cluster-secret-file", other)
}

// says starts a server, which stays, and waits until its log says something.
func says(t *testing.T, want string, words ...string) {
	t.Helper()
	s := harness.Start(t, "", words...)
	text := regexp.MustCompile(want)
	waitFor(t, want, func() bool { return text.MatchString(s.Output()) })
}

// A token on the command line is neither in the list of processes nor in the system tables.
func TestJoinTokenLeavesTheListOfProcesses(t *testing.T) {
	s := harness.Start(t, "")
	token := strings.TrimSpace(adminAt(t, clusterAddr(s), "", "make", "join-token").stdout)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cmd := exec.CommandContext(t.Context(), harness.Binary(t), "--directory", filepath.Join(t.TempDir(), "data"), "--join", l.Addr().String(), "--join-token", token)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "cmdline"))
	if err != nil || bytes.Contains(line, []byte("rdbjoin1")) || !bytes.Contains(line, []byte("--join-token\x00")) {
		t.Errorf("%q, %v", line, err)
	}
	conn.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestClusterCertificates uses certificates of an authority in place of the server's own key, and renews them.
func TestClusterCertificates(t *testing.T) {
	a := harness.NewAuthority(t, "authority")
	sign := func() (certFile, keyFile string) { return a.Sign(t, harness.Certificate{Name: "server"}) }
	certFile, keyFile := sign()
	s := harness.Start(t, "", "--cluster-tls-key", keyFile, "--cluster-tls-cert", certFile, "--cluster-tls-ca", a.CA)
	operatorCert, operatorKey := a.Sign(t, harness.Certificate{Name: "operator", Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	operator := []string{"--cluster-tls-key", operatorKey, "--cluster-tls-cert", operatorCert, "--cluster-tls-ca", a.CA}
	const key = `SHA256:[A-Za-z0-9+/]{43}\n`
	first := adminAt(t, clusterAddr(s), "", append(operator, "ls", "key")...)
	first.matches(t, 0, key)
	adminAt(t, clusterAddr(s), "", "ls", "key").matches(t, 1, "failed to join cluster\n.*certificate required.*give --cluster-tls-key.*\n")

	// A client that has been made a certificate by somebody else, and one whose server has.
	b := harness.NewAuthority(t, "somebody")
	otherCert, otherKey := b.Sign(t, harness.Certificate{Name: "other"})
	adminAt(t, clusterAddr(s), "", "--cluster-tls-key", otherKey, "--cluster-tls-cert", otherCert, "--cluster-tls-ca", a.CA, "ls", "key").
		matches(t, 1, "failed to join cluster\n.*does not let this one in.*\n")
	adminAt(t, clusterAddr(s), "", "--cluster-tls-key", operatorKey, "--cluster-tls-cert", operatorCert, "--cluster-tls-ca", b.CA, "ls", "key").
		matches(t, 1, "failed to join cluster\n.*the server's certificate: .*unknown authority.*\n")

	sign()
	if err := syscall.Kill(s.Pid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the renewed certificate", func() bool {
		now := adminAt(t, clusterAddr(s), "", append(operator, "ls", "key")...)
		return now.status == 0 && now.stdout != first.stdout
	})
	if _, err := os.Stat(filepath.Join(s.Dir, "cluster_identity.pem")); !os.IsNotExist(err) {
		t.Errorf("the server has made a key that it does not use: %v", err)
	}
}
