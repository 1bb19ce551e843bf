//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// tables is what clients know of the tables that they have created. In each table whose creation was acknowledged they have tried to insert a row.
type tables struct {
	t    *testing.T
	wg   sync.WaitGroup
	stop context.CancelFunc

	mu      sync.Mutex // guards what follows
	created map[string]outcome
	filled  map[string]outcome
	done    int
}

// startTables has a client at each server create tables until finish.
func startTables(t *testing.T, servers ...*server) *tables {
	ctx, stop := context.WithCancel(t.Context())
	s := &tables{t: t, stop: stop, created: map[string]outcome{}, filled: map[string]outcome{}}
	t.Cleanup(s.finish)
	for i := range servers {
		s.wg.Go(func() { s.create(ctx, &client{servers: servers, at: i}, i) })
	}
	return s
}

func (s *tables) finish() {
	s.stop()
	s.wg.Wait()
}

func (s *tables) create(ctx context.Context, c *client, number int) {
	defer c.close()
	for n := 0; ctx.Err() == nil; n++ {
		name := fmt.Sprintf("t%d_%d", number, n)
		_, o, err := c.run(harness.TermOpt(harness.TableCreate, map[string]any{"replicas": 1 + n%3, "shards": 1 + n%2}, harness.Term(harness.DB, "test"), name))
		if err != nil {
			s.t.Error(err)
			return
		}
		s.note(s.created, name, o)
		if o != done {
			rest(ctx)
			continue
		}
		_, o, err = c.write(harness.Term(harness.Insert, table(name), map[string]any{"id": name}))
		if err != nil {
			s.t.Error(err)
			return
		}
		s.note(s.filled, name, o)
	}
}

func (s *tables) note(of map[string]outcome, name string, o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of[name] = o
	if o == done {
		s.done++
	}
}

// progress waits until some more tables are created, and filled.
func (s *tables) progress(n int) {
	s.t.Helper()
	count := func() int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.done
	}
	want := count() + 2*n
	for until := time.Now().Add(patience); count() < want; time.Sleep(5 * time.Millisecond) { // before it is counted again
		if s.t.Failed() || time.Now().After(until) {
			s.t.Fatalf("%d more tables were wanted, %d are missing", n, (want-count()+1)/2)
		}
	}
}

// check compares what there is, now that all servers are there, with what the clients know.
func (s *tables) check(m *server) {
	s.t.Helper()
	s.finish()
	var names []string
	if err := json.Unmarshal([]byte(m.answer(harness.Term(termTableList, harness.Term(harness.DB, "test")))), &names); err != nil {
		s.t.Fatal(err)
	}
	for name, o := range s.created {
		if is := slices.Contains(names, name); is && o == refused || !is && o == done {
			s.t.Errorf("table %s is there: %v; its creation has the outcome %d", name, is, o)
		}
	}
	for _, name := range names {
		m.awaitReplicas(name)
		rows, want := m.answer(harness.Term(harness.Count, table(name))), "0"
		o, tried := s.filled[name]
		if o == done && tried {
			want = "1"
		}
		if rows != want && (!tried || o != unknown) {
			s.t.Errorf("table %s has %s rows, not %s", name, rows, want)
		}
		m.answer(harness.Term(harness.Insert, table(name), map[string]any{"id": "after"}))
	}
}

// Servers are killed, one after the other, while tables are created on all of them. What was acknowledged is there, and every table is whole when all servers are back.
func TestCreateWhileServersAreKilled(t *testing.T) {
	all := start(t, "a", "b", "c")
	created := startTables(t, all...)
	for round := range 6 * *long {
		victim := all[round%3]
		created.progress(10)
		victim.kill()
		created.progress(5)
		victim.start()
	}
	created.progress(10)
	awaitAll(all)
	created.check(all[1])
	t.Logf("%d tables were created", created.done/2)
}
