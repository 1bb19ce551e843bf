//go:build cluster

package cluster

import (
	"fmt"
	"strings"
	"time"

	"rethinkdb/test/harness"
)

// Numbers of terms that only this suite sends.
const (
	termReconfigure = 176
	termWait        = 177
	termStatus      = 175
	termBranch      = 65
	termEq          = 17
)

func table(name string) any {
	return harness.Term(harness.Table, harness.Term(harness.DB, "test"), name)
}

// tableAt is a table with a read mode.
func tableAt(name, mode string) any {
	return harness.TermOpt(harness.Table, map[string]any{"read_mode": mode}, harness.Term(harness.DB, "test"), name)
}

func (s *server) createTable(name string, replicas int) {
	s.t.Helper()
	s.answer(harness.TermOpt(harness.TableCreate, map[string]any{"replicas": replicas}, harness.Term(harness.DB, "test"), name))
	s.awaitReplicas(name)
}

// awaitReplicas returns when all replicas of a table have everything.
func (s *server) awaitReplicas(name string) {
	s.t.Helper()
	s.answer(harness.TermOpt(termWait, map[string]any{"wait_for": "all_replicas_ready", "timeout": patience.Seconds()}, table(name)))
}

// reshard gives a table another number of shards and replicas.
func (s *server) reshard(name string, shards, replicas int) {
	s.t.Helper()
	s.answer(harness.TermOpt(termReconfigure, map[string]any{"shards": shards, "replicas": replicas}, table(name)))
}

// createIndex has an index on a field built.
func (s *server) createIndex(name, field string) {
	s.t.Helper()
	s.answer(harness.Term(harness.IndexCreate, table(name), field,
		harness.Term(harness.Func, harness.Term(harness.MakeArray, 1), harness.Term(harness.Bracket, harness.Term(harness.Var, 1), field))))
	s.answer(harness.Term(harness.IndexWait, table(name), field))
}

// place gives a table replicas on these servers, the first of which is the primary one.
func place(name string, on ...*server) any {
	replicas := make([]any, len(on))
	for i, s := range on {
		replicas[i] = s.name
	}
	return shards(name, map[string]any{"primary_replica": on[0].name, "replicas": harness.Term(harness.MakeArray, replicas...)})
}

// shards gives a table these shards.
func shards(name string, list ...any) any {
	row := harness.Term(harness.Filter, systemTable("table_config"), map[string]any{"name": name})
	return harness.Term(harness.Update, row, map[string]any{"shards": harness.Term(harness.MakeArray, list...)})
}

// assign does that, as soon as the servers are connected.
func (s *server) assign(name string, on ...*server) {
	s.t.Helper()
	answer := ""
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) { // before it is tried again
		if answer = s.answer(place(name, on...)); !strings.Contains(answer, "first_error") {
			return
		}
	}
	s.t.Fatal(answer)
}

// placeTable assigns a table, and waits until it is so.
func (s *server) placeTable(name string, on ...*server) {
	s.t.Helper()
	s.assign(name, on...)
	status := harness.Term(harness.Bracket, harness.Term(harness.Bracket, harness.Term(harness.Bracket, harness.Term(termStatus, table(name)), "shards"), 0), "primary_replicas")
	s.awaitReplicas(name)
	s.await("the primary replica", status, fmt.Sprintf("[%q]", on[0].name))
}
