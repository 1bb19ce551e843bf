//go:build security

package security

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rethinkdb/test/harness"
)

// What becomes of a server that wants to join. Nobody can in this version, and who has proved itself is told just that.
const (
	letIn   outcome = "is let in"
	unknown outcome = "has to prove itself"
	wrong   outcome = "proves the wrong thing"
	noTLS   outcome = "is not spoken to"
)

// joiner is a server at an address, with what it can prove.
type joiner struct {
	peer
	secret      string
	token       string
	certificate *tls.Certificate // nil: one that nobody knows
}

const clusterSecret = "correct horse battery staple"

// TestWhichServersMayJoin has servers connect from each address in each mode, with each proof: 210 cases.
func TestWhichServersMayJoin(t *testing.T) {
	makeNetwork(t)
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(clusterSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ca, otherCA := harness.NewAuthority(t, "ours"), harness.NewAuthority(t, "theirs")
	signed, stranger := serverCertificate(t, ca, "joiner"), serverCertificate(t, otherCA, "stranger")
	certFile, keyFile := ca.Sign(t, harness.Certificate{Name: "listener"})
	certificates := "--cluster-tls-key " + keyFile + " --cluster-tls-cert " + certFile + " --cluster-tls-ca " + ca.CA
	for _, c := range []struct {
		args string
		// What becomes of those that prove nothing, by where they are.
		loopback, private, public outcome
		secret                    outcome // of the right secret; with the wrong one it is wrong
		certified                 outcome // of a certificate of the authority
	}{
		{"", letIn, letIn, refused, "", ""},
		{"--protected-mode strict", unknown, refused, refused, "", ""},
		{"--protected-mode off", letIn, letIn, letIn, "", ""},
		{"--initial-password xyz", unknown, unknown, refused, "", ""},
		{"--initial-password xyz --protected-mode off", unknown, unknown, unknown, "", ""},
		{"--cluster-secret-file " + secretFile, unknown, unknown, unknown, letIn, ""},
		{"--cluster-secret-file " + secretFile + " --protected-mode strict", unknown, unknown, unknown, letIn, ""},
		{"--cluster-secret-file " + secretFile + " --initial-password xyz --cluster-allow 192.168.77.0/24 --cluster-allow fd77::/64", unknown, unknown, refused, letIn, ""},
		{certificates, noTLS, noTLS, noTLS, "", letIn},
		{certificates + " --protected-mode strict --initial-password xyz", noTLS, noTLS, noTLS, "", letIn},
	} {
		t.Run(c.args, func(t *testing.T) {
			s := startServer(t, append([]string{"--bind", "all"}, strings.Fields(c.args)...)...)
			for _, p := range peers {
				bare := c.public
				switch p {
				case loopback:
					bare = c.loopback
				case private4, private6:
					bare = c.private
				}
				joiner{peer: p}.expect(t, s, bare)
				joiner{peer: p, certificate: stranger}.expect(t, s, bare)
				right, bad := bare, bare
				if c.secret != "" && bare != refused {
					right, bad = c.secret, wrong
				}
				joiner{peer: p, secret: clusterSecret}.expect(t, s, right)
				joiner{peer: p, secret: "wrong horse battery staple"}.expect(t, s, bad)
				if c.certified != "" {
					joiner{peer: p, certificate: signed}.expect(t, s, c.certified)
				}
			}
		})
	}
}

// A token lets one server in, from anywhere, as long as it has not been used.
func TestJoinTokens(t *testing.T) {
	makeNetwork(t)
	s := startServer(t, "--bind", "all", "--initial-password", password, "--protected-mode", "strict")
	joiner{peer: public4}.expect(t, s, refused) // nobody could prove anything
	for _, p := range peers {
		token := loopback.admin(t, s, password, "make", "join-token", "--expires", "5m")
		forged := joiner{peer: p, token: forge(t, token)}
		forged.expect(t, s, wrong)
		joiner{peer: p}.expect(t, s, unknown)
		joiner{peer: p, token: token}.expect(t, s, letIn)
		joiner{peer: p, token: token}.expect(t, s, wrong) // it has another key
	}
	token := loopback.admin(t, s, password, "make", "join-token", "--reusable")
	joiner{peer: public4, token: token}.expect(t, s, letIn)
	joiner{peer: public6, token: token}.expect(t, s, letIn)
	id := strings.Fields(loopback.admin(t, s, password, "ls", "join-tokens"))[3]
	loopback.admin(t, s, password, "rm", "join-token", id)
	joiner{peer: loopback, token: token}.expect(t, s, wrong)
}

// The command line is not let in from a public address because of a secret or a token: it needs the password, or a certificate.
func TestCommandLineFromAfar(t *testing.T) {
	makeNetwork(t)
	secretFile := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secretFile, []byte(clusterSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	open := startServer(t, "--bind", "all", "--cluster-secret-file", secretFile)
	closed := startServer(t, "--bind", "all", "--cluster-secret-file", secretFile, "--initial-password", password)
	for _, c := range []struct {
		s        *harness.Server
		p        peer
		password string
		want     outcome
	}{
		{open, loopback, "", in}, {open, private4, "", in}, {open, public4, "", refused}, {open, public6, "", refused},
		{closed, loopback, "", asked}, {closed, private4, "", asked}, {closed, public4, "", asked},
		{closed, public4, password, in}, {closed, public6, password, in},
	} {
		if got, text, err := (visitor{c.p, c.password}).cluster(c.s); err != nil || got != c.want {
			t.Errorf("%s with password %q %s (%q, %v), want: %s", c.p.name, c.password, got, text, err, c.want)
		}
	}
}

// A server on another machine is known by its key.
func TestKnownServers(t *testing.T) {
	makeNetwork(t)
	known := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "rethinkdb", "known_servers")
	s, other := startServer(t, "--bind", "all"), startServer(t, "--bind", "all")
	expect := func(status int, want string, words ...string) {
		t.Helper()
		text, got := private4.runAdmin(t, s.ClusterPort, "", words...)
		if got != status || !strings.Contains(text, want) {
			t.Errorf("%v: status %d and %q, want %d and %q", words, got, text, status, want)
		}
	}
	address := fmt.Sprintf("192.168.77.1:%d", s.ClusterPort)
	expect(0, "The server at "+address+" is new here. Its key, SHA256:", "ls", "key")
	key := private4.admin(t, s, "", "ls", "key")
	if line, err := os.ReadFile(known); err != nil || string(line) != address+" "+key+"\n" {
		t.Errorf("%q, %v", line, err)
	}
	if info, err := os.Stat(known); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	// The last time another server was there.
	before := loopback.admin(t, other, "", "ls", "key")
	if err := os.WriteFile(known, []byte("192.168.77.1:1 "+key+"\n"+address+" "+before+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(1, "and the last time it had "+before, "set", "auth", "sesame")
	expect(1, "and not the one of --fingerprint", "--fingerprint", before, "set", "auth", "sesame")
	expect(0, "", "--fingerprint", key, "ls", "auth")
	if err := os.Remove(known); err != nil {
		t.Fatal(err)
	}
	expect(0, "is new here", "set", "auth", "sesame")
}

// runAdmin runs `rethinkdb admin` on the host of the peer.
func (p peer) runAdmin(t *testing.T, port int, password string, words ...string) (text string, status int) {
	t.Helper()
	join := net.JoinHostPort(p.to, fmt.Sprint(port))
	command := p.host.Words(append([]string{"env", "RETHINKDB_PASSWORD=" + password, harness.Binary(t), "admin", "--join", join}, words...)...)
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// admin is what the command line prints at an address of the server.
func (p peer) admin(t *testing.T, s *harness.Server, password string, words ...string) string {
	t.Helper()
	text, status := p.runAdmin(t, s.ClusterPort, password, words...)
	if status != 0 {
		t.Fatalf("%v: %s", words, text)
	}
	return strings.TrimSpace(text)
}

// expect connects as a server does.
func (j joiner) expect(t *testing.T, s *harness.Server, want outcome) {
	t.Helper()
	got, text, err := j.join(t, s)
	if err != nil || got != want {
		t.Errorf("%s with secret %q, token %t and certificate %t %s (%q, %v), want: %s", j.name, j.secret, j.token != "", j.certificate != nil, got, text, err, want)
	}
}

// join is the dialer's side of the handshake, as internal/peer/DESIGN.md has it.
func (j joiner) join(t *testing.T, s *harness.Server) (outcome, string, error) {
	raw, err := j.dial(s.ClusterPort)
	if err != nil {
		return "", "", err
	}
	defer raw.Close()
	mine := j.certificate
	if mine == nil {
		mine = serverCertificate(t, harness.NewAuthority(t, "itself"), "itself")
	}
	conn, sentence, err := encrypt(raw, "rethinkdb-peer", mine)
	if sentence != "" {
		if strings.HasPrefix(sentence, "ERROR: The intracluster port of this server") {
			return refused, sentence, nil
		}
		return "", sentence, nil
	}
	if err != nil {
		return "", "", err
	}
	hello := map[string]any{"min_version": 1, "max_version": 1, "methods": []string{}}
	switch {
	case j.token != "":
		hello["methods"], hello["token"] = []string{"token"}, hex.EncodeToString(tokenBytes(t, j.token)[:8])
	case j.secret != "":
		hello["methods"] = []string{"secret"}
	}
	var choice, verdict struct {
		Method  string
		Proof   []byte
		Server  struct{ ID, Name string }
		Refusal *struct{ Kind, Text string }
	}
	if err := exchange(conn, hello, &choice); err != nil {
		if strings.Contains(err.Error(), "remote error: tls") {
			return noTLS, err.Error(), nil
		}
		return "", "", err
	}
	if choice.Refusal != nil {
		return map[string]outcome{"credentials": unknown}[choice.Refusal.Kind], choice.Refusal.Text, nil
	}
	state := conn.ConnectionState()
	channel, err := state.ExportKeyingMaterial("EXPORTER-rethinkdb-peer", nil, 32)
	if err != nil {
		return "", "", err
	}
	statement := func(side string) []byte {
		return append([]byte("rethinkdb peer 1 "+choice.Method+" "+side+"\x00"), channel...)
	}
	evidence := map[string]any{"server": map[string]any{"id": "x", "name": "joiner"}}
	var key []byte
	switch choice.Method {
	case "token":
		evidence["proof"] = ed25519.Sign(ed25519.NewKeyFromSeed(tokenBytes(t, j.token)[40:72]), statement("dialer"))
	case "secret":
		if key, err = pbkdf2.Key(sha256.New, j.secret, []byte("rethinkdb cluster secret 1"), 200_000, 32); err != nil {
			return "", "", err
		}
		evidence["proof"] = mac(key, statement("dialer"))
	}
	if err := exchange(conn, evidence, &verdict); err != nil {
		return "", "", err
	}
	if choice.Method == "secret" && verdict.Proof != nil && !hmac.Equal(verdict.Proof, mac(key, statement("listener"))) {
		return "", "the server's proof is wrong", nil
	}
	got, text := letIn, ""
	if verdict.Refusal != nil {
		got, text = map[string]outcome{"proof": wrong}[verdict.Refusal.Kind], verdict.Refusal.Text
	}
	if known := verdict.Server.ID != ""; known != (got == letIn) || choice.Method == "secret" && (verdict.Proof != nil) != (got == letIn) {
		return "", fmt.Sprintf("the server has said who it is: %v; has proved itself: %v", known, verdict.Proof != nil), nil
	}
	return got, text, nil
}

func mac(key, text []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(text)
	return h.Sum(nil)
}

// exchange sends a message and reads the next one.
func exchange(conn io.ReadWriter, send, receive any) error {
	text, err := json.Marshal(send)
	if err != nil {
		return err
	}
	if _, err := conn.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...)); err != nil {
		return err
	}
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return err
	}
	text = make([]byte, binary.LittleEndian.Uint32(size[:]))
	if _, err := io.ReadFull(conn, text); err != nil {
		return err
	}
	return json.Unmarshal(text, receive)
}

// tokenBytes are what a token has: its name in 8 bytes, a fingerprint in 32, the seed of its key in 32, and more.
func tokenBytes(t *testing.T, token string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "rdbjoin1_"))
	if err != nil || len(b) < 72 {
		t.Fatalf("the token %q: %v", token, err)
	}
	return b
}

// forge makes a token of the same name with another key.
func forge(t *testing.T, token string) string {
	t.Helper()
	b := bytes.Clone(tokenBytes(t, token))
	b[40] ^= 1
	return "rdbjoin1_" + base64.RawURLEncoding.EncodeToString(b)
}

// serverCertificate is one that an authority has signed.
func serverCertificate(t *testing.T, a *harness.Authority, name string) *tls.Certificate {
	t.Helper()
	certFile, keyFile := a.Sign(t, harness.Certificate{Name: name})
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return &pair
}
