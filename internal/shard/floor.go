package shard

import (
	"bytes"
	"context"
	"slices"
)

// The floor of an index is a key below which it has no entries. Whoever empties an index from below, again and again, keeps it: the
// storage engine has a mark for each entry that was deleted, for some time, and a scan from the beginning would walk over all of
// them to find the next one.
//
// Nothing may be overlooked when the floor rises while rows are written:
//
//	who empties:  raise the floor to where it will have come, scan from the old floor to there, delete what is found;
//	a writer:     commit, and when that is visible lower the floor to the entries that came.
//
// An entry whose commit the scan does not see was committed after the scan had begun, so its writer finds the raised floor. Only
// writers that do not know yet that somebody keeps the floor would not: KeepFloor waits for them.

// KeepFloor makes writers lower the floor from now on. It is the beginning of the index until it is raised.
func (x *Index) KeepFloor(ctx context.Context) error {
	if x.floor.Load() != nil {
		return nil
	}
	x.shard.changeIndexes(func(uses []indexUse) []indexUse {
		for i := range uses {
			if uses[i].index == x {
				uses[i].floor = true
			}
		}
		return uses
	})
	if err := x.shard.drained(ctx); err != nil {
		return err
	}
	x.floor.CompareAndSwap(nil, new([]byte))
	return nil
}

// RaiseFloor sets the floor, in keys without the prefix of the index, and returns what it was. The caller has deleted all entries
// below it, or is about to, or lowers it again. KeepFloor comes first.
func (x *Index) RaiseFloor(to []byte) (from []byte) { return *x.floor.Swap(&to) }

// LowerFloor makes the floor not be above a key.
func (x *Index) LowerFloor(to []byte) {
	for {
		floor := x.floor.Load()
		if floor == nil || bytes.Compare(*floor, to) <= 0 || x.floor.CompareAndSwap(floor, &to) {
			return
		}
	}
}

// lowest are the smallest entries that a write adds to indexes whose floor is kept.
type lowest []struct {
	index *Index
	key   []byte
}

// note takes down the entries of a row.
func (l *lowest) note(x *Index, e *entries) {
	if len(e.list) == 0 {
		return
	}
	key := e.key(0)
	for i := range *l {
		if low := &(*l)[i]; low.index == x {
			if bytes.Compare(key, low.key) < 0 {
				low.key = slices.Clone(key)
			}
			return
		}
	}
	*l = append(*l, struct {
		index *Index
		key   []byte
	}{x, slices.Clone(key)})
}

// lower lowers the floors, and forgets the entries.
func (l *lowest) lower() {
	for _, low := range *l {
		low.index.LowerFloor(low.key)
	}
	*l = nil
}
