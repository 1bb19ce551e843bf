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

// What follows is of tables, and views, with one part: each part has an order of commits and a history of its own.

// Follow attaches a tap to the table, unless there is one, and returns the one that is attached.
func (t *Table) Follow(open func() Tap) Tap { return t.first().shard.Follow(open) }

// CloseTap ends what follows any part of the table.
func (t *Table) CloseTap() {
	for _, p := range t.layout.Load().parts {
		p.CloseTap()
	}
}

// EndFeeds ends what follows the table, which may be followed anew: its changes come to another server now.
func (t *Table) EndFeeds() { t.first().EndFeeds() }

// Applied returns the index of the last commit that reads see.
func (t *Table) Applied() CommitIndex { return t.first().shard.Applied() }

// Snapshot returns the present state of the table. Close it.
func (t *Table) Snapshot() (*Snapshot, error) { return t.first().shard.Snapshot() }

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
