//go:build integration

package crash

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const (
	uniqueCycles = 12
	clients      = 8
	names        = 20_000 // that the clients try to get; in the end about half of them are taken
)

var unique = map[string]any{"unique": true}

// owners are the accounts that have a name and were told so.
type owners struct {
	mu sync.Mutex
	of map[string]string
}

// TestKilledServerKeepsNamesUnique lets many clients register names for accounts until the server is killed at a random
// moment, half of the time while a second unique index is being built. A name must then belong to one account, and to the one that was told
// so, if any was.
func TestKilledServerKeepsNamesUnique(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 3))
	dir := filepath.Join(t.TempDir(), "data")
	known := &owners{of: map[string]string{}}
	for cycle := range uniqueCycles {
		server := harness.Start(t, dir)
		c := dial(t, server)
		if cycle == 0 {
			for _, term := range []any{
				harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "accounts"),
				harness.TermOpt(harness.IndexCreate, unique, table("accounts"), "name"),
			} {
				if _, err := c.Run(term); err != nil {
					t.Fatal(err)
				}
			}
		}
		known.check(t, c)
		if t.Failed() {
			t.Fatalf("in cycle %d", cycle)
		}
		if cycle%2 == 1 {
			// The answer comes when the load has begun, if at all.
			if _, err := c.Send([]any{1, harness.TermOpt(harness.IndexCreate, unique, table("accounts"), fmt.Sprint("name", cycle), nameOf), map[string]any{}}); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for n := range clients {
			c := dial(t, server)
			wg.Go(func() {
				known.register(t, c, rand.New(rand.NewPCG(*seed, uint64(cycle*clients+n+4))), fmt.Sprint(cycle, "-", n))
			})
		}
		time.AfterFunc(time.Duration(30+rng.IntN(400))*time.Millisecond, func() {
			if err := server.Kill(); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	}
	known.check(t, dial(t, harness.Start(t, dir)))
	t.Logf("%d names were promised", len(known.of))
}

// nameOf is the function row => row("name").
var nameOf = harness.Term(harness.Func, harness.Term(harness.MakeArray, 1), harness.Term(harness.Bracket, harness.Term(harness.Var, 1), "name"))

type account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// register registers names for new accounts, two at a time, until the connection breaks.
func (o *owners) register(t *testing.T, c *harness.Conn, rng *rand.Rand, prefix string) {
	for n := 0; ; n += 2 {
		pair := make([]any, 2)
		for i := range pair {
			pair[i] = account{fmt.Sprint(prefix, "-", n+i), fmt.Sprint("name ", rng.IntN(names))}
		}
		var result struct {
			Changes []struct {
				New *account `json:"new_val"`
			}
			FirstError string `json:"first_error"`
		}
		opts := map[string]any{"durability": "hard", "return_changes": "always"}
		if err := c.One(harness.TermOpt(harness.Insert, opts, table("accounts"), harness.Term(harness.MakeArray, pair...)), &result); err != nil {
			if !broken(err) {
				t.Errorf("register: %v", err)
			}
			return
		}
		if result.FirstError != "" && !strings.HasPrefix(result.FirstError, "Duplicate value of unique index `name") {
			t.Errorf("register: %s", result.FirstError)
		}
		o.mu.Lock()
		for _, change := range result.Changes {
			if a := change.New; a != nil {
				if other, taken := o.of[a.Name]; taken {
					t.Errorf("accounts %s and %s were both told that they have %s", other, a.ID, a.Name)
				}
				o.of[a.Name] = a.ID
			}
		}
		o.mu.Unlock()
	}
}

// check compares the table with what the clients were told.
func (o *owners) check(t *testing.T, c *harness.Conn) {
	t.Helper()
	if _, err := c.Run(harness.Term(harness.IndexWait, table("accounts"))); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, raw := range scan(t, c, "accounts") {
		var a account
		if err := json.Unmarshal(raw, &a); err != nil {
			t.Fatal(err)
		}
		if other, taken := found[a.Name]; taken {
			t.Errorf("accounts %s and %s have %s", other, a.ID, a.Name)
		}
		found[a.Name] = a.ID
	}
	for name, id := range o.of {
		if found[name] != id {
			t.Errorf("account %s has lost %s to %q", id, name, found[name])
		}
	}
	o.of = found // what was written and not acknowledged is taken now
}
