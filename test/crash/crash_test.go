//go:build integration

package crash

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

var (
	cycles = flag.Int("cycles", 100, "how often the server is killed")
	seed   = flag.Uint64("seed", 0, "seed of the load; 0 chooses one")
)

const (
	writers  = 12  // connections with hard writes
	keysEach = 400 // keys of one writer
	padBytes = 300

	// versionsPerCycle keeps the versions of different cycles apart; no cycle writes as many rows.
	versionsPerCycle = 10_000_000

	maxRestart = 20 * time.Second // from the start of the process to the first answer; a guard against a start that hangs

	// softLoss is what a soft write may take with it: a second, and the time that the machine may take to get round to it.
	softLoss = 3 * time.Second
)

// key is what one writer knows of one of its rows. Each writer has its own keys, so that it knows the order of their writes.
type key struct {
	acknowledged int // version of the row, 0 for no row
	pending      int // version that was sent and not acknowledged; equal to acknowledged when there is none
}

// TestKilledServerKeepsAcknowledgedWrites runs random inserts, updates and deletes with hard durability until the server is
// killed at a random moment. A row must then be as its last acknowledged write left it, or as the write that was under way
// would have.
func TestKilledServerKeepsAcknowledgedWrites(t *testing.T) {
	killAndCheck(t, *cycles, func(int) []string { return nil })
}

// killAndCheck does that, with options for each cycle.
func killAndCheck(t *testing.T, cycles int, options func(cycle int) []string) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 1))
	dir := filepath.Join(t.TempDir(), "data")
	state := make([][]key, writers)
	for w := range state {
		state[w] = make([]key, keysEach)
	}
	soft := &softLog{}
	var writes, slowest int64
	for cycle := range cycles {
		began := time.Now()
		server := harness.Start(t, dir, options(cycle)...)
		if cycle == 0 {
			createTables(t, server)
		} else {
			check(t, server, state, soft)
		}
		if took := time.Since(began); took > maxRestart {
			t.Errorf("cycle %d: %v from the start to the end of the check", cycle, took)
		} else {
			slowest = max(slowest, took.Milliseconds())
		}
		run := time.Duration(30+rng.IntN(370)) * time.Millisecond
		if cycle%10 == 9 {
			run = softLoss + 500*time.Millisecond // long enough for soft writes to have to be on disk
		}
		writes += load(t, server, state, soft, run, cycle)
		if t.Failed() {
			t.Fatalf("in cycle %d", cycle)
		}
	}
	server := harness.Start(t, dir, options(cycles)...)
	check(t, server, state, soft)
	t.Logf("%d cycles, %d acknowledged hard writes, slowest restart with check %d ms", cycles, writes, slowest)
}

func createTables(t *testing.T, server *harness.Server) {
	t.Helper()
	c := dial(t, server)
	for _, name := range []string{"hard", "soft"} {
		if _, err := c.Run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), name)); err != nil {
			t.Fatal(err)
		}
	}
}

func dial(t *testing.T, server *harness.Server) *harness.Conn {
	t.Helper()
	c, err := harness.Dial(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

func table(name string) any {
	return harness.Term(harness.Table, harness.Term(harness.DB, "test"), name)
}

func rowID(writer, n int) string { return fmt.Sprintf("%02d-%05d", writer, n) }

// row is the whole content of a row as a function of its key and version, so that a mixture of two versions is noticed.
type row struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Pad     string `json:"pad"`
}

func makeRow(id string, version int) row {
	pad := make([]byte, padBytes+version%100)
	for i := range pad {
		pad[i] = byte('a' + (i*version+len(id))%26)
	}
	return row{id, version, string(pad)}
}

// load writes until the server is killed, after run, and returns how many hard writes were acknowledged.
func load(t *testing.T, server *harness.Server, state [][]key, soft *softLog, run time.Duration, cycle int) int64 {
	t.Helper()
	var (
		wg     sync.WaitGroup
		counts = make([]int64, writers)
	)
	for w := range writers {
		c := dial(t, server)
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(*seed, uint64(cycle*writers+w+2)))
			counts[w] = write(t, c, w, state[w], (cycle+1)*versionsPerCycle, rng)
		})
	}
	softConn := dial(t, server)
	wg.Go(func() { soft.write(t, softConn) })
	time.AfterFunc(run, func() {
		soft.killed()
		if err := server.Kill(); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if err := server.Kill(); err != nil {
		t.Error(err)
	}
	var sum int64
	for _, n := range counts {
		sum += n
	}
	return sum
}

// write runs one writer until its connection breaks.
func write(t *testing.T, c *harness.Conn, w int, keys []key, version int, rng *rand.Rand) (acknowledged int64) {
	for {
		n := rng.IntN(len(keys))
		k := &keys[n]
		id := rowID(w, n)
		version++
		var term any
		switch {
		case k.acknowledged == 0:
			k.pending = version
			term = harness.TermOpt(harness.Insert, hard, table("hard"), makeRow(id, version))
		case rng.IntN(5) == 0:
			k.pending = 0
			term = harness.TermOpt(harness.Delete, hard, harness.Term(harness.Get, table("hard"), id))
		default:
			k.pending = version
			term = harness.TermOpt(harness.Replace, hard, harness.Term(harness.Get, table("hard"), id), makeRow(id, version))
		}
		var result struct {
			Inserted, Replaced, Deleted int
			FirstError                  string `json:"first_error"`
		}
		if err := c.One(term, &result); err != nil {
			if !broken(err) {
				t.Errorf("write of %s: %v", id, err)
			}
			return acknowledged
		}
		if result.Inserted+result.Replaced+result.Deleted != 1 {
			t.Errorf("write of %s changed nothing: %+v", id, result)
			return acknowledged
		}
		k.acknowledged = k.pending
		acknowledged++
	}
}

var (
	hard     = map[string]any{"durability": "hard"}
	softOpts = map[string]any{"durability": "soft"}
)

// broken tells whether the connection ended, as it does when the server is killed.
func broken(err error) bool {
	_, isNet := errors.AsType[net.Error](err)
	return isNet || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// softLog is the writer of soft writes: it inserts rows with growing keys and remembers when each was acknowledged.
type softLog struct {
	mu           sync.Mutex
	next         int
	acknowledged []time.Time // of row i
	durable      int         // rows that must survive, as of the last kill
}

func (s *softLog) write(t *testing.T, c *harness.Conn) {
	for {
		s.mu.Lock()
		n := s.next
		s.mu.Unlock()
		var result struct{ Inserted int }
		err := c.One(harness.TermOpt(harness.Insert, softOpts, table("soft"), map[string]any{"id": n}), &result)
		if err != nil {
			if !broken(err) {
				t.Errorf("soft write %d: %v", n, err)
			}
			return
		}
		if result.Inserted != 1 {
			t.Errorf("soft write %d was not inserted", n)
			return
		}
		s.mu.Lock()
		s.acknowledged = append(s.acknowledged, time.Now())
		s.next = n + 1
		s.mu.Unlock()
	}
}

// killed fixes which soft writes are old enough to be required.
func (s *softLog) killed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := time.Now().Add(-softLoss)
	for s.durable < len(s.acknowledged) && s.acknowledged[s.durable].Before(old) {
		s.durable++
	}
}

// check compares the tables of a restarted server with what the writers know, and takes over what it finds.
func check(t *testing.T, server *harness.Server, state [][]key, soft *softLog) {
	t.Helper()
	c := dial(t, server)
	found := map[string]row{}
	for _, raw := range scan(t, c, "hard") {
		var r row
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		if want := makeRow(r.ID, r.Version); r != want {
			t.Errorf("row %s is a mixture: %+v", r.ID, r)
		}
		found[r.ID] = r
	}
	known := 0
	for w, keys := range state {
		for n := range keys {
			k := &keys[n]
			id := rowID(w, n)
			r, ok := found[id]
			if ok {
				known++
			}
			if got := r.Version; got != k.acknowledged && got != k.pending {
				t.Errorf("row %s has version %d; acknowledged is %d, under way was %d (0 is no row)", id, got, k.acknowledged, k.pending)
			}
			k.acknowledged, k.pending = r.Version, r.Version
		}
	}
	if known != len(found) {
		t.Errorf("%d rows that nobody wrote", len(found)-known)
	}

	rows := scan(t, c, "soft")
	soft.mu.Lock()
	defer soft.mu.Unlock()
	if len(rows) < soft.durable {
		t.Errorf("%d soft writes survived, but %d were older than %v", len(rows), soft.durable, softLoss)
	}
	for i, raw := range rows { // in order of the key: no gap may be in front of a row that survived
		var r struct{ ID int }
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatal(err)
		}
		if r.ID != i {
			t.Errorf("soft write %d is there and %d is not", r.ID, i)
			break
		}
	}
	soft.next = len(rows)
	soft.acknowledged = append(soft.acknowledged[:min(len(soft.acknowledged), len(rows))],
		make([]time.Time, max(0, len(rows)-len(soft.acknowledged)))...)
	soft.durable = len(rows) // the check has seen them, and a restart writes nothing that a second one could lose
}

// scan reads a whole table in the order of its key, and compares its count.
func scan(t *testing.T, c *harness.Conn, name string) []json.RawMessage {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	rows, err := c.Run(harness.TermOpt(harness.OrderBy, map[string]any{"index": "id"}, table(name)))
	if err != nil {
		t.Fatal(err)
	}
	var count int
	if err := c.One(harness.Term(harness.Count, table(name)), &count); err != nil {
		t.Fatal(err)
	}
	if count != len(rows) {
		t.Errorf("count() of %s is %d, a scan finds %d rows", name, count, len(rows))
	}
	return rows
}
