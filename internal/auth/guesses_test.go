package auth

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// clock is a time that only moves when a test says so.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

func newTestGuesses() (*guesses, *clock) {
	c := &clock{time.Unix(1e9, 0)}
	return newGuesses(c.Now), c
}

func TestPausesGrow(t *testing.T) {
	g, c := newTestGuesses()
	who := g.guesser("admin", netip.MustParseAddr("203.0.113.7"))
	for i := range 4 {
		if g.judge(who, false) != 0 || g.wait(who) > 0 {
			t.Fatalf("a pause after %d wrong passwords", i+1)
		}
		c.advance(time.Second)
	}
	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		want := time.Duration(seconds) * time.Second
		if wait := g.judge(who, false); wait != 0 {
			t.Fatalf("before the pause of %v there is one of %v", want, wait)
		}
		if got := g.wait(who); got != want {
			t.Errorf("a pause of %v, want %v", got, want)
		}
		c.advance(want)
		if got := g.wait(who); got > 0 {
			t.Errorf("the pause of %v has %v left", want, got)
		}
	}
	c.advance(time.Duration(maxGuesses) * time.Minute)
	if g.judge(who, false); g.wait(who) > 0 {
		t.Error("the old guesses are not forgotten")
	}
}

// Wrong passwords that are a minute apart are no guessing.
func TestSlowGuessesCostNothing(t *testing.T) {
	g, c := newTestGuesses()
	who := g.guesser("admin", netip.MustParseAddr("203.0.113.7"))
	for range 100 {
		if g.judge(who, false); g.wait(who) > 0 {
			t.Fatal("a pause")
		}
		c.advance(time.Minute)
	}
}

// A program that tries whenever it can gets one try a minute, and none more by trying at the same time.
func TestGuessesInADay(t *testing.T) {
	g, c := newTestGuesses()
	who := g.guesser("admin", netip.MustParseAddr("203.0.113.7"))
	tries := 0
	for end := c.now.Add(24 * time.Hour); c.now.Before(end); c.advance(time.Second) {
		for range 50 { // they have all begun before the first was judged
			if g.judge(who, false) == 0 {
				tries++
			}
		}
	}
	if limit := 24*60 + maxGuesses; tries > limit {
		t.Errorf("%d tries, want at most %d", tries, limit)
	}
}

// In a pause the right password is no better than a wrong one; what else it was would be told to a guesser.
func TestTheRightPasswordInAPause(t *testing.T) {
	g, c := newTestGuesses()
	who := g.guesser("admin", netip.MustParseAddr("203.0.113.7"))
	for range 5 {
		g.judge(who, false)
	}
	if g.judge(who, true) == 0 || g.judge(who, false) == 0 {
		t.Error("a password was judged in a pause")
	}
	c.advance(time.Second)
	if wait := g.judge(who, true); wait > 0 {
		t.Errorf("after the pause: %v", wait)
	}
	// It has forgotten nothing.
	if g.judge(who, false); g.wait(who) != 2*time.Second {
		t.Errorf("the next pause is %v", g.wait(who))
	}
}

func TestOthersAreNotSlowed(t *testing.T) {
	g, _ := newTestGuesses()
	addr := netip.MustParseAddr
	slowed := func(user, peer string) bool { return g.wait(g.guesser(user, addr(peer))) > 0 }
	for range 10 {
		g.judge(g.guesser("admin", addr("203.0.113.7")), false)
		g.judge(g.guesser("admin", addr("2001:db8::7")), false)
	}
	for _, c := range []struct {
		user, peer string
		want       bool
	}{
		{"admin", "203.0.113.7", true}, {"admin", "::ffff:203.0.113.7", true}, {"admin", "203.0.113.8", false}, {"bob", "203.0.113.7", false},
		{"admin", "2001:db8::ffff:8", true}, {"admin", "2001:db8:0:1::7", false}, {"admin", "127.0.0.1", false},
	} {
		if got := slowed(c.user, c.peer); got != c.want {
			t.Errorf("%s at %s is slowed: %v", c.user, c.peer, got)
		}
	}
}

// An attacker with any number of names or addresses takes up no more memory, and does not get rid of a pause that way.
func TestGuessersAreBounded(t *testing.T) {
	g, _ := newTestGuesses()
	who := g.guesser("admin", netip.MustParseAddr("203.0.113.7"))
	for range 8 {
		g.judge(who, false)
	}
	for i := range 3 * maxGuessers {
		g.judge(g.guesser(fmt.Sprint(i, strings.Repeat("x", 100)), netip.MustParseAddr("203.0.113.7")), false)
	}
	if n := len(g.entries); n > maxGuessers {
		t.Errorf("%d entries", n)
	}
	if g.wait(who) <= 0 {
		t.Error("the pause is forgotten")
	}
}

// Entries that say nothing any more make room first.
func TestForgottenGuessersMakeRoom(t *testing.T) {
	g, c := newTestGuesses()
	for i := range maxGuessers {
		g.judge(g.guesser(fmt.Sprint(i), netip.Addr{}), false)
	}
	c.advance(2 * time.Minute)
	g.judge(g.guesser("admin", netip.Addr{}), false)
	if n := len(g.entries); n != 1 {
		t.Errorf("%d entries", n)
	}
}
