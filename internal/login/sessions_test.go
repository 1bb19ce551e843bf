package login

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var laptop = NewBrowser(netip.MustParseAddr("192.168.1.2"), "Firefox")

type world struct {
	*Sessions
	t     *testing.T
	users *auth.Users
	mu    sync.Mutex
	ended []string
}

// inWorld runs a test with sessions whose time passes when everybody waits.
func inWorld(t *testing.T, idle time.Duration, test func(w *world)) {
	synctest.Test(t, func(t *testing.T) {
		users, err := auth.OpenUsers(&authtest.Store{})
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, users: users}
		w.Sessions = New(Options{Idle: idle, Credential: users.Credential})
		w.Attach(func(ids []string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ended = append(w.ended, ids...)
		})
		users.OnChange(w.Recheck)
		test(w)
		w.Close()
	})
}

func (w *world) begin(user string) (secret string, s Session) {
	w.t.Helper()
	c, ok := w.users.Credential(user)
	if !ok {
		w.t.Fatalf("there is no %s", user)
	}
	return w.Begin(user, c, laptop, false)
}

func (w *world) expect(secret string, b Browser, want bool) {
	w.t.Helper()
	if _, ok := w.Find(secret, b, false); ok != want {
		w.t.Errorf("the session is there: %t, want %t", ok, want)
	}
}

// expectEnded waits until just these sessions have ended.
func (w *world) expectEnded(want ...string) {
	w.t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	slices.Sort(w.ended)
	slices.Sort(want)
	if !slices.Equal(w.ended, want) {
		w.t.Errorf("ended %q, want %q", w.ended, want)
	}
	w.ended = nil
}

func TestSessionsAreBoundToABrowser(t *testing.T) {
	inWorld(t, time.Hour, func(w *world) {
		secret, one := w.begin("admin")
		if len(secret) != 43 || strings.Contains(one.ID, secret) {
			t.Errorf("secret %q of %s", secret, one.ID)
		}
		w.expect(secret, laptop, true)
		w.expect(secret, NewBrowser(netip.MustParseAddr("::ffff:10.0.0.7"), "Fire\nfox"), true) // another network of the same kind
		w.expect(secret, NewBrowser(netip.MustParseAddr("fe80::1%eth0"), "Firefox"), true)
		w.expect(secret, NewBrowser(laptop.Addr, "Chromium"), false)
		w.expect(secret, NewBrowser(netip.MustParseAddr("203.0.113.7"), "Firefox"), false)
		w.expect(secret, NewBrowser(netip.MustParseAddr("127.0.0.1"), "Firefox"), false)
		w.expect(secret[:42], laptop, false)
		w.expect("", laptop, false)
		w.expect(one.ID, laptop, false)
	})
}

func TestIdleSessionsExpire(t *testing.T) {
	inWorld(t, 30*time.Minute, func(w *world) {
		secret, one := w.begin("admin")
		idle, gone := w.begin("admin")
		for range 3 {
			time.Sleep(20 * time.Minute)
			if _, ok := w.Find(secret, laptop, true); !ok {
				t.Fatal("a session that is used has ended")
			}
			if _, ok := w.Find(idle, laptop, false); ok != w.isThere(gone.ID) {
				t.Error("the list and the look-up disagree")
			}
		}
		w.expectEnded(gone.ID) // what a page asks by itself kept nothing alive
		time.Sleep(30 * time.Minute)
		w.expect(secret, laptop, false)
		time.Sleep(lookEvery)
		w.expectEnded(one.ID)
	})
}

func (w *world) isThere(id string) bool {
	return slices.ContainsFunc(w.List(), func(one Session) bool { return one.ID == id })
}

func TestNoSessionIsEndless(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Hour} {
		inWorld(t, idle, func(w *world) {
			secret, one := w.begin("admin")
			for range 23 {
				time.Sleep(Lifetime / 24)
				if _, ok := w.Find(secret, laptop, true); !ok {
					t.Fatalf("with %v it ended after %v", idle, time.Since(one.Since))
				}
			}
			time.Sleep(Lifetime/24 + lookEvery)
			w.expect(secret, laptop, false)
			w.expectEnded(one.ID)
		})
	}
}

// A session ends with the password that it began with, also when the log-in was under way as that changed.
func TestPasswordsChange(t *testing.T) {
	inWorld(t, 0, func(w *world) {
		secret, one := w.begin("admin")
		before, _ := w.users.Credential("admin")
		if _, err := w.users.SetInitialPassword("secret"); err != nil {
			t.Fatal(err)
		}
		w.expectEnded(one.ID)
		w.expect(secret, laptop, false)
		late, _ := w.Begin("admin", before, laptop, false)
		w.expect(late, laptop, false)
		if n := len(w.List()); n != 0 {
			t.Errorf("%d sessions are listed", n)
		}
		nobody, _ := w.Begin("nobody", auth.Credential{}, laptop, false)
		w.expect(nobody, laptop, false)
	})
}

// Who never logs out can still log in, and nobody else is logged out for it.
func TestSessionsOfAUserAreBounded(t *testing.T) {
	inWorld(t, 0, func(w *world) {
		first, one := w.begin("admin")
		time.Sleep(time.Second)
		used, second := w.begin("admin")
		time.Sleep(time.Second)
		for range maxOfUser - 2 {
			w.begin("admin")
		}
		if _, ok := w.Find(first, laptop, true); !ok {
			t.Error("ended too early")
		}
		w.expectEnded()
		w.begin("admin")
		w.expectEnded(second.ID)
		w.expect(used, laptop, false)
		w.expect(first, laptop, true)
		w.End(func(s Session) bool { return s.ID == one.ID })
		w.expectEnded(one.ID)
		if n := len(w.List()); n != maxOfUser-1 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestNothingBeginsAfterClose(t *testing.T) {
	inWorld(t, 0, func(w *world) {
		_, one := w.begin("admin")
		w.Close()
		w.expectEnded(one.ID)
		secret, _ := w.begin("admin")
		w.expect(secret, laptop, false)
	})
}

func FuzzNewBrowser(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64)")
	f.Add("\x00\xff" + strings.Repeat("ä", maxAgentBytes))
	f.Fuzz(func(t *testing.T, agent string) {
		b := NewBrowser(netip.Addr{}, agent)
		if len(b.Agent) > maxAgentBytes || strings.ContainsAny(b.Agent, "\x00\n\r\x1b") || strings.ToValidUTF8(b.Agent, "") != b.Agent {
			t.Errorf("%q became %q", agent, b.Agent)
		}
	})
}
