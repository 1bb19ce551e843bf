package feed

import (
	"context"
	"slices"
	"sort"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// ordered keeps the first rows of an order.
//
// It holds more rows than it shows, so that a row that leaves has its successor at hand, and reads the table again only when
// it has run out of them. With the rows of the table as of commit `state`, and s = len(rows):
//
//	rows are the first s rows of the order, and s ≥ Limit unless all.
//
// A change at or before the last of them is made to them; one after it does not concern them, unless they are all. So after a
// read of n rows and any changes the invariant holds until more than n - Limit of them have left. Then the rows are read
// again, in the present state of the table, which may be after later commits: what changes up to it did is skipped, and the
// difference is reported as if it were one commit's.
//
// Keeping only what is shown was considered: each delete of a shown row would be a read.
type ordered struct {
	*Order
	begun bool
	rows  []Item // in the order
	all   bool
	state table.CommitIndex
	shown []Item // as the subscribers know them
}

// spareRows is how many rows are kept beyond those that are shown, on top of as many as these.
const spareRows = 32

func (o *ordered) room() int { return 2*o.Limit + spareRows }

// load reads the rows.
func (o *ordered) load(ctx context.Context) error {
	rows, all, state, err := o.Read(ctx, o.room())
	if err != nil {
		return err
	}
	o.rows, o.all, o.state = rows, all, state
	return nil
}

// begin reads the rows for the first time, unless that was done.
func (o *ordered) begin(ctx context.Context) error {
	if o.begun {
		return nil
	}
	if err := o.load(ctx); err != nil {
		return err
	}
	o.begun, o.shown = true, o.visible()
	return nil
}

// visible gives the rows that are to be shown.
func (o *ordered) visible() []Item {
	first := o.rows[:min(o.Limit, len(o.rows))]
	if o.Shown == nil {
		return slices.Clone(first)
	}
	var out []Item
	for _, i := range first {
		if o.Shown(i.Value) {
			out = append(out, i)
		}
	}
	return out
}

// evaluate makes changes to the rows and adds the events that follow.
func (o *ordered) evaluate(ctx context.Context, batch []commit, lost int, l *chain) error {
	if !o.begun { // what is read then has these commits
		return nil
	}
	if lost > 0 {
		if err := o.load(ctx); err != nil {
			return err
		}
		o.report(0, l)
	}
	for i := range batch {
		shown := false
		for j := range batch[i].changes {
			if batch[i].index <= o.state {
				break
			}
			shown = o.change(&batch[i].changes[j]) || shown
			// By a secondary index each row of a write is reported, by the primary key the write as a whole, as in the
			// reference (changefeeds/limit_pattern of its recorded behaviour).
			if shown && (o.Index != nil || j == len(batch[i].changes)-1) {
				if err := o.settle(ctx, batch[i].index, l); err != nil {
					return err
				}
				shown = false
			}
		}
	}
	return nil
}

// settle reads the rows again if there are too few of them, and adds the events of what has changed.
func (o *ordered) settle(ctx context.Context, index table.CommitIndex, l *chain) error {
	if len(o.rows) < o.Limit && !o.all {
		if err := o.load(ctx); err != nil {
			return err
		}
	}
	o.report(index, l)
	return nil
}

// change makes one change to the rows and tells whether it concerns those that are shown.
func (o *ordered) change(c *table.Change) (shown bool) {
	if !c.Old.IsAbsent() {
		for _, place := range o.Places(c.Key, c.Old) {
			if i, found := o.find(place); found {
				o.rows = slices.Delete(o.rows, i, i+1)
				shown = shown || i < o.Limit
			}
		}
	}
	if c.New.IsAbsent() {
		return shown
	}
	places := o.Places(c.Key, c.New)
	if len(places) == 0 {
		return shown
	}
	value, ok := o.Value(c.New)
	if !ok {
		return shown
	}
	for _, place := range places {
		i, _ := o.find(place)
		if i == len(o.rows) && !o.all {
			continue
		}
		o.rows = slices.Insert(o.rows, i, Item{Place: place, Key: string(c.Key), Value: value})
		shown = shown || i < o.Limit
	}
	if n := o.room(); len(o.rows) > n {
		clear(o.rows[n:])
		o.rows, o.all = o.rows[:n], false
	}
	return shown
}

// find gives where the item of a place is, or would be.
func (o *ordered) find(place string) (int, bool) { return o.findIn(o.rows, place) }

func (o *Order) findIn(items []Item, place string) (int, bool) {
	i := sort.Search(len(items), func(i int) bool { return !o.before(items[i].Place, place) })
	return i, i < len(items) && items[i].Place == place
}

// report adds the events that lead from what the subscribers know to the present rows.
func (o *ordered) report(index table.CommitIndex, l *chain) {
	now := o.visible()
	o.Difference(o.shown, now, func(old, new *Item) {
		n := &node{index: index, oldItem: old, newItem: new}
		if old != nil {
			n.old = old.Value
		}
		if new != nil {
			n.new = new.Value
		}
		l.add(n)
	})
	o.shown = now
}

// Difference calls emit with pairs of items that have left and that have come, which keeps them. Those of one row are a pair; what is left is
// paired as it comes, so that a row and its successor are one event. Both lists are in the order, without two items of one place.
func (o *Order) Difference(old, new []Item, emit func(old, new *Item)) {
	var gone, come []*Item
	for i, j := 0, 0; i < len(old) || j < len(new); {
		switch {
		case j == len(new) || i < len(old) && o.before(old[i].Place, new[j].Place):
			gone = append(gone, &old[i])
			i++
		case i == len(old) || o.before(new[j].Place, old[i].Place):
			come = append(come, &new[j])
			j++
		default:
			if !datum.Equal(old[i].Value, new[j].Value) {
				emit(&old[i], &new[j])
			}
			i++
			j++
		}
	}
	pairItems(gone, come, emit)
}

func pairItems(gone, come []*Item, emit func(old, new *Item)) {
	if len(gone) > 0 && len(come) > 0 {
		left := map[string][]int{} // indexes in gone
		for i, g := range gone {
			left[g.Key] = append(left[g.Key], i)
		}
		for j, c := range come {
			if at := left[c.Key]; len(at) > 0 {
				emit(gone[at[0]], c)
				gone[at[0]], come[j] = nil, nil
				left[c.Key] = at[1:]
			}
		}
		isNil := func(i *Item) bool { return i == nil }
		gone, come = slices.DeleteFunc(gone, isNil), slices.DeleteFunc(come, isNil)
	}
	for i := range max(len(gone), len(come)) {
		var g, c *Item
		if i < len(gone) {
			g = gone[i]
		}
		if i < len(come) {
			c = come[i]
		}
		emit(g, c)
	}
}
