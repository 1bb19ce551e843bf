package feed

import (
	"cmp"
	"math"

	"rethinkdb/internal/table"
)

// A Place is a place in the history of a table, behind an event.
type Place struct {
	Epoch  table.Epoch
	Index  table.CommitIndex
	Change uint32 // of the commit
	Copy   uint32 // the number of the event among those of the change
}

// Behind is the place behind a whole commit.
func Behind(c table.LoggedCommit) Place {
	return Place{Epoch: c.Epoch, Index: c.Index, Change: math.MaxUint32, Copy: math.MaxUint32}
}

// Compare tells which of two places comes first in a history that has both.
func (p Place) Compare(o Place) int {
	return cmp.Or(cmp.Compare(p.Index, o.Index), cmp.Compare(p.Change, o.Change), cmp.Compare(p.Copy, o.Copy))
}

// A Position is what it takes to go on behind an event.
//
// When changes are squashed, the events of a batch are made of all changes between two places, and none of them stands at one
// place in the history: the first may hold the last change. To go on behind the nth of them, the batch is made again, and n of it are left out.
type Position struct {
	Place
	From Place  // where the batch begins
	Done uint32 // how many events of it have been given; 0: all of them, and the place is enough

	Of uint32 // the group whose history this is a position in, if that is not the part's own: one from which the part has inherited
}

func (n *node) place() Place {
	return Place{Epoch: n.epoch, Index: n.index, Change: n.change, Copy: uint32(n.nth)}
}
