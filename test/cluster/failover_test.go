//go:build cluster

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// writer inserts one row after the other through one server, and remembers those that were acknowledged.
type writer struct {
	server *server
	prefix string
	stop   chan struct{}
	done   sync.WaitGroup

	mu      sync.Mutex
	acked   []string
	last    time.Time // of an acknowledgement
	longest time.Duration
}

func startWriter(s *server, prefix string) *writer {
	w := &writer{server: s, prefix: prefix, stop: make(chan struct{})}
	w.done.Go(w.run)
	return w
}

func (w *writer) run() {
	var conn *harness.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	for n := 0; ; n++ {
		select {
		case <-w.stop:
			return
		default:
		}
		if conn == nil {
			var err error
			if conn, err = harness.Dial(w.server.Addr()); err != nil {
				return // the server was killed
			}
		}
		id := fmt.Sprintf("%s-%d", w.prefix, n)
		var result struct{ Inserted int }
		err := conn.One(harness.Term(harness.Insert, table(), map[string]any{"id": id}), &result)
		if failed := new(harness.ReQLError); err != nil && !errors.As(err, &failed) {
			conn.Close()
			conn = nil // the connection broke
			continue
		}
		w.note(id, err == nil && result.Inserted == 1)
		if err != nil {
			time.Sleep(5 * time.Millisecond) // so that the log of a failure is not a flood
		}
	}
}

func (w *writer) note(id string, acked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !acked {
		return
	}
	now := time.Now()
	if !w.last.IsZero() {
		w.longest = max(w.longest, now.Sub(w.last))
	}
	w.last = now
	w.acked = append(w.acked, id)
}

// count is how many rows were acknowledged until now.
func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.acked)
}

// await waits until so many more rows were acknowledged.
func (w *writer) await(t *testing.T, more int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for want := w.count() + more; w.count() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("writer %s has had %d rows acknowledged and gets no further\n%s", w.prefix, w.count(), w.server.Output())
		}
	}
}

func (w *writer) end() {
	close(w.stop)
	w.done.Wait()
}

// check looks for all acknowledged rows, in the table and in the replica of each server.
func check(t *testing.T, servers []*server, writers ...*writer) {
	t.Helper()
	majority := harness.TermOpt(harness.Table, map[string]any{"read_mode": "majority"}, harness.Term(harness.DB, "test"), "t")
	missing := -1
	servers[0].eventually("reads the table", func() bool {
		missing = lacks(servers[0], majority, writers)
		return missing >= 0
	})
	if missing > 0 {
		t.Errorf("%d rows that were acknowledged are lost", missing)
	}
	for _, s := range servers {
		s.eventually("has all rows in its replica", func() bool { return lacks(s, outdated(), writers) == 0 })
	}
}

// lacks counts the acknowledged rows that are not there; -1 means that nobody could say.
func lacks(s *server, table any, writers []*writer) int {
	conn, err := harness.Dial(s.Addr())
	if err != nil {
		return -1
	}
	defer conn.Close()
	rows, err := conn.Run(harness.Term(harness.Pluck, table, "id"))
	if err != nil {
		return -1
	}
	there := map[string]bool{}
	for _, r := range rows {
		var row struct{ ID string }
		if err := json.Unmarshal(r, &row); err != nil {
			return -1
		}
		there[row.ID] = true
	}
	missing := 0
	for _, w := range writers {
		for _, id := range w.acked {
			if !there[id] {
				missing++
			}
		}
	}
	return missing
}

// A server that is killed is replaced where it had the primary replica, and nothing that was acknowledged is lost.
func TestKilledPrimary(t *testing.T) {
	servers := start(t, "a", "b", "c")
	createTable(servers)
	for round := range servers {
		killed := servers[round] // one of them has the primary replica
		rest := others(servers, killed)
		var writers []*writer
		for i, s := range rest {
			writers = append(writers, startWriter(s, fmt.Sprintf("kill%d-%d", round, i)))
		}
		for _, w := range writers {
			w.await(t, 100)
		}
		if err := killed.Kill(); err != nil {
			t.Fatal(err)
		}
		for _, w := range writers {
			w.await(t, 100)
			w.end()
			t.Logf("killed %s: %d rows were acknowledged through %s, with a pause of %v", killed.name, w.count(), w.server.name, w.longest)
			if w.longest > 5*time.Second { // far more than it takes on a machine that has nothing else to do
				t.Errorf("writes paused for %v", w.longest)
			}
		}
		killed.start()
		check(t, servers, writers...)
	}
}

// So is that of a server that is silent, as a frozen one; and it finds its way back.
func TestSilentPrimary(t *testing.T) {
	servers := start(t, "a", "b", "c")
	createTable(servers)
	frozen := servers[0] // which the table was made by, and has its primary replica
	var writers []*writer
	for i, s := range others(servers, frozen) {
		writers = append(writers, startWriter(s, fmt.Sprintf("stop-%d", i)))
	}
	for _, w := range writers {
		w.await(t, 100)
	}
	if err := syscall.Kill(frozen.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, w := range writers {
		w.await(t, 100)
	}
	if err := syscall.Kill(frozen.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, w := range writers {
		w.await(t, 100)
		w.end()
		t.Logf("stopped %s: %d rows were acknowledged through %s, with a pause of %v", frozen.name, w.count(), w.server.name, w.longest)
	}
	check(t, servers, writers...)
}

// All servers are killed at once: what was acknowledged is on the disks of a majority.
func TestAllKilled(t *testing.T) {
	servers := start(t, "a", "b", "c")
	createTable(servers)
	var writers []*writer
	for i, s := range servers {
		writers = append(writers, startWriter(s, fmt.Sprintf("all-%d", i)))
	}
	for _, w := range writers {
		w.await(t, 200)
	}
	for _, s := range servers {
		if err := syscall.Kill(s.Pid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range servers {
		if err := s.Kill(); err != nil {
			t.Fatal(err)
		}
		writers[i].end()
	}
	for _, s := range servers {
		s.words = nil
		s.start()
	}
	for _, s := range servers {
		s.awaitServers("a", "b", "c")
	}
	check(t, servers, writers...)
}
