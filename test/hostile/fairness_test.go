//go:build hostile

package hostile

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

const (
	floodConnections = 40
	// rounds of windows with and without the flood, one after the other, so that what else the machine does is in both.
	fairRounds = 5
	fairWindow = time.Second
	// settled is how long the queries of the window before may take to end.
	settled  = 200 * time.Millisecond
	fairRows = 5000

	gtTerm    = 21
	grantTerm = 188
)

// TestFairness has a user at its limits flood the server with heavy queries, and compares how many rows another one reads
// meanwhile with how many it reads without that.
func TestFairness(t *testing.T) {
	s := harness.Start(t, "", "--cache-size", "64", "--connections-per-user", strconv.Itoa(floodConnections))
	admin, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "t")
	users := harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "users")
	rows := make([]any, fairRows)
	for i := range rows {
		rows[i] = map[string]any{"id": i, "n": i * 7919 % fairRows, "text": "some text that makes the row a bit longer"}
	}
	for _, term := range []any{
		harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "t"),
		harness.Term(harness.Insert, table, harness.Term(harness.MakeArray, rows...)),
		harness.Term(harness.Insert, users, harness.Term(harness.MakeArray, map[string]any{"id": "mallory", "password": "m"}, map[string]any{"id": "bob", "password": "b"})),
		harness.Term(grantTerm, "mallory", map[string]any{"read": true}),
		harness.Term(grantTerm, "bob", map[string]any{"read": true}),
	} {
		if _, err := admin.Run(term); err != nil {
			t.Fatal(err)
		}
	}
	var flooding, counting atomic.Bool
	var reads, heavy atomic.Int64
	var done atomic.Bool
	var clients sync.WaitGroup
	client := func(user, password string, active func() bool, count *atomic.Int64, term func(i int) any) {
		c, err := harness.LogIn(s.Addr(), user, password)
		if err != nil {
			t.Error(err)
			return
		}
		clients.Go(func() {
			defer c.Close()
			for i := 0; !done.Load(); i++ {
				if !active() {
					time.Sleep(time.Millisecond)
					continue
				}
				if _, err := c.Run(term(i)); err != nil {
					t.Error(err)
					return
				}
				count.Add(1)
			}
		})
	}
	for k := range floodConnections {
		client("mallory", "m", flooding.Load, &heavy, func(int) any {
			if k%2 == 0 {
				return harness.Term(harness.Count, harness.Term(harness.OrderBy, table, "n"))
			}
			// function(x) { return x("n") > 10 } over all rows
			return harness.Term(harness.Count, harness.Term(harness.Filter, table, harness.Term(harness.Func, harness.Term(harness.MakeArray, 1),
				harness.Term(gtTerm, harness.Term(harness.Bracket, harness.Term(harness.Var, 1), "n"), 10))))
		})
	}
	for range 2 {
		client("bob", "b", counting.Load, &reads, func(i int) any { return harness.Term(harness.Get, table, i%fairRows) })
	}
	if _, err := harness.LogIn(s.Addr(), "mallory", "m"); err == nil {
		t.Error("mallory has more connections than a user may have")
	}
	var alone, flooded []int64
	for range fairRounds {
		for _, flood := range []bool{false, true} {
			flooding.Store(flood)
			time.Sleep(settled)
			counting.Store(true)
			before := reads.Load()
			time.Sleep(fairWindow)
			n := reads.Load() - before
			counting.Store(false)
			if flood {
				flooded = append(flooded, n)
			} else {
				alone = append(alone, n)
			}
		}
	}
	flooding.Store(false)
	done.Store(true)
	clients.Wait()
	slices.Sort(alone)
	slices.Sort(flooded)
	ratio := float64(flooded[fairRounds/2]) / float64(alone[fairRounds/2])
	t.Logf("reads in a second: %v alone, %v under the flood of %d heavy queries; ratio %.2f", alone, flooded, heavy.Load(), ratio)
	if ratio < 0.7 {
		t.Errorf("the flood of one user leaves another %.0f %% of its throughput", ratio*100)
	}
}
