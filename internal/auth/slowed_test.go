package auth_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/xdg-go/scram"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/auth/authtest"
)

const slowed = "Too many wrong passwords for this user from your address. Try again in "

// The ways to log in have one count, and each of them is slowed down.
func TestEveryWayInIsSlowedDown(t *testing.T) {
	u := open(t, &authtest.Store{})
	if _, err := u.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	ways := map[string]func(peer netip.Addr, password string) error{
		"key": u.CheckKey,
		"basic": func(peer netip.Addr, password string) error {
			_, err := u.Check(peer, auth.Admin, password)
			return err
		},
		"scram": func(peer netip.Addr, password string) error { return scramFrom(t, u, peer, auth.Admin, password) },
	}
	guess := func(peer netip.Addr, way string) error { return ways[way](peer, "wrong") }
	for _, last := range []string{"key", "basic", "scram"} {
		peer := somewhere()
		for _, way := range []string{"key", "basic", "scram", "basic"} {
			if err := guess(peer, way); text(err) == "" || strings.HasPrefix(text(err), slowed) {
				t.Fatal(way, err)
			}
		}
		// A machine that stands still for longer than the pauses has more tries; some time they are longer.
		err := guess(peer, last)
		for tries := 0; tries < 20 && !strings.HasPrefix(text(err), slowed); tries++ {
			err = guess(peer, last)
		}
		var refused *auth.Error
		if !errors.As(err, &refused) || refused.Code != auth.CodeOther || refused.Wait <= 0 || !strings.HasPrefix(refused.Msg, slowed) {
			t.Errorf("%s: %v", last, err)
		}
		if err := ways[last](somewhere(), "secret"); err != nil {
			t.Errorf("%s from another address: %v", last, err)
		}
	}
}

// Who gives no password learns that one is needed, as often as wanted.
func TestNoPasswordIsNoGuess(t *testing.T) {
	u := open(t, &authtest.Store{})
	if _, err := u.SetInitialPassword("secret"); err != nil {
		t.Fatal(err)
	}
	peer := somewhere()
	for range 30 {
		for _, user := range []string{auth.Admin, "nobody"} {
			if _, err := u.Check(peer, user, ""); text(err) != "Wrong password" {
				t.Fatal(err)
			}
		}
	}
	if err := u.CheckKey(peer, "secret"); err != nil {
		t.Error(err)
	}
}

// Whether there is a user does not show in the pauses either. Who has no password has nothing to guess.
func TestWhoIsSlowedDown(t *testing.T) {
	u := open(t, &authtest.Store{})
	if err := write(u, t, `{"id":"open","password":false}`); err != nil {
		t.Fatal(err)
	}
	peer := somewhere()
	for range 30 {
		if err := scramFrom(t, u, peer, "open", "wrong"); text(err) != "Wrong password" {
			t.Fatal(err)
		}
	}
	if err := scramFrom(t, u, peer, "open", ""); err != nil {
		t.Error(err)
	}
	pauses := 0
	for range 30 {
		if strings.HasPrefix(text(scramFrom(t, u, peer, "nobody", "wrong")), slowed) {
			pauses++
		}
	}
	if pauses == 0 {
		t.Error("an unknown user is not slowed down")
	}
}

// scramFrom logs in by SCRAM from an address.
func scramFrom(tb testing.TB, u *auth.Users, peer netip.Addr, user, password string) error {
	tb.Helper()
	client, err := scram.SHA256.NewClientUnprepped(user, password, "")
	if err != nil {
		tb.Fatal(err)
	}
	ours, err := u.Login(peer, auth.MethodScram, nil)
	if err != nil {
		tb.Fatal(err)
	}
	theirs := client.WithMinIterations(1).NewConversation()
	message := ""
	for !theirs.Done() {
		reply, err := theirs.Step(message)
		if err != nil {
			tb.Fatal(err)
		}
		if theirs.Done() {
			break
		}
		if message, err = ours.Next(reply); err != nil {
			return err
		}
	}
	return nil
}
