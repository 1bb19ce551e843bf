package exec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/reql/reqltest"
	"rethinkdb/internal/session"
)

// feedReader is a client of one feed.
type feedReader struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}

	mu    sync.Mutex
	rows  []json.RawMessage // not yet looked at
	ended *response
}

// openFeed starts a feed and returns after its first answer.
func (s *server) openFeed(t testing.TB, script string) *feedReader {
	t.Helper()
	f, refused := s.tryFeed(t, script)
	if refused != "" {
		t.Fatal(refused)
	}
	return f
}

// tryFeed is openFeed, or tells why there is none.
func (s *server) tryFeed(t testing.TB, script string) (f *feedReader, refused string) {
	t.Helper()
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	q, bad := reql.ParseQuery(body)
	if bad != nil {
		t.Fatal(bad)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f = &feedReader{name: script, cancel: cancel, done: make(chan struct{})}
	out, cur := s.compiler.Compile(q).Start(ctx, nil)
	first := parseResponse(t, out)
	if first.T >= int(reql.ClientError) {
		cancel()
		return nil, fmt.Sprintf("%s: %s", script, out)
	}
	f.rows = first.R
	if cur == nil {
		f.ended = &first
		close(f.done)
		return f, ""
	}
	go f.read(ctx, t, cur.(session.Feed))
	return f, ""
}

// read fetches until the feed ends or the test has enough.
func (f *feedReader) read(ctx context.Context, t testing.TB, feed session.Feed) {
	defer close(f.done)
	defer feed.Close()
	for {
		wake := make(chan struct{}, 1)
		wakeUp := func() {
			select {
			case wake <- struct{}{}:
			default: // each part of a union may wake
			}
		}
		if feed.Wait(wakeUp) {
			select {
			case <-wake:
			case <-ctx.Done():
				return
			}
		}
		out, more := feed.Next(ctx, nil)
		if len(out) == 0 {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		r := parseResponse(t, out)
		f.mu.Lock()
		if r.T < int(reql.ClientError) {
			f.rows = append(f.rows, r.R...)
		}
		if !more {
			f.ended = &r
		}
		f.mu.Unlock()
		if !more {
			return
		}
	}
}

func (f *feedReader) close() {
	f.cancel()
	<-f.done
}

// take returns what has arrived since the last call.
func (f *feedReader) take() []json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	rows := f.rows
	f.rows = nil
	return rows
}

// show waits for n events, or for the end of the feed behind them, and gives what has come. More events than that would have come
// with the last of them, or show up in the next call.
func (f *feedReader) show(t testing.TB, n int, end bool) string {
	t.Helper()
	var got []string
	take := func() {
		for _, r := range f.take() {
			got = append(got, string(r))
		}
	}
	eventually(t, func() bool {
		take()
		return len(got) >= n
	}, func() string { return fmt.Sprintf("%s gave %d of %d events: %s", f.name, len(got), n, got) })
	if end {
		<-f.done
		take()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended != nil {
		if f.ended.T >= int(reql.ClientError) {
			got = append(got, printError(t, *f.ended))
		} else {
			got = append(got, "end")
		}
	}
	return strings.Join(got, "\n")
}

func eventually(t testing.TB, ok func() bool, what func() string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal(what())
		}
		time.Sleep(time.Millisecond)
	}
}

// shadow is what a client makes of a feed: the values that the feed has now, with how often.
type shadow struct {
	feed   *feedReader
	values map[string]int
	places []string // with offsets: the values in their order
	token  string   // of the last event with one
	ready  bool     // with states: there are no more initial values
}

type change struct {
	Old       json.RawMessage `json:"old_val"`
	New       json.RawMessage `json:"new_val"`
	OldOffset *int            `json:"old_offset"`
	NewOffset *int            `json:"new_offset"`
	Error     string          `json:"error"`
	Token     string          `json:"resume_token"`
	State     string          `json:"state"`
}

// follow applies what has arrived.
func (s *shadow) follow(t *testing.T) {
	t.Helper()
	s.apply(t, s.feed.take())
}

func (s *shadow) apply(t *testing.T, rows []json.RawMessage) {
	t.Helper()
	for _, row := range rows {
		var c change
		if err := json.Unmarshal(row, &c); err != nil {
			t.Fatal(err)
		}
		if c.Error != "" {
			t.Fatalf("%s: %s", s.feed.name, row)
		}
		if c.Token != "" {
			s.token = c.Token
		}
		s.ready = s.ready || c.State == "ready"
		if old := string(c.Old); old != "" && old != "null" {
			if s.values[old]--; s.values[old] < 0 {
				t.Fatalf("%s: %s takes away what is not there; there is %v", s.feed.name, row, s.values)
			}
			if s.values[old] == 0 {
				delete(s.values, old)
			}
			if i := c.OldOffset; i != nil {
				if *i >= len(s.places) || s.places[*i] != old {
					t.Fatalf("%s: %s has a wrong old offset in %v", s.feed.name, row, s.places)
				}
				s.places = slices.Delete(s.places, *i, *i+1)
			}
		}
		if added := string(c.New); added != "" && added != "null" {
			s.values[added]++
			if i := c.NewOffset; i != nil {
				if *i > len(s.places) {
					t.Fatalf("%s: %s has a wrong new offset in %v", s.feed.name, row, s.places)
				}
				s.places = slices.Insert(s.places, *i, added)
			}
		}
	}
}

// same tells whether the shadow is what a query gives.
func (s *shadow) same(rows []string) bool {
	n := 0
	count := map[string]int{}
	for _, r := range rows {
		count[r]++
		n++
	}
	have := 0
	for v, k := range s.values {
		if count[v] != k {
			return false
		}
		have += k
	}
	return have == n && (s.places == nil || slices.Equal(s.places, rows))
}

// replayed are the kinds of feeds that TestReplay compares with what they are feeds of. $ stands for the options.
var replayed = []struct{ sequence, options string }{
	{`r.table("t")`, ``},
	{`r.table("t")`, `squash: true, `},
	{`r.table("t").filter(x => x("v").lt(5))`, ``},
	{`r.table("t").filter(x => x("v").lt(5))`, `squash: 0.01, `},
	{`r.table("t").map(x => x("v").add(1).mul(2))`, ``},
	{`r.table("t").pluck("id", "v").filter({v: 3})`, ``},
	{`r.table("t").between(5, 15)`, ``},
	{`r.table("t").getAll(1, 2, 3, 3)`, ``},
	{`r.table("t").between(2, 7, index: "v")`, ``},
	{`r.table("t").between(2, 7, index: "v")`, `squash: true, `},
	{`r.table("t").getAll(1, 4, 4, index: "v")`, ``},
	{`r.table("t").getAll(1, 4, index: "m").without("m")`, ``},
	{`r.table("t").between(1, 4, index: "m")`, `squash: true, `},
	{`r.table("t").getIntersecting(r.circle([0, 0], 600000), index: "g")`, ``},
	{`r.table("t").orderBy(index: "id").limit(4)`, ``},
	{`r.table("t").orderBy(index: "v").limit(5)`, ``},
	{`r.table("t").orderBy(index: "v").limit(5)`, `include_offsets: true, `},
	{`r.table("t").orderBy(index: r.desc("v")).limit(3)`, `include_offsets: true, squash: true, `},
	{`r.table("t").orderBy(index: r.desc("m")).pluck("v").limit(6)`, ``},
	{`r.table("t").between(2, 8, index: "v").orderBy(index: "v").filter(x => x("id").gt(4)).limit(3)`, `squash: true, `},
	{`r.table("t").getAll(3).union(r.table("t").filter({v: 1}))`, ``},
	{`r.table("t").filter(x => r.range(x("v")).count().gt(3))`, ``},
}

// TestReplay opens feeds of every kind while others write, and replays them: initial values and changes together have to come to
// what the same query without changes gives, and no change may take away what is not there.
func TestReplay(t *testing.T) { replay(t, newServer(t)) }

func TestReplayElsewhere(t *testing.T) { replay(t, newTwins(t)) }

func TestReplayDivided(t *testing.T) { replay(t, newDivided(t)) }

func TestReplaySpread(t *testing.T) { replay(t, newSpread(t)) }

func replay(t *testing.T, s *server) { replayBeside(t, s, nil) }

// replayBeside is replay while something else goes on, which is begun when all feeds have come to changes, and ends when all has been written. It may be nil.
func replayBeside(t *testing.T, s *server, begin func() (stop func())) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	s.run(t, `r.dbCreate("test")`)
	s.run(t, `r.tableCreate("t")`)
	for _, q := range []string{`r.table("t").indexCreate("v")`, `r.table("t").indexCreate("m", multi: true)`, `r.table("t").indexCreate("g", geo: true)`, `r.table("t").indexWait()`} {
		if out := s.run(t, q); !strings.HasPrefix(out, "{") && !strings.HasPrefix(out, "[") {
			t.Fatalf("%s: %s", q, out)
		}
	}
	var writers sync.WaitGroup
	t.Cleanup(writers.Wait)
	for w := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, w))
		writers.Go(func() {
			for range 300 {
				s.write(t, rnd)
			}
		})
	}
	var shadows []*shadow
	for round := range 2 {
		for _, k := range replayed {
			f := s.openFeed(t, k.sequence+`.changes(`+k.options+`include_initial: true, include_states: true)`)
			defer f.close()
			shadows = append(shadows, &shadow{feed: f, values: map[string]int{}})
		}
		if round == 0 {
			for range 20 {
				for _, x := range shadows {
					x.follow(t)
				}
			}
		}
	}
	stop := func() {}
	if begin != nil {
		for _, x := range shadows {
			eventually(t, func() bool {
				x.follow(t)
				return x.ready
			}, func() string { return x.feed.name + " gives initial values all the time" })
		}
		stop = begin()
	}
	writers.Wait()
	stop()
	for i, x := range shadows {
		sequence := replayed[i%len(replayed)].sequence
		if strings.Contains(x.feed.name, "offsets") && x.places == nil {
			x.places = []string{}
		}
		var want []string
		for _, r := range s.start(t, mustQuery(t, sequence)) {
			for _, v := range r.R {
				want = append(want, string(v))
			}
		}
		eventually(t, func() bool {
			x.follow(t)
			return x.same(want)
		}, func() string {
			return fmt.Sprintf("%s\nreplays to %v %v\nbut is %v\n%s", x.feed.name, x.values, x.places, want, x.feed.show(t, 0, false))
		})
	}
}

func mustQuery(t testing.TB, script string) []byte {
	t.Helper()
	body, err := reqltest.Query(script)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// write makes one random write.
func (s *server) write(t *testing.T, rnd *rand.Rand) {
	row := func() string {
		var m []string
		for range rnd.IntN(4) {
			m = append(m, fmt.Sprint(rnd.IntN(5)))
		}
		return fmt.Sprintf(`{id: %d, v: %d, m: [%s], g: r.point(%d, %d)}`, rnd.IntN(20), rnd.IntN(10), strings.Join(m, ", "), rnd.IntN(10), rnd.IntN(10))
	}
	var q string
	switch rnd.IntN(8) {
	case 0:
		q = `r.table("t").insert([` + row() + `, ` + row() + `, ` + row() + `], conflict: "replace")`
	case 1:
		q = fmt.Sprintf(`r.table("t").get(%d).update({v: %d})`, rnd.IntN(20), rnd.IntN(10))
	case 2:
		q = fmt.Sprintf(`r.table("t").get(%d).delete()`, rnd.IntN(20))
	case 3:
		q = fmt.Sprintf(`r.table("t").between(%d, 20).delete()`, 14+rnd.IntN(6))
	case 4:
		q = fmt.Sprintf(`r.table("t").getAll(%d, index: "v").update(x => ({v: x("v").add(1)}))`, rnd.IntN(10))
	default:
		q = `r.table("t").insert(` + row() + `, conflict: "replace")`
	}
	if out := s.run(t, q); !strings.Contains(out, `"errors":0`) && (!s.unsteady || !strings.Contains(out, "not available")) {
		t.Errorf("%s: %s", q, out)
	}
}
