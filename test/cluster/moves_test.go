//go:build cluster

package cluster

import (
	"strconv"
	"testing"

	"rethinkdb/test/harness"
)

// Replicas come and go and the primary one moves under load, while an index is built.
func TestMoves(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	a.createTable("t", 1)
	a.createTable("r", 1)
	writes, registers := startInserts(t, "t", 6, all...), startRegisters(t, "r", 5, all...)
	for round := range *long {
		index := "client" + strconv.Itoa(round)
		c.answer(harness.Term(harness.IndexCreate, table("t"), index,
			harness.Term(harness.Func, harness.Term(harness.MakeArray, 1), harness.Term(harness.Bracket, harness.Term(harness.Var, 1), "client"))))
		for _, on := range [][]*server{{a, b, c}, {b, a, c}, {c}, {a, c}, {b}, {c, b, a}, {a}} {
			c.placeTable("r", on...)
			c.placeTable("t", on...)
			writes.progress(20)
			registers.progress(20)
		}
		b.answer(harness.Term(harness.IndexWait, table("t"), index))
	}
	registers.check()
	writes.check(all...)
	count := a.answer(harness.Term(harness.Count, table("t")))
	for _, s := range all {
		s.await("all rows by the index", harness.Term(harness.Count, harness.TermOpt(harness.OrderBy, map[string]any{"index": "client0"}, table("t"))), count)
	}
}
