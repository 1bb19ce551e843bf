package peer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Store.
type memory map[string][]byte

func (m memory) MetaSet(_ context.Context, key string, value []byte) error {
	m[key] = value
	return nil
}

func (m memory) MetaDelete(_ context.Context, key string) error {
	delete(m, key)
	return nil
}

func (m memory) MetaScan(prefix string, each func(string, []byte) error) error {
	for key, value := range m {
		if strings.HasPrefix(key, prefix) {
			if err := each(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func identity(t *testing.T) *Identity {
	t.Helper()
	i, made, err := OpenIdentity(File(filepath.Join(t.TempDir(), IdentityFile)))
	if err != nil || !made {
		t.Fatal(made, err)
	}
	return i
}

func (i *Identity) fingerprint() Fingerprint { return FingerprintOf(i.certificate.Leaf) }

// signed are certificates of an authority.
type signed struct {
	certificate tls.Certificate
	authority   *x509.CertPool
}

func (s signed) Newest() (*tls.Certificate, *x509.CertPool) { return &s.certificate, s.authority }

func secret(t *testing.T, lines ...string) *Secret {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSecret(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tokens(t *testing.T, now func() time.Time) *Tokens {
	t.Helper()
	list, err := OpenTokens(memory{}, now)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// issue makes a token that leads to a server.
func (t *Tokens) issue(test *testing.T, server Fingerprint, reusable bool) *Token {
	test.Helper()
	token, err := NewToken(server, []string{"somewhere:29015"})
	if err != nil {
		test.Fatal(err)
	}
	r := TokenRecord{ID: token.ID, Key: token.PublicKey(), Created: t.now(), Expires: t.now().Add(time.Hour), Reusable: reusable}
	if err := t.Add(test.Context(), r); err != nil {
		test.Fatal(err)
	}
	return &token
}

// port is an intracluster port that does nothing but handshakes.
type port struct {
	address string
	results chan error // of one handshake each
}

// listen serves until the end of the test.
func listen(t *testing.T, c Certificates, l Listener) port {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := port{socket.Addr().String(), make(chan error, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			raw, err := socket.Accept()
			if err != nil {
				return
			}
			conn := tls.Server(raw, ServerConfig(c, nil))
			if err = errors.Join(conn.SetDeadline(time.Now().Add(HandshakeTime)), conn.Handshake()); err == nil {
				_, err = l.Accept(context.Background(), conn)
			}
			p.results <- err
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		socket.Close()
		<-done
	})
	return p
}

func self(name string) Options {
	return Options{
		Self:       func() Server { return Server{ID: "id of " + name, Name: name, Program: "test"} },
		NeedsProof: func(a netip.Addr) bool { return !a.IsLoopback() },
	}
}

func (o Options) with(s *Secret) Options {
	o.Secret = s
	return o
}

// knows has a server know the key of a member of its cluster.
func (o Options) knows(name string, i *Identity) Options {
	o.Member = func(f Fingerprint) (string, bool) { return "id of " + name, f == i.fingerprint() }
	return o
}

func (o Options) strict() Options {
	o.NeedsProof = func(netip.Addr) bool { return true }
	return o
}

// TestProofs has servers connect with all kinds of proofs to servers that ask for all kinds of them.
func TestProofs(t *testing.T) {
	here, there := identity(t), identity(t)
	ca, otherCA := newAuthority(t), newAuthority(t)
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	list := tokens(t, time.Now)
	right, also, wrong := secret(t, "correct horse battery"), secret(t, "the next secret of all", "correct horse battery"), secret(t, "a wrong horse battery")
	token := func() *Token { return list.issue(t, there.fingerprint(), false) }
	used := token()
	if ok, err := list.redeem(t.Context(), used.ID, used.prove([]byte("x")), channel{binding: []byte("x"), fingerprint: Fingerprint{1}}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, c := range []struct {
		name     string
		dialer   Dialer
		listener Listener
		with     Certificates // of the listener
		proof    string       // by which the handshake succeeds
		want     string       // part of the dialer's error
	}{
		{"nobody asks", Dialer{Options: self("a")}, Listener{Options: self("b")}, nil, "none", ""},
		{"nothing to prove with", Dialer{Options: self("a")}, Listener{Options: self("b").strict()}, nil, "", "--join-token"},
		{"nothing is proved to a strict one", Dialer{Options: self("a").strict()}, Listener{Options: self("b")}, nil, "", "can prove nothing"},

		{"the right secret", Dialer{Options: self("a").with(right).strict()}, Listener{Options: self("b").with(right).strict()}, nil, "secret", ""},
		{"the old secret where there is a new one", Dialer{Options: self("a").with(right)}, Listener{Options: self("b").with(also)}, nil, "secret", ""},
		{"the new secret where there is the old one", Dialer{Options: self("a").with(also)}, Listener{Options: self("b").with(right)}, nil, "", wrongSecret},
		{"a wrong secret", Dialer{Options: self("a").with(wrong)}, Listener{Options: self("b").with(right)}, nil, "", wrongSecret},
		{"a secret is asked for", Dialer{Options: self("a")}, Listener{Options: self("b").with(right)}, nil, "", demand},
		{"a secret that nobody asks for", Dialer{Options: self("a").with(right)}, Listener{Options: self("b")}, nil, "", "it may be anybody's"},

		{"a token", Dialer{Options: self("a"), Token: token()}, Listener{Options: self("b").strict()}, nil, "token", ""},
		{"a token in place of the secret", Dialer{Options: self("a"), Token: token()}, Listener{Options: self("b").with(right)}, nil, "token", ""},
		{"a token and the secret", Dialer{Options: self("a").with(right), Token: token()}, Listener{Options: self("b").with(right)}, nil, "token", ""},
		{"a used token", Dialer{Options: self("a"), Token: used}, Listener{Options: self("b")}, nil, "", wrongToken},
		{"an unknown token", Dialer{Options: self("a"), Token: tokens(t, time.Now).issue(t, there.fingerprint(), false)}, Listener{Options: self("b")}, nil, "", wrongToken},
		{"a token for another server", Dialer{Options: self("a"), Token: list.issue(t, here.fingerprint(), false)}, Listener{Options: self("b")}, nil, "", "somebody is between"},

		{"members of one cluster", Dialer{Options: self("a").knows("b", there).strict()}, Listener{Options: self("b").knows("a", here).strict()}, nil, "member", ""},
		{"members with a secret", Dialer{Options: self("a").knows("b", there).with(right)}, Listener{Options: self("b").knows("a", here).with(also)}, nil, "member", ""},
		{"a member with a token", Dialer{Options: self("a"), Token: list.issue(t, there.fingerprint(), false)}, Listener{Options: self("b").knows("a", here)}, nil, "member", ""},
		{"a member that the listener does not know", Dialer{Options: self("a").knows("b", there).strict()}, Listener{Options: self("b")}, nil, "none", ""},
		{"a member that a strict listener does not know", Dialer{Options: self("a").knows("b", there)}, Listener{Options: self("b").strict()}, nil, "", demand},
		{"a member that does not know the listener", Dialer{Options: self("a").strict()}, Listener{Options: self("b").knows("a", here)}, nil, "", "can prove nothing"},
		{"a member under another name", Dialer{Options: self("a").knows("b", there)}, Listener{Options: self("b").knows("c", here)}, nil, "", wrongMember},
		{"a member without a certificate", Dialer{Options: self("a").knows("b", there)}, Listener{Options: self("b").knows("a", here)}, ca.issue("b"), "", "does not let this one in"},

		{"certificates", Dialer{Options: self("a").strict(), Certificates: ca.issue("a")}, Listener{Options: self("b").strict()}, ca.issue("b"), "certificate", ""},
		{"certificates and the secret", Dialer{Options: self("a").with(right), Certificates: ca.issue("a")}, Listener{Options: self("b").with(right)}, ca.issue("b"), "secret", ""},
		{"certificates, and the secret on one side", Dialer{Options: self("a"), Certificates: ca.issue("a")}, Listener{Options: self("b").with(right)}, ca.issue("b"), "certificate", ""},
		{"certificates for both uses", Dialer{Options: self("a"), Certificates: ca.issue("a", both...)}, Listener{Options: self("b")}, ca.issue("b", both...), "certificate", ""},
		{"a certificate for clients", Dialer{Options: self("a").with(right), Certificates: ca.issue("a", x509.ExtKeyUsageClientAuth)}, Listener{Options: self("b").with(right)}, ca.issue("b", both...), "", clientsOnly},
		{"a server with a certificate for clients", Dialer{Options: self("a").with(right), Certificates: ca.issue("a", both...)}, Listener{Options: self("b").with(right)}, ca.issue("b", x509.ExtKeyUsageClientAuth), "", "incompatible key usage"},
		{"another authority's certificate", Dialer{Options: self("a"), Certificates: signed{otherCA.issue("a").certificate, ca.pool()}}, Listener{Options: self("b")}, ca.issue("b"), "", "does not let this one in"},
		{"a server of another authority", Dialer{Options: self("a"), Certificates: signed{ca.issue("a").certificate, otherCA.pool()}}, Listener{Options: self("b")}, ca.issue("b"), "", "unknown authority"},
		{"a certificate that it has made itself", Dialer{Options: self("a").with(right)}, Listener{Options: self("b").with(right)}, ca.issue("b"), "", "does not let this one in"},
		{"a server with one that it has made itself", Dialer{Options: self("a").with(right), Certificates: ca.issue("a")}, Listener{Options: self("b").with(right)}, nil, "", "the server's certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.dialer.Certificates == nil {
				c.dialer.Certificates = here
			}
			if c.with == nil {
				c.with = there
			}
			c.listener.Tokens = list
			var admitted []Peer
			c.listener.Admit = func(_ context.Context, p Peer) *Refusal {
				admitted = append(admitted, p)
				return nil
			}
			p := listen(t, c.with, c.listener)
			conn, peer, err := c.dialer.Connect(t.Context(), p.address)
			result := <-p.results
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("%v, want %s", err, c.want)
				}
				if len(admitted) > 0 || conn != nil {
					t.Errorf("%v was let in", admitted)
				}
				return
			}
			if err != nil || result != nil {
				t.Fatal(err, result)
			}
			conn.Close()
			if peer.Proof != c.proof || peer.Name != "b" || peer.ID != "id of b" || peer.Version != 1 {
				t.Errorf("the dialer got %+v, want proof %s", peer, c.proof)
			}
			if len(admitted) != 1 || admitted[0].Proof != c.proof || admitted[0].Name != "a" || !admitted[0].Address.Addr().IsLoopback() {
				t.Errorf("the listener got %+v, want proof %s", admitted, c.proof)
			}
			certificate, _ := c.with.Newest()
			if peer.Fingerprint != FingerprintOf(certificate.Leaf) {
				t.Errorf("the server's key is %s", peer.Fingerprint)
			}
		})
	}
}

// A member that has the key of another one than it says is left, although it lets everybody in.
func TestListenerWithAnotherKey(t *testing.T) {
	here, there := identity(t), identity(t)
	p := listen(t, there, Listener{Options: self("b").knows("a", here)})
	_, _, err := Dialer{Options: self("a").knows("c", there), Certificates: here}.Connect(t.Context(), p.address)
	if err == nil || !strings.Contains(err.Error(), "the key of another one") {
		t.Error(err)
	}
	if err := <-p.results; err != nil {
		t.Error(err)
	}
}

// A server that takes nobody says so after both have proved themselves, and only then.
func TestRefusalAfterProof(t *testing.T) {
	here, there := identity(t), identity(t)
	s := secret(t, "correct horse battery")
	full := func(context.Context, Peer) *Refusal { return &Refusal{Unavailable, "The house is full."} }
	p := listen(t, there, Listener{Options: self("b").with(s), Admit: full})
	_, peer, err := Dialer{Options: self("a").with(s), Certificates: here}.Connect(t.Context(), p.address)
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Kind != Unavailable || r.Text != "The house is full." || peer.Name != "b" {
		t.Errorf("%v from %+v", err, peer)
	}
	// The same words of somebody who does not know the secret are not taken for those of the server.
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		var h hello
		var e evidence
		_ = receive(far, &h)
		_ = Send(far, choice{Version: 1, Method: bySecret})
		_ = receive(far, &e)
		_ = Send(far, verdict{Refusal: full(t.Context(), Peer{})})
	}()
	_, err = Dialer{Options: self("a").with(s), Certificates: here}.dial(channel{stream: near, binding: []byte("x")})
	near.Close()
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Kind == Unavailable {
		t.Errorf("the refusal of a stranger: %v", err)
	}
}

// TestMeddler puts somebody between two servers who passes everything on, over a TLS connection with each of them.
func TestMeddler(t *testing.T) {
	here, there, meddler := identity(t), identity(t), identity(t)
	s := secret(t, "correct horse battery")
	list := tokens(t, time.Now)
	for name, c := range map[string]struct {
		dialer Dialer
		want   string
	}{
		"the secret": {Dialer{Options: self("a").with(s), Certificates: here}, wrongSecret},
		"a token":    {Dialer{Options: self("a"), Certificates: here, Token: list.issue(t, there.fingerprint(), false)}, "somebody is between"},
		// A token that was changed to lead to the meddler proves nothing to the server.
		"a forged token": {Dialer{Options: self("a"), Certificates: here, Token: list.issue(t, meddler.fingerprint(), false)}, wrongToken},
	} {
		t.Run(name, func(t *testing.T) {
			p := listen(t, there, Listener{Options: self("b").with(s), Tokens: list})
			socket, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				meddle(socket, meddler, p.address)
			}()
			conn, _, err := c.dialer.Connect(t.Context(), socket.Addr().String())
			if conn != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			<-done
		})
	}
}

func meddle(socket net.Listener, i *Identity, address string) {
	raw, err := socket.Accept()
	if err != nil {
		return
	}
	near := tls.Server(raw, ServerConfig(i, nil))
	defer near.Close()
	if near.Handshake() != nil {
		return
	}
	far, err := Open(context.Background(), address, ClientConfig(PeerProtocol, &i.certificate, Expected{}))
	if err != nil {
		return
	}
	defer far.Close()
	go func() { // ends when far is closed
		_, _ = io.Copy(near, far)
		near.Close()
	}()
	_, _ = io.Copy(far, near)
}

// What is not of this protocol ends the handshake, with a refusal where somebody may read it.
func TestBadMessages(t *testing.T) {
	frame := func(text string) string {
		return string(binary.LittleEndian.AppendUint32(nil, uint32(len(text)))) + text
	}
	known := secret(t, "correct horse battery")
	const hi = `{"min_version":1,"max_version":9,"methods":["secret"],"from_the_future":{"a":1}}`
	for name, c := range map[string]struct {
		sent string
		kind Kind // of the refusal; empty: an error of the connection
	}{
		"nothing":                 {"", ""},
		"half a length":           {"\x01\x02", ""},
		"a length without a text": {"\x10\x00\x00\x00{", ""},
		"a huge length":           {"\xff\xff\xff\xff", BadMessage},
		"no JSON":                 {frame("hello"), BadMessage},
		"another JSON":            {frame("[1]"), BadMessage},
		"no versions":             {frame("{}"), BadVersion},
		"versions of the future":  {frame(`{"min_version":2,"max_version":9}`), BadVersion},
		"no methods":              {frame(`{"min_version":1,"max_version":1}`), NoProof},
		"unknown methods":         {frame(`{"min_version":1,"max_version":1,"methods":["charm"]}`), NoProof},
		"no proof":                {frame(hi) + frame("{}"), BadProof},
		"an empty proof":          {frame(hi) + frame(`{"proof":""}`), BadProof},
		"half a message":          {frame(hi) + "\x08\x00\x00\x00{", ""},
		"a name of controls":      {frame(hi) + frame(`{"server":{"name":"a\u0007b"}}`), BadMessage},
		"a long name":             {frame(hi) + frame(`{"server":{"name":"`+strings.Repeat("x", 300)+`"}}`), BadMessage},
	} {
		t.Run(name, func(t *testing.T) {
			l := Listener{Options: self("b").with(known)}
			stream := struct {
				io.Reader
				io.Writer
			}{strings.NewReader(c.sent), io.Discard}
			_, err := l.accept(t.Context(), channel{stream: stream, binding: []byte("x")})
			r, ok := errors.AsType[*Refusal](err)
			if err == nil || ok != (c.kind != "") || ok && r.Kind != c.kind {
				t.Errorf("%v, want %q", err, c.kind)
			}
		})
	}
}

// A dialer that waits for a silent server leaves when it is told to.
func TestSilentServer(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := socket.Accept()
		if err == nil {
			cancel()
			_, _ = io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	if _, _, err := (Dialer{Options: self("a"), Certificates: identity(t)}).Connect(ctx, socket.Addr().String()); err == nil {
		t.Error("connected to a silent server")
	}
}
