//go:build integration

package crash

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

var resumeRounds = flag.Int("resume-rounds", 15, "how often the server is killed under feeds that resume")

const (
	feedsOfKind  = 2
	feedWriters  = 5
	watchedRows  = 30
	catchUpTime  = time.Minute // a guard against a feed that hangs
	resumeCutOne = 12          // of so many answers a client drops one in the middle, with its connection
)

// watchedSequences are the kinds of feeds that can be resumed.
func watchedSequences() map[string]any {
	watched := table("watched")
	small := harness.Term(harness.Func, harness.Term(harness.MakeArray, 1),
		harness.Term(harness.Less, harness.Term(harness.Bracket, harness.Term(harness.Var, 1), "v"), 5))
	by := func(index string) map[string]any { return map[string]any{"index": index} }
	return map[string]any{
		"table":           watched,
		"row":             harness.Term(harness.Get, watched, 3),
		"keys":            harness.Term(harness.GetAll, watched, 1, 2, 2, 5),
		"range":           harness.Term(harness.Between, watched, 5, 20),
		"filter":          harness.Term(harness.Filter, watched, small),
		"pluck":           harness.Term(harness.Pluck, watched, "v"),
		"range by index":  harness.TermOpt(harness.Between, by("v"), watched, 2, 7),
		"values by index": harness.TermOpt(harness.GetAll, by("v"), watched, 1, 4, 4),
		"multi index":     harness.TermOpt(harness.GetAll, by("m"), watched, 1, 3),
		"geometry":        harness.TermOpt(harness.Intersects, by("g"), watched, harness.Term(harness.Circle, harness.Term(harness.MakeArray, 0, 0), 600_000)),
		"union":           harness.Term(harness.Union, harness.Term(harness.GetAll, watched, 7, 8), harness.Term(harness.Filter, table("beside"), small)),
	}
}

// watcher is a client of one feed, which remembers what the feed has told it, and the last token, as an application would in a
// transaction. Connections and servers come and go.
type watcher struct {
	name     string
	sequence any
	options  map[string]any
	rng      *rand.Rand

	mu     sync.Mutex // guards what follows
	values map[string]int
	token  string
	bad    error
}

// TestKilledServerResumesFeeds lets writers change tables until the server is killed, with feeds of all kinds open. Their clients
// resume when it is back. What a client has been told must then come to what the same query without changes gives: a
// change that was missed or told twice shows up there, or takes away what is not there.
func TestKilledServerResumesFeeds(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 5))
	dir := filepath.Join(t.TempDir(), "data")
	var watchers []*watcher
	sequences := watchedSequences()
	for i, name := range slices.Sorted(maps.Keys(sequences)) {
		for n := range feedsOfKind {
			options := map[string]any{"include_initial": true, "include_states": true, "include_resume_token": true}
			if n%2 == 1 {
				options["squash"] = []any{true, 0.02}[i%2]
			}
			watchers = append(watchers, &watcher{name: name, sequence: sequences[name], options: options, values: map[string]int{},
				rng: rand.New(rand.NewPCG(*seed, uint64(1000+len(watchers))))})
		}
	}
	events := 0
	for round := range *resumeRounds + 1 {
		server := harness.Start(t, dir)
		if round == 0 {
			createWatched(t, server)
		}
		var watching sync.WaitGroup
		for _, w := range watchers {
			watching.Go(func() { w.watch(server) })
		}
		compareWatchers(t, server, watchers)
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
		if round < *resumeRounds {
			events += changeWatched(t, server, rng, round)
		}
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		watching.Wait()
	}
	t.Logf("%d rounds, %d feeds, %d writes", *resumeRounds, len(watchers), events)
}

func createWatched(t *testing.T, server *harness.Server) {
	t.Helper()
	c := dial(t, server)
	for _, term := range []any{
		harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "watched"),
		harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "beside"),
		harness.Term(harness.IndexCreate, table("watched"), "v"),
		harness.TermOpt(harness.IndexCreate, map[string]any{"multi": true}, table("watched"), "m"),
		harness.TermOpt(harness.IndexCreate, map[string]any{"geo": true}, table("watched"), "g"),
		harness.Term(harness.IndexWait, table("watched")),
	} {
		if _, err := c.Run(term); err != nil {
			t.Fatal(err)
		}
	}
}

// watch follows the feed until the server is gone. Now and then it loses its connection before that.
func (w *watcher) watch(server *harness.Server) {
	for w.failed() == nil {
		c, err := harness.Dial(server.Addr())
		if err != nil {
			return // the server is gone
		}
		cut, err := w.follow(c)
		if bad := c.Close(); err == nil {
			err = bad
		}
		if !cut {
			if err != nil && !broken(err) {
				w.fail(err)
			}
			return
		}
	}
}

// follow reads answers until the connection ends; cut says that we have ended it.
func (w *watcher) follow(c *harness.Conn) (cut bool, err error) {
	options := maps.Clone(w.options)
	w.mu.Lock()
	if w.token == "" {
		clear(w.values) // what came of the initial values comes again
	} else {
		options["resume_after"] = w.token
	}
	w.mu.Unlock()
	token, err := c.Send([]any{1, harness.TermOpt(harness.Changes, options, w.sequence), map[string]any{}})
	for err == nil {
		var r harness.Response
		if _, r, err = c.Receive(); err != nil {
			break
		}
		if r.Type == harness.RuntimeError && stopping(r.Result) {
			return false, nil
		}
		if r.Type != harness.SuccessPartial {
			return false, fmt.Errorf("answer %d: %s", r.Type, r.Result)
		}
		take := len(r.Result)
		if w.rng.IntN(resumeCutOne) == 0 {
			cut, take = true, w.rng.IntN(take+1)
		}
		if err := w.apply(r.Result[:take]); err != nil || cut {
			return cut, err
		}
		err = c.Continue(token)
	}
	return false, err
}

// stopping tells whether an error is one of a server that was told to stop.
func stopping(result []json.RawMessage) bool {
	text := fmt.Sprintf("%s", result)
	return strings.Contains(text, "Server is shutting down.") || strings.Contains(text, "Changefeed aborted (unavailable).")
}

func (w *watcher) apply(events []json.RawMessage) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, raw := range events {
		var e struct {
			Old   json.RawMessage `json:"old_val"`
			New   json.RawMessage `json:"new_val"`
			Token string          `json:"resume_token"`
			Error string          `json:"error"`
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		if e.Error != "" {
			return fmt.Errorf("the feed says %s", raw)
		}
		if old := string(e.Old); old != "" && old != "null" {
			if w.values[old]--; w.values[old] < 0 {
				return fmt.Errorf("%s takes away what is not there", raw)
			}
			if w.values[old] == 0 {
				delete(w.values, old)
			}
		}
		if added := string(e.New); added != "" && added != "null" {
			w.values[added]++
		}
		if e.Token != "" {
			w.token = e.Token
		}
	}
	return nil
}

func (w *watcher) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.bad == nil {
		w.bad = err
	}
}

func (w *watcher) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bad
}

// compareWatchers waits until each client knows what the query of its feed gives. Nobody writes meanwhile.
func compareWatchers(t *testing.T, server *harness.Server, watchers []*watcher) {
	t.Helper()
	c := dial(t, server)
	deadline := time.Now().Add(catchUpTime)
	for _, w := range watchers {
		rows, err := c.Run(w.sequence)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for _, r := range rows {
			if string(r) != "null" {
				want[string(r)]++
			}
		}
		for {
			w.mu.Lock()
			same, known, bad := w.token != "" && maps.Equal(w.values, want), maps.Clone(w.values), w.bad
			w.mu.Unlock()
			if bad != nil {
				t.Errorf("feed of %s (%v): %v", w.name, w.options, bad)
				break
			}
			if same {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("feed of %s (%v) has told\n%v\nbut there is\n%v", w.name, w.options, known, want)
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
}

// changeWatched writes for a while and then ends the server, mostly by killing it. It returns how many writes were acknowledged.
func changeWatched(t *testing.T, server *harness.Server, rng *rand.Rand, round int) int {
	t.Helper()
	var (
		writing sync.WaitGroup
		counts  [feedWriters]int
	)
	for n := range feedWriters {
		c := dial(t, server)
		writing.Go(func() {
			rng := rand.New(rand.NewPCG(*seed, uint64(100_000+round*feedWriters+n)))
			for {
				_, err := c.Run(watchedWrite(rng))
				if err != nil {
					if !broken(err) && round%5 != 4 {
						t.Errorf("write: %v", err)
					}
					return
				}
				counts[n]++
			}
		})
	}
	over := time.After(time.Duration(20+rng.IntN(200)) * time.Millisecond)
	<-over
	var err error
	if round%5 == 4 {
		err = server.Stop(syscall.SIGTERM)
	} else {
		err = server.Kill()
	}
	if err != nil {
		t.Error(err)
	}
	writing.Wait()
	sum := 0
	for _, n := range counts {
		sum += n
	}
	return sum
}

// watchedWrite makes a random write, hard or soft.
func watchedWrite(rng *rand.Rand) any {
	row := func() map[string]any {
		m := []any{}
		for range rng.IntN(4) {
			m = append(m, rng.IntN(5))
		}
		return map[string]any{"id": rng.IntN(watchedRows), "v": rng.IntN(10), "m": harness.Term(harness.MakeArray, m...),
			"g": harness.Term(harness.Point, rng.IntN(10), rng.IntN(10)), "n": rng.IntN(1_000_000)}
	}
	name := "watched"
	if rng.IntN(4) == 0 {
		name = "beside"
	}
	options := map[string]any{"durability": []string{"hard", "soft"}[rng.IntN(2)]}
	switch rng.IntN(6) {
	case 0:
		return harness.TermOpt(harness.Delete, options, harness.Term(harness.Get, table(name), rng.IntN(watchedRows)))
	case 1:
		low := rng.IntN(watchedRows)
		return harness.TermOpt(harness.Delete, options, harness.Term(harness.Between, table(name), low, low+rng.IntN(5)))
	case 2:
		return harness.TermOpt(harness.Update, options, harness.Term(harness.Between, table(name), rng.IntN(watchedRows), watchedRows),
			map[string]any{"v": rng.IntN(10)})
	default:
		options["conflict"] = "replace"
		return harness.TermOpt(harness.Insert, options, table(name), harness.Term(harness.MakeArray, row(), row()))
	}
}
