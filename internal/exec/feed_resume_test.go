package exec_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/race"
)

// How often feeds are cut: those of several streams take longer to open.
var (
	cutsInTest       = race.Fewer(300)
	cutsOfSpreadTest = race.Fewer(50)
)

// resumable tells whether feeds of the kind have tokens.
func resumable(sequence string) bool { return !strings.Contains(sequence, "limit(") }

// TestResumedReplay is TestReplay for feeds that are cut again and again, somewhere among the events that have arrived, and go on
// behind the last event that was looked at.
func TestResumedReplay(t *testing.T) { resumedReplay(t, newServer(t), cutsInTest) }

func TestResumedReplayElsewhere(t *testing.T) { resumedReplay(t, newTwins(t), cutsOfSpreadTest) }

func TestResumedReplaySpread(t *testing.T) { resumedReplay(t, newSpread(t), cutsOfSpreadTest) }

func resumedReplay(t *testing.T, s *server, enoughCuts int) {
	resumedReplayBeside(t, s, enoughCuts, func() func() { return func() {} })
}

func resumedReplayBeside(t *testing.T, s *server, enoughCuts int, begin func() (stop func())) {
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
	enough := make(chan struct{})
	stop := sync.OnceFunc(func() {
		close(enough)
		writers.Wait()
	})
	t.Cleanup(stop)
	for w := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, w))
		writers.Go(func() {
			for {
				select {
				case <-enough:
					return
				default:
					s.write(t, rnd)
				}
			}
		})
	}
	kinds := replayed
	kinds = append(kinds[:len(kinds):len(kinds)], struct{ sequence, options string }{`r.table("t").get(3)`, ``}, struct{ sequence, options string }{`r.table("t").get(4)`, `squash: true, `})
	rnd := rand.New(rand.NewPCG(seed, 99))
	var shadows []*shadow
	var sequences []string
	for _, k := range kinds {
		if !resumable(k.sequence) {
			continue
		}
		open := k.sequence + `.changes(` + k.options + `include_resume_token: true, `
		f := s.openFeed(t, open+`include_initial: true, include_states: true)`)
		shadows = append(shadows, &shadow{feed: f, values: map[string]int{}})
		sequences = append(sequences, k.sequence)
	}
	defer func() {
		for _, x := range shadows {
			x.feed.close()
		}
	}()
	stopBeside := begin()
	for cuts := 0; cuts < enoughCuts; {
		x := shadows[rnd.IntN(len(shadows))]
		rows := x.feed.take()
		if len(rows) == 0 && rnd.IntN(4) > 0 {
			continue
		}
		if rnd.IntN(3) > 0 {
			x.apply(t, rows)
			continue
		}
		x.apply(t, rows[:rnd.IntN(len(rows)+1)])
		if x.token == "" {
			x.values = map[string]int{}
		}
		x.reopen(t, s)
		cuts++
	}
	stopBeside()
	stop()
	for i, x := range shadows {
		x.reopen(t, s)
		var want []string
		for _, r := range s.start(t, mustQuery(t, sequences[i])) {
			for _, v := range r.R {
				if string(v) != "null" {
					want = append(want, string(v))
				}
			}
		}
		eventually(t, func() bool {
			x.follow(t)
			return x.same(want)
		}, func() string {
			return fmt.Sprintf("%s\nreplays to %v\nbut is %v", x.feed.name, x.values, want)
		})
	}
}

// reopen ends the feed, with what has arrived and was not looked at, and goes on behind its last token.
func (s *shadow) reopen(t *testing.T, server *server) {
	t.Helper()
	s.feed.close()
	query, _, _ := strings.Cut(s.feed.name, "resume_after:")
	query = strings.TrimSuffix(query, ")")
	if s.token != "" {
		query = strings.TrimSuffix(query, ", ") + `, resume_after: "` + s.token + `"`
	}
	feed, refused := server.tryFeed(t, query+")")
	if refused == "" {
		s.feed = feed
		return
	}
	// The token may be among the changes of a batch, which are in several groups now, or among what one of several groups has inherited that are one now (version 3).
	if among := strings.Contains(query, "squash") || strings.HasPrefix(s.token, "Aw"); !server.unsteady || !among || !strings.Contains(refused, "was divided into other shards since.") {
		t.Fatal(refused)
	}
	query, _, _ = strings.Cut(query, "resume_after:")
	s.token, s.values = "", map[string]int{}
	s.feed = server.openFeed(t, strings.TrimSuffix(query, ", ")+", include_initial: true)")
}
