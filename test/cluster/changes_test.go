//go:build cluster

package cluster

import (
	"fmt"
	"testing"

	"rethinkdb/test/harness"
)

const (
	termConfig    = 174
	termRebalance = 179
	termTableDrop = 61
	termTableList = 62
)

// Whoever changes something through one server, and goes to another one as soon as that is answered, finds it there.
func TestChangesAreKnownElsewhere(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b := all[0], all[1]
	a.createTable("t", 3)
	for i := range 30 {
		a.answer(harness.Term(harness.Insert, table("t"), map[string]any{"id": i}))
	}
	sees := func(term any, want string) {
		t.Helper()
		if got := b.answer(term); got != want {
			t.Errorf("%s answers %s to %s, want %s", b.name, got, show(term), want)
		}
	}
	at := func(term any, path ...any) any {
		for _, p := range path {
			term = harness.Term(harness.Bracket, term, p)
		}
		return term
	}
	config, status := harness.Term(termConfig, table("t")), harness.Term(termStatus, table("t"))
	for i := range 3 * *long {
		shards, first := 1+i%3, all[i%3]
		a.reshard("t", shards, 3)
		sees(harness.Term(harness.Count, at(config, "shards")), fmt.Sprint(shards))
		b.awaitReplicas("t")
		sees(harness.Term(harness.Count, at(status, "shards")), fmt.Sprint(shards))
		sees(harness.Term(harness.Count, table("t")), "30")

		a.answer(place("t", first, all[(i+1)%3]))
		b.awaitReplicas("t")
		sees(at(status, "shards", 0, "primary_replicas", 0), fmt.Sprintf("%q", first.name))
		sees(harness.Term(harness.Count, table("t")), "30")

		a.reshard("t", 2, 1)
		b.awaitReplicas("t")
		a.answer(harness.Term(termRebalance, table("t")))
		b.awaitReplicas("t")
		sees(at(status, "status", "all_replicas_ready"), "true")
		sees(harness.Term(harness.Count, table("t")), "30")

		a.answer(harness.Term(harness.Update, at(systemTable("server_config"), 0), map[string]any{"tags": harness.Term(harness.MakeArray, "default", fmt.Sprintf("t%d", i))}))
		sees(at(systemTable("server_config"), 0, "tags", 1), fmt.Sprintf("\"t%d\"", i))
	}
	a.answer(harness.Term(harness.Update, config, map[string]any{"name": "u"}))
	sees(harness.Term(harness.Count, table("u")), "30")
	a.answer(harness.Term(termTableDrop, harness.Term(harness.DB, "test"), "u"))
	sees(harness.Term(termTableList, harness.Term(harness.DB, "test")), "[]")
}
