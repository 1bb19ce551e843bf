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

// Follow attaches a tap to the table, unless there is one, and returns the one that is attached.
func (t *Table) Follow(open func() Tap) Tap { return t.shards[0].Follow(open) }

// CloseTap ends what follows the table.
func (t *Table) CloseTap() { t.shards[0].CloseTap() }

// EndFeeds ends what follows the table, which may be followed anew: its changes come to another server now.
func (t *Table) EndFeeds() { t.shards[0].EndTap() }

// Applied returns the index of the last commit that reads see.
func (t *Table) Applied() CommitIndex { return t.shards[0].Applied() }

// Snapshot returns the present state of the table. Close it.
func (t *Table) Snapshot() (*Snapshot, error) { return t.shards[0].Snapshot() }

// AppendPrimaryKey appends the encoding of a primary key, or returns the error of a value that cannot be one.
func AppendPrimaryKey(dst []byte, v datum.Value) ([]byte, error) { return appendPrimaryKey(dst, v) }

// Copies returns how often a scan gives a row.
func (x *Index) Copies(o *IndexScan, row datum.Value) int {
	n := 0
	x.parts[0].EachValue(row, func(v datum.Value) {
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
func (x *Index) EachValue(row datum.Value, f func(v datum.Value)) { x.parts[0].EachValue(row, f) }

// Dropped tells whether the index has ended.
func (x *Index) Dropped() bool { return x.parts[0].Dropped() }

// Is tells whether the index is, or has as a part, that of a shard.
func (x *Index) Is(part *ShardIndex) bool { return x.parts[0] == part }
