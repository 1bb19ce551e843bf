package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
)

// TestConcurrentUpdates counts in one row from several clients: no update may be lost.
func TestConcurrentUpdates(t *testing.T) {
	const clients, updates = 8, 100
	s := newServer(t)
	s.run(t, `r.dbCreate("test")`)
	s.run(t, `r.tableCreate("t", durability: "soft")`)
	s.run(t, `r.table("t").insert({id: 1, n: 0})`)
	body, err := reqltest.Query(`r.table("t").get(1).update(row => {n: row("n").add(1)})`)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for range updates {
				q, bad := reql.ParseQuery(body)
				if bad != nil {
					t.Error(bad)
					return
				}
				out, _ := s.compiler.Compile(q).Start(context.Background(), nil)
				if !strings.Contains(string(out), `"replaced":1`) {
					t.Errorf("an update answered %s", out)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, want := s.run(t, `r.table("t").get(1)("n")`), fmt.Sprint(clients*updates); got != want {
		t.Errorf("after %s updates the counter is %s", want, got)
	}
}

// TestGeneratedKeys inserts more rows than keys are made at once: all have to be different random UUIDs, told in the order
// of the rows.
func TestGeneratedKeys(t *testing.T) {
	const n = 1500
	s := newServer(t)
	s.run(t, `r.dbCreate("test")`)
	s.run(t, `r.tableCreate("t")`)
	var keys []string
	if err := json.Unmarshal([]byte(s.run(t, fmt.Sprintf(`r.table("t").insert(r.range(%d).map(i => {n: i}))("generated_keys")`, n))), &keys); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range keys {
		id, err := uuid.Parse(k)
		if err != nil || id.Version() != 4 || id.Variant() != uuid.RFC4122 || k != id.String() {
			t.Fatalf("%q is not a random UUID in its canonical form", k)
		}
		seen[k] = true
	}
	if len(seen) != n {
		t.Errorf("%d rows have %d different keys", n, len(seen))
	}
	if got := s.run(t, fmt.Sprintf(`r.table("t").get(%q)("n")`, keys[1234])); got != "1234" {
		t.Errorf("the row of key 1234 has n = %s", got)
	}
}

// TestInterruptedWrite stops a write of many rows.
func TestInterruptedWrite(t *testing.T) {
	s := newServer(t)
	s.run(t, `r.dbCreate("test")`)
	s.run(t, `r.tableCreate("t", durability: "soft")`)
	for _, script := range []string{
		`r.table("t").insert(r.range(1000000000).map(i => {n: i}))`,
		`r.range(1000000000).forEach(i => r.table("t").insert({n: i}))`,
		`r.table("t").update(row => r.range(1000000000).count())`,
	} {
		body, err := reqltest.Query(script)
		if err != nil {
			t.Fatal(err)
		}
		q, bad := reql.ParseQuery(body)
		if bad != nil {
			t.Fatal(bad)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		began := time.Now()
		out, _ := s.compiler.Compile(q).Start(ctx, nil)
		cancel()
		if took := time.Since(began); took > 5*time.Second || !strings.HasPrefix(string(out), `{"t":18`) {
			t.Errorf("%s, stopped after 50 ms, answered %s after %s", script, out, took)
		}
	}
}
