package cluster

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rethinkdb/internal/peer"
)

// cluster is what those who keep the metadata do: it admits servers, and tells all of each.
type cluster struct {
	mu      sync.Mutex
	servers []*server
	refuse  *peer.Refusal
	asked   []Candidate
}

// found makes a server the first of a cluster.
func found(s *server) *cluster {
	c := &cluster{servers: []*server{s}}
	s.record.Settled = true
	s.mesh.o.Admit = c.admit
	return c
}

func (c *cluster) admit(_ context.Context, candidate Candidate) (Welcome, *peer.Refusal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, candidate)
	if c.refuse != nil {
		return Welcome{}, c.refuse
	}
	members := append(membersOf(c.servers...), candidate.Member)
	for _, s := range c.servers {
		s.mesh.SetMembers(members)
	}
	return Welcome{Cluster: "the cluster", Members: members, More: json.RawMessage(`"more"`)}, nil
}

// outsider is a server that belongs to no cluster.
func outsider(t *testing.T, n *network, name string) *server {
	t.Helper()
	s := newServer(t, n, name)
	s.record.Cluster = ID("the cluster of " + name)
	return s
}

// welcome is what a server does that has joined.
func (s *server) welcome(w Welcome) {
	s.mu.Lock()
	s.record.Cluster, s.record.Settled = w.Cluster, true
	s.mu.Unlock()
	s.mesh.SetMembers(w.Members)
}

func TestJoin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), outsider(t, n, "b")
		c := found(a)
		b.record.Tags = []string{"rack1"}
		w, err := b.mesh.Join(t.Context(), []string{"nowhere", "b", "a"}, nil)
		if err != nil || w.Cluster != "the cluster" || len(w.Members) != 2 || string(w.More) != `"more"` {
			t.Fatalf("%+v, %v", w, err)
		}
		if got := c.asked[0]; got.Name != "b" || got.Fingerprint != b.record.Fingerprint || !slices.Equal(got.Tags, []string{"rack1"}) || got.Peer.Proof != "none" {
			t.Errorf("the candidate: %+v", got)
		}
		b.mesh.SetMembers(w.Members) // before its own metadata is that of the cluster
		a.await(1)
		b.await(1)
	})
}

// A server looks for its cluster for ever, and says so once for each reason.
func TestJoinWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), outsider(t, n, "b")
		c := found(a)
		c.refuse = &peer.Refusal{Kind: peer.NameTaken, Text: "The cluster has a server of that name."}
		n.block("b", "a", true)
		joined := make(chan error, 1)
		go func() {
			_, err := b.mesh.Join(t.Context(), []string{"a", "b"}, nil)
			joined <- err
		}()
		time.Sleep(24 * time.Hour)
		n.block("b", "a", false)
		time.Sleep(time.Minute)
		c.mu.Lock()
		c.refuse = nil
		c.mu.Unlock()
		start := time.Now()
		if err := <-joined; err != nil || time.Since(start) > maxPause {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		for _, once := range []string{"no route to host", "The cluster has a server of that name.", joinedSelf} {
			if b.log.count(once) != 1 {
				t.Errorf("%q is there %d times in\n%s", once, b.log.count(once), b.log)
			}
		}
		if a.log.count("Connection attempt from") == 0 || a.log.count("reason: name (The cluster has a server of that name.)") > 3 {
			t.Errorf("%s", a.log)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.mesh.Join(ctx, []string{"nowhere"}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// A server that may soon belong to a cluster takes nobody in meanwhile. When it hopes no longer, it does, and looks no further.
func TestJoinWhileJoining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, c := newServer(t, n, "a"), outsider(t, n, "b"), outsider(t, n, "c")
		found(a).refuse = &peer.Refusal{Kind: peer.Unavailable, Text: "A moment, please."}
		found(b)
		ended := make(chan error, 1)
		go func() {
			_, err := b.mesh.Join(t.Context(), []string{"a"}, nil)
			ended <- err
		}()
		start := time.Now()
		_, err := c.mesh.Join(t.Context(), []string{"b"}, nil)
		if took := time.Since(start); err != nil || took < hope || c.log.count(stillJoining) != 1 {
			t.Errorf("%v after %v\n%s", err, took, c.log)
		}
		if err := <-ended; !errors.Is(err, ErrAdmitted) {
			t.Errorf("b, which c has joined, goes on to ask a: %v", err)
		}
	})
}

// A token is enough for life, and for one server.
func TestJoinByToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, d := newServer(t, n, "a"), outsider(t, n, "b"), outsider(t, n, "d")
		c := found(a)
		a.strict, b.strict, d.strict = true, true, true
		a.tokens = newTokens(t)
		a.mesh.o.Tokens = a.tokens
		token := a.issue()
		ask := func(s *server) (Welcome, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			return s.mesh.Join(ctx, []string{"a"}, token)
		}
		// A refusal does not use it up for who has shown it; for others it does.
		c.refuse = &peer.Refusal{Kind: peer.NameTaken, Text: "The cluster has a server of that name."}
		if _, err := ask(b); err == nil {
			t.Error("b joined")
		}
		c.refuse = nil
		if _, err := ask(d); err == nil || d.log.count("has been used") != 1 {
			t.Errorf("d has joined by b's token: %v\n%s", err, d.log)
		}
		if _, err := ask(b); err != nil {
			t.Fatal(err)
		}
		if list := a.tokens.List(); len(list) != 0 || b.log.count("has been used") != 0 {
			t.Errorf("%v is left", list)
		}
		// The welcome may have been lost.
		w, err := ask(b)
		if err != nil || c.asked[len(c.asked)-1].Peer.Proof != "member" {
			t.Fatal(err)
		}
		b.welcome(w)
		a.await(1)
		// Who is removed is a stranger.
		a.mesh.SetMembers(nil)
		a.await(0)
		b.mesh.SetMembers(w.Members)
		time.Sleep(time.Minute)
		if len(a.mesh.Connected()) != 0 {
			t.Error("a removed server came back")
		}
		if _, err := ask(b); err == nil {
			t.Error("a removed server has joined by its old token")
		}
	})
}

// Servers that cannot join are told why, and what to do.
func TestRefusedCandidates(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(a, b *server)
		want    string // in the log of the candidate
	}{
		"one with a cluster of its own": {func(_, b *server) { b.record.Settled = true }, `server \"b\" id-b belongs to another cluster than server \"a\" id-a. To move a server, start it with an empty data directory`},
		"one that should be joined":     {func(a, b *server) { a.record.Settled, b.record.Settled = false, true }, "start that one with --join and an address of the other one"},
		"a copy":                        {func(_, b *server) { b.record.ID = "id-a" }, "is a copy of the other's"},
		"where nobody can join":         {func(a, _ *server) { a.mesh.o.Admit = nil }, "takes nobody into its cluster"},
		"one that is unreadable":        {func(_, b *server) { b.record.Tags = []string{"a\nb"} }, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				a, b := newServer(t, n, "a"), outsider(t, n, "b")
				found(a)
				c.prepare(a, b)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := b.mesh.Join(ctx, []string{"a"}, nil); err == nil || b.log.count(c.want) != 1 {
					t.Errorf("%v\n%s", err, b.log)
				}
			})
		})
	}
}

// A member whose key was made anew comes in with something that an operator gave it, and all learn the key.
func TestNewKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b := newServer(t, n, "a"), newServer(t, n, "b")
		met := make(chan Record, 10)
		a.mesh.o.Met = func(_ context.Context, r Record) { met <- r }
		list := membersOf(a, b)
		list[1].Fingerprint = peer.Fingerprint{1} // b's old key
		secret := newSecret(t)
		a.mesh.o.Dialer.Secret, b.mesh.o.Dialer.Secret, a.secret, b.secret = secret, secret, secret, secret
		a.mesh.SetMembers(list)
		b.mesh.SetMembers(list)
		a.await(1)
		if r := <-met; r.Fingerprint != b.record.Fingerprint || r.ID != "id-b" {
			t.Errorf("%+v", r)
		}
	})
}

// A proxy is connected with all without being a member, and is not called when it has gone.
func TestProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, p := newServer(t, n, "a"), newServer(t, n, "b"), outsider(t, n, "p")
		p.record.Proxy, p.record.ID = true, "proxy-p"
		a.mesh.o.Admit = func(context.Context, Candidate) (Welcome, *peer.Refusal) {
			return Welcome{Cluster: "the cluster", Members: membersOf(a, b)}, nil
		}
		join(t, a, b)
		w, err := p.mesh.Join(t.Context(), []string{"a"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		p.welcome(w)
		p.await(2)
		a.await(2)
		b.await(2)
		if link := b.mesh.Connected()[1]; !link.Proxy || link.ID != "proxy-p" {
			t.Errorf("%+v", link)
		}
		p.mesh.Close()
		a.await(1)
		b.await(1)
		synctest.Wait()
		if b.log.count("Connected to proxy proxy-p") != 1 || b.log.count("Disconnected from proxy proxy-p") != 1 || b.log.count("Could not connect") != 0 {
			t.Errorf("%s", b.log)
		}
	})
}

// A proxy that joins with a token, which is good for one server, is connected with all: that one vouches for it. It is a stranger again when it has been away for long.
func TestProxyByToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		a, b, p := newServer(t, n, "a"), newServer(t, n, "b"), outsider(t, n, "p")
		p.record.Proxy, p.record.ID = true, "proxy-p"
		a.tokens = newTokens(t)
		a.mesh.o.Tokens = a.tokens
		a.mesh.o.Admit = func(_ context.Context, c Candidate) (Welcome, *peer.Refusal) {
			a.mesh.Vouch(Guest{c.ID, c.Fingerprint})
			return Welcome{Cluster: "the cluster", Members: membersOf(a, b)}, nil
		}
		join(t, a, b)
		a.strict, b.strict, p.strict = true, true, true
		w, err := p.mesh.Join(t.Context(), []string{"a"}, a.issue())
		if err != nil {
			t.Fatal(err)
		}
		p.welcome(w)
		a.await(2)
		time.Sleep(time.Minute)
		if len(b.mesh.Connected()) != 1 {
			t.Error("a stranger was let in")
		}
		b.mesh.Vouch(a.mesh.Guests()...)
		b.await(2)
		p.await(2)
		for range 2 * guestTime / time.Hour {
			time.Sleep(time.Hour)
			a.mesh.Guests()
			b.mesh.Guests()
		}
		if len(a.mesh.Guests()) != 1 || len(b.mesh.Guests()) != 1 {
			t.Error("a guest that is there is forgotten")
		}
		p.mesh.Close()
		a.await(1)
		time.Sleep(guestTime + time.Minute)
		if _, known := a.mesh.Member(p.record.Fingerprint); len(a.mesh.Guests()) != 0 || known {
			t.Error("a guest that has gone is remembered")
		}
	})
}

func TestObservedAddress(t *testing.T) {
	p := peer.Peer{Address: addrPort("192.0.2.7:55555")}
	for _, c := range []struct{ given, want []string }{
		{nil, nil},
		{[]string{"10.0.0.1:29016", "[fd00::1]:29016"}, []string{"10.0.0.1:29016", "[fd00::1]:29016", "192.0.2.7:29016"}},
		{[]string{"192.0.2.7:29016"}, []string{"192.0.2.7:29016"}},
		{[]string{"host"}, []string{"host"}},
	} {
		if got := withObserved(c.given, p); !slices.Equal(got, c.want) {
			t.Errorf("%v became %v, want %v", c.given, got, c.want)
		}
	}
}

// FuzzGreeting has a server that has proved itself say anything at first.
func FuzzGreeting(f *testing.F) {
	say := func(text string) []byte {
		return append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...)
	}
	f.Add(say(`{"purpose":"control","instance":"x","link":"y","over":"z","record":{"id":"b","name":"b","cluster":"c","addresses":["h:1"]}}`))
	f.Add(say(`{"purpose":"join","instance":"x","record":{"id":"b","fingerprint":"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","settled":true}}`))
	f.Add(say(`{"purpose":"bulk","record":{"id":"b","tags":["a",null]}}`))
	f.Add([]byte("\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		synctest.Test(t, func(t *testing.T) {
			log := &lines{}
			m := New(Options{
				Self:             func() Record { return Record{Cluster: "c", Member: Member{ID: "a", Name: "a"}} },
				Logger:           log.logger(),
				Notice:           log.notice,
				HeartbeatTimeout: func() time.Duration { return time.Second },
				Admit:            func(context.Context, Candidate) (Welcome, *peer.Refusal) { return Welcome{}, nil },
			})
			defer m.Close()
			near, far := net.Pipe()
			answers := make(chan []byte)
			go func() { // ends with the connection
				_, _ = far.Write(text)
				var answer bytes.Buffer
				_ = far.SetReadDeadline(time.Now().Add(time.Second))
				_, _ = answer.ReadFrom(far)
				far.Close()
				answers <- answer.Bytes()
			}()
			m.receive(near, peer.Peer{Server: peer.Server{ID: "b"}, Proof: "none"})
			near.Close()
			if answer := <-answers; bytes.Contains(answer, []byte(`"link"`)) {
				t.Errorf("answered %q", answer)
			}
			if strings.ContainsFunc(log.String(), func(r rune) bool { return r < ' ' && r != '\n' }) {
				t.Errorf("the log has a control character: %q", log)
			}
		})
	})
}
