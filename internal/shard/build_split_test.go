package shard

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"rethinkdb/internal/datum"
)

// TestRestIsWrittenInParts writes what three workers have left, of several megabytes, with equal values in all of them.
func TestRestIsWrittenInParts(t *testing.T) {
	s, _, _ := newTestShard(t)
	x := addIndex(t, s, IndexConfig{Number: 1, Function: byField("n")})
	r := rand.New(rand.NewPCG(1, 1))
	runs := []*run{nil, {index: x}, {index: x}, {index: x}, {index: x}} // the first worker has had no row, the last no entry
	const rows = 60_000
	pad := datum.String(string(bytes.Repeat([]byte("x"), 30)))
	for i := range rows {
		value := datum.Array([]datum.Value{datum.Int(r.Int64N(100)), pad})
		key, err := datum.AppendKey(nil, datum.Int(int64(i)))
		if err != nil {
			t.Fatal(err)
		}
		runs[1+i%3].add(key, datum.Object([]datum.Field{{Key: "n", Val: value}}))
	}
	pivots := pivotsOf(runs[1:4], 3)
	for i, part := range [][2][]byte{{nil, pivots[0]}, {pivots[0], pivots[1]}, {pivots[1], nil}} {
		p := &run{index: x}
		for _, r := range runs[1:4] {
			p.take(r, part[0], part[1])
		}
		if len(p.list) < rows/6 || len(p.list) > rows/2 {
			t.Errorf("part %d has %d of %d entries", i, len(p.list), rows)
		}
	}
	if err := x.writeRest(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
	if n, err := x.Count(t.Context(), IndexScanOptions{Ranges: []IndexRange{{}}}); n != rows || err != nil {
		t.Fatalf("%d entries, %v; want %d", n, err, rows)
	}
}
