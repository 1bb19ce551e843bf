package table

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// What package feed needs to follow a table. See shard.Tap.
type (
	Tap         = shard.Tap
	Change      = shard.Change
	CommitIndex = shard.CommitIndex
	Snapshot    = shard.Snapshot
	ShardIndex  = shard.Index
)

// CloseTap ends what follows any part of the table.
func (t *Table) CloseTap() {
	for _, p := range t.layout.Load().parts {
		p.CloseTap()
	}
}

// Copies returns how often a scan gives a row.
func (x *Index) Copies(o *IndexScan, row datum.Value) int {
	n := 0
	x.EachValue(row, func(v datum.Value) {
		if o.Keys == nil {
			if o.Range.Holds(v) {
				n++
			}
			return
		}
		for i, k := range o.Keys {
			switch {
			case !datum.Equal(k, v):
			case o.Copies == nil:
				n++
			default:
				n += o.Copies[i]
			}
		}
	})
	return n
}

// EachValue calls f for each value that a row is indexed by, in no defined order; a value comes as often as the row has it.
func (x *Index) EachValue(row datum.Value, f func(v datum.Value)) { x.config.EachValue(row, f) }

// Dropped tells whether the index has ended.
func (x *Index) Dropped() bool {
	_, ok := x.table.first().Index(x.config.Number)
	return !ok
}

// Is tells whether the index has that of a shard as a part.
func (x *Index) Is(part *ShardIndex) bool { return part.Number() == x.config.Number }
