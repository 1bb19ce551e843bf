package table

import (
	"slices"

	"rethinkdb/internal/storage"
)

// A Division says which group has which keys: of the present layout of a table, or of one whose rows have been copied from group to group since. With the Starts of its
// groups it says how a place in the history of one group becomes places in those that have its rows now.
type Division struct {
	Groups []storage.GroupID
	Splits []string       // as of Config
	Parts  []int          // likewise
	Starts []HistoryPlace // of each group: where its own history begins, behind all that it has inherited. Zero, or missing, if it has inherited nothing
}

// Start is where the history of a group begins; false if it cannot be read on from there.
func (d *Division) Start(i int) (HistoryPlace, bool) {
	if i >= len(d.Starts) {
		return HistoryPlace{}, false
	}
	return d.Starts[i], d.Starts[i].Index > 0
}

// Has tells which of the groups one is; negative for none.
func (d *Division) Has(group storage.GroupID) int { return slices.Index(d.Groups, group) }

// Overlaps tells whether a group has keys that a group of another division has as well.
func (d *Division) Overlaps(i int, o *Division, j int) bool {
	for a := range d.shards() {
		for b := range o.shards() {
			if d.part(a) == i && o.part(b) == j && before(d.low(a), o.high(b)) && before(o.low(b), d.high(a)) {
				return true
			}
		}
	}
	return false
}

func (d *Division) shards() int { return len(d.Splits) + 1 }

func (d *Division) part(shard int) int {
	if d.Parts == nil {
		return 0
	}
	return d.Parts[shard]
}

// low is the first key of a shard, "" for no bound, and high the one behind its last.
func (d *Division) low(shard int) string {
	if shard == 0 {
		return ""
	}
	return d.Splits[shard-1]
}

func (d *Division) high(shard int) string {
	if shard == len(d.Splits) {
		return ""
	}
	return d.Splits[shard]
}

// before tells whether a lower bound is below an upper one.
func before(low, high string) bool { return high == "" || low < high }

// Lineage returns how the rows of the table have been divided, as far as it is known, the oldest division first and the present one last. Nobody changes it.
func (t *Table) Lineage() []Division { return t.layout.Load().lineage }
