//go:build integration

package program

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// TestSleepingSubscriber lets a subscriber stop reading while others write and read. RETHINKDB_SLEEP says for how long, as a
// duration such as 10m.
func TestSleepingSubscriber(t *testing.T) {
	const (
		rows        = 1000
		writers     = 8
		perSecond   = 5000
		changes     = 152
		update      = 53
		get         = 16
		growthBytes = 256 << 20 // two queues of 100,000 changes of two documents, and what the collector leaves
	)
	sleep, queue := 5*time.Second, 10_000
	if text := os.Getenv("RETHINKDB_SLEEP"); text != "" {
		var err error
		if sleep, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
		queue = 100_000 // the default
	}
	s := harness.Start(t, "", "--cache-size", "64")
	c := dial(t, s)
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "t")
	if _, err := c.Run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "t")); err != nil {
		t.Fatal(err)
	}
	all := make([]any, rows)
	for i := range all {
		all[i] = map[string]any{"id": i, "n": 0, "pad": strings.Repeat("x", 100)}
	}
	if _, err := c.Run(harness.Term(harness.Insert, table, harness.Term(harness.MakeArray, all...))); err != nil {
		t.Fatal(err)
	}

	subscribe := func(queue int) (*harness.Conn, uint64) {
		t.Helper()
		conn := dial(t, s)
		feed, err := conn.Send([]any{1, harness.TermOpt(changes, map[string]any{"changefeed_queue_size": queue}, table), map[string]any{}})
		if err != nil {
			t.Fatal(err)
		}
		receive(t, conn, feed)
		return conn, feed
	}
	silent, silentFeed := subscribe(queue) // asks for nothing
	deaf, deafFeed := subscribe(queue)     // asks, and does not read the answer
	if err := deaf.Continue(deafFeed); err != nil {
		t.Fatal(err)
	}
	reader, readerFeed := subscribe(100_000)
	before := peakBytes(t, s.Pid())

	var seen, written int
	var slowest time.Duration
	var reading, writing sync.WaitGroup
	reading.Go(func() {
		for last := false; !last; {
			if err := reader.Continue(readerFeed); err != nil {
				t.Error(err)
				return
			}
			token, r, err := reader.Receive()
			if err != nil || token != readerFeed {
				t.Errorf("an answer to %d: %v", token, err)
				return
			}
			for _, change := range r.Result {
				var is struct {
					New struct {
						Last bool
						At   int64
					} `json:"new_val"`
					Error string
				}
				if err := json.Unmarshal(change, &is); err != nil || is.Error != "" {
					t.Errorf("%s: %v", change, err)
					return
				}
				seen++
				last = last || is.New.Last
				slowest = max(slowest, time.Since(time.UnixMicro(is.New.At)))
			}
		}
	})
	end := time.Now().Add(sleep)
	counts := make([]int, writers)
	for w := range writers {
		conn := dial(t, s)
		writing.Go(func() {
			for tick := time.NewTicker(writers * time.Second / perSecond); time.Now().Before(end); <-tick.C {
				row := map[string]any{"n": counts[w], "w": w, "at": time.Now().UnixMicro()}
				term := harness.TermOpt(update, map[string]any{"durability": "soft"}, harness.Term(get, table, (counts[w]*writers+w)%rows), row)
				if _, err := conn.Run(term); err != nil {
					t.Error(err)
					return
				}
				counts[w]++
			}
		})
	}
	writing.Wait()
	for _, n := range counts {
		written += n
	}
	if _, err := c.Run(harness.Term(update, harness.Term(get, table, 0), map[string]any{"last": true, "at": time.Now().UnixMicro()})); err != nil {
		t.Fatal(err)
	}
	reading.Wait()
	if seen != written+1 {
		t.Errorf("who reads has seen %d changes of %d", seen, written+1)
	}
	grown := peakBytes(t, s.Pid()) - before
	t.Logf("%d changes in %v; who reads has had each within %v; the server grew by %d MB", written, sleep, slowest, grown>>20)
	if grown > growthBytes {
		t.Errorf("the server grew by %d MB", grown>>20)
	}

	for name, sleeper := range map[string]struct {
		conn *harness.Conn
		feed uint64
	}{"silent": {silent, silentFeed}, "deaf": {deaf, deafFeed}} {
		got, skipped := 0, 0
		for got+skipped < written+1 {
			if name == "silent" || got > 0 {
				if err := sleeper.conn.Continue(sleeper.feed); err != nil {
					t.Fatal(err)
				}
			}
			token, r, err := sleeper.conn.Receive()
			if err != nil || token != sleeper.feed {
				t.Fatalf("%s: an answer to %d: %v", name, token, err)
			}
			for _, change := range r.Result {
				var n int
				if _, err := fmt.Sscanf(string(change), `{"error":"Changefeed cache over array size limit, skipped %d elements."}`, &n); err == nil {
					skipped += n
				} else {
					got++
				}
			}
		}
		t.Logf("%s: on waking it has %d changes, and %d were skipped", name, got, skipped)
		if got+skipped != written+1 || skipped == 0 && written > 2*queue {
			t.Errorf("%s: %d changes and %d skipped of %d", name, got, skipped, written+1)
		}
	}
}
