package peer

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTokenText(t *testing.T) {
	for _, addresses := range [][]string{nil, {"db1:29015"}, {"10.0.0.1:29015", "[fd00::1]:29015"}} {
		token, err := NewToken(Fingerprint{1, 2, 3}, addresses)
		if err != nil {
			t.Fatal(err)
		}
		text := token.Reveal()
		got, err := ParseToken(text)
		if err != nil || !reflect.DeepEqual(got, token) {
			t.Errorf("%v became %v, %v", token, got, err)
		}
		for i := range len(text) {
			if got, err := ParseToken(text[:i]); err == nil {
				t.Errorf("the first %d characters of %q are %v", i, text, got)
			}
			changed := text[:i] + "A" + text[i+1:]
			if got, err := ParseToken(changed); err == nil && changed != text {
				t.Errorf("%q with another character at %d is %v", text, i, got)
			}
		}
		for _, shown := range []string{token.String(), fmt.Sprint(token), fmt.Sprintf("%v %s", token, &token)} {
			if strings.Contains(shown, text) || !strings.Contains(shown, token.ID.String()) {
				t.Errorf("it is shown as %s", shown)
			}
		}
	}
	many, err := NewToken(Fingerprint{}, strings.Fields(strings.Repeat("somewhere:29015 ", 20)+strings.Repeat("x", 300)))
	if err != nil || len(many.Addresses) != maxTokenAddresses || len(many.Reveal()) > MaxTokenBytes {
		t.Errorf("%d addresses, %d bytes, %v", len(many.Addresses), len(many.Reveal()), err)
	}
	if _, err := ParseToken(tokenPrefix + strings.Repeat("A", MaxTokenBytes)); err == nil {
		t.Error("a megabyte of a token is read")
	}
}

// clock is a time that tests move.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestTokensAreKept(t *testing.T) {
	c := &clock{time.Unix(1_000_000, 0).UTC()}
	store := memory{}
	list, err := OpenTokens(store, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	add := func(id byte, life time.Duration) TokenRecord {
		t.Helper()
		r := TokenRecord{ID: TokenID{id}, Key: make(ed25519.PublicKey, 32), Created: c.now, Expires: c.now.Add(life), Reusable: id == 2}
		if err := list.Add(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	if list.Any() {
		t.Error("there is a token in an empty store")
	}
	long, short := add(1, time.Hour), add(2, time.Minute)
	expect := func(l *Tokens, want ...TokenRecord) {
		t.Helper()
		if got := l.List(); !reflect.DeepEqual(got, want) || l.Any() != (len(want) > 0) {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	expect(list, short, long)
	again, err := OpenTokens(store, c.Now)
	if err != nil {
		t.Fatal(err)
	}
	expect(again, short, long)

	for want, r := range map[error]TokenRecord{
		ErrTokenExists: long,
		ErrTokenKey:    {ID: TokenID{9}, Key: ed25519.PublicKey{1}, Expires: c.now.Add(time.Hour)},
		ErrTokenExpiry: {ID: TokenID{9}, Key: long.Key, Expires: c.now},
	} {
		if err := list.Add(t.Context(), r); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if err := list.Add(t.Context(), TokenRecord{ID: TokenID{9}, Key: long.Key, Expires: c.now.Add(MaxTokenLife + 1)}); !errors.Is(err, ErrTokenExpiry) {
		t.Errorf("a token for ever: %v", err)
	}

	c.now = c.now.Add(2 * time.Minute)
	expect(list, long) // the other one has expired
	third := add(3, 2*time.Hour)
	if len(store) != 2 {
		t.Errorf("%d tokens are kept", len(store))
	}
	if err := errors.Join(list.Remove(t.Context(), long.ID), list.Remove(t.Context(), TokenID{77})); err != nil {
		t.Error(err)
	}
	expect(list, third)

	store[tokenKeyPrefix+"0102030405060708"] = []byte(`{"version":99}`)
	if _, err := OpenTokens(store, c.Now); err == nil {
		t.Error("a token of another version was read")
	}
}

func TestTooManyTokens(t *testing.T) {
	list := tokens(t, time.Now)
	var err error
	for i := range MaxTokens + 1 {
		r := TokenRecord{ID: TokenID{byte(i), byte(i >> 8)}, Key: make(ed25519.PublicKey, 32), Expires: time.Now().Add(time.Hour)}
		if err = list.Add(t.Context(), r); err != nil && i < MaxTokens {
			t.Fatal(i, err)
		}
	}
	if !errors.Is(err, ErrTooManyToken) {
		t.Errorf("one too many: %v", err)
	}
}

func TestRedeem(t *testing.T) {
	c := &clock{time.Now()}
	list := tokens(t, c.Now)
	once, often := list.issue(t, Fingerprint{}, false), list.issue(t, Fingerprint{}, true)
	binding := []byte("one channel")
	server := func(n int) channel { return channel{binding: binding, fingerprint: Fingerprint{byte(n)}} }
	redeem := func(id TokenID, proof []byte, by int) bool {
		t.Helper()
		ok, err := list.redeem(t.Context(), id, proof, server(by))
		if err != nil {
			t.Error(err)
		}
		return ok
	}
	for name, ok := range map[string]bool{
		"of another channel": redeem(once.ID, once.prove([]byte("another one")), 1),
		"of another token":   redeem(once.ID, often.prove(binding), 1),
		"of no token":        redeem(TokenID{}, once.prove(binding), 1),
		"of nothing":         redeem(once.ID, nil, 1),
		"of zeros":           redeem(TokenID{}, make([]byte, ed25519.SignatureSize), 1),
	} {
		if ok {
			t.Errorf("a proof %s is accepted", name)
		}
	}
	// Of many who have one token at the same time one gets in.
	var in, who atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if redeem(once.ID, once.prove(binding), i) {
				in.Add(1)
				who.Store(int32(i))
			}
		})
	}
	all.Wait()
	if in.Load() != 1 {
		t.Errorf("%d have used one token", in.Load())
	}
	// That one may use it again, until it has joined.
	user := int(who.Load())
	if len(list.List()) != 1 || !list.Any() || !redeem(once.ID, once.prove(binding), user) || redeem(once.ID, once.prove(binding), user+1) {
		t.Errorf("the token is not that of its first user: %+v", list.List())
	}
	again, err := OpenTokens(list.store, c.Now)
	if err != nil || again.records[once.ID].User == nil || *again.records[once.ID].User != (Fingerprint{byte(user)}) {
		t.Errorf("after a restart: %+v, %v", again.records[once.ID], err)
	}
	if err := errors.Join(list.Spend(t.Context(), once.ID), list.Spend(t.Context(), often.ID)); err != nil {
		t.Error(err)
	}
	if redeem(once.ID, once.prove(binding), user) {
		t.Error("a spent token is accepted")
	}
	for i := range 2 {
		if !redeem(often.ID, often.prove(binding), i) {
			t.Error("a reusable token was used up")
		}
	}
	c.now = c.now.Add(time.Hour)
	if redeem(often.ID, often.prove(binding), 1) {
		t.Error("an expired token is accepted")
	}
	// What cannot be written down has not happened.
	stuck := tokens(t, time.Now)
	stuck.store = failing{}
	stuck.records[once.ID] = TokenRecord{ID: once.ID, Key: once.PublicKey(), Expires: time.Now().Add(time.Hour)}
	if ok, err := stuck.redeem(t.Context(), once.ID, once.prove(binding), server(1)); ok || err == nil {
		t.Errorf("a token was used although the disk is full: %v, %v", ok, err)
	}
}

type failing struct{ Store }

func (failing) MetaSet(context.Context, string, []byte) error { return errors.New("the disk is full") }
