package exec_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"rethinkdb/internal/reql"
)

var (
	differentialCount = flag.Int("differential.count", 6000, "how many random expressions TestDifferential compares")
	differentialSeed  = flag.Uint64("differential.seed", 0, "the first seed of TestDifferential")
)

// TestDifferential compares the executor with the oracle on random expressions: over literals and over tables, one so large
// that it is read in parallel. A failure prints its seed; run it alone with -differential.seed=N -differential.count=1.
func TestDifferential(t *testing.T) {
	f := newFuzzed(t)
	for i := range *differentialCount {
		f.compare(t, *differentialSeed+uint64(i))
		if t.Failed() {
			return
		}
	}
}

// FuzzDifferential is TestDifferential for as long as one likes: go test ./internal/exec -fuzz FuzzDifferential.
func FuzzDifferential(f *testing.F) {
	f.Add(uint64(1))
	s := newFuzzed(f)
	f.Fuzz(func(t *testing.T, seed uint64) { s.compare(t, seed) })
}

// fuzzed is a server and an oracle with the same tables.
type fuzzed struct {
	server *server
	oracle *oracle
	tables []string
}

func newFuzzed(t testing.TB) *fuzzed {
	f := &fuzzed{server: newServer(t), oracle: &oracle{tables: map[string][]any{}}}
	f.server.run(t, `r.dbCreate("test")`)
	g := &generator{Rand: rand.New(rand.NewPCG(1, 2))}
	for _, table := range []struct {
		name string
		rows int
	}{{"few", 12}, {"many", 5000}} {
		f.tables = append(f.tables, table.name)
		docs := []any{}
		for i := range table.rows {
			docs = append(docs, g.randomDoc(i))
		}
		f.oracle.tables[table.name] = docs
		f.server.run(t, fmt.Sprintf(`r.tableCreate(%q)`, table.name))
		if _, err := f.send(t, []any{reql.TermInsert, []any{[]any{reql.TermTable, []any{table.name}}, wireLiteral(docs)}}); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// compare generates the expression of a seed and evaluates it both ways.
func (f *fuzzed) compare(t *testing.T, seed uint64) {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 3)), tables: f.tables[:1]}
	if seed%40 == 0 { // the large table takes the oracle long
		g.tables = f.tables
	}
	e := g.query(2 + g.IntN(3))
	want, wantErr := f.oracle.value(e, scope{})
	got, gotErr := f.send(t, e.wire())
	switch {
	case wantErr != nil && errors.Is(gotErr, wantErr):
	case wantErr == nil && gotErr == nil && equal(got, want):
	default:
		t.Errorf("seed %d: %v\non the wire %s\nexecutor: %s %v\noracle:   %s %v", seed, e, toJSON(e.wire()), short(got), gotErr, short(want), wantErr)
	}
}

func short(v any) string {
	s := toJSON(v)
	return s[:min(len(s), 500)]
}

// send gives the executor's answer to a term.
func (f *fuzzed) send(t testing.TB, term any) (any, error) {
	body, err := json.Marshal([]any{reql.Start, term})
	if err != nil {
		t.Fatal(err)
	}
	rows := []any{}
	for _, r := range f.server.start(t, body) {
		if r.T >= int(reql.ClientError) {
			return nil, failure{reql.ErrorClass(r.E)}
		}
		for _, raw := range r.R {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Fatal(err)
			}
			if r.T == int(reql.SuccessAtom) {
				return v, nil
			}
			rows = append(rows, v)
		}
	}
	return rows, nil
}
