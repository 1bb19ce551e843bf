package feed

import (
	"bytes"
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// Expression is what a feed shows of a table. Its functions are called by one goroutine at a time.
type Expression struct {
	// Name is the same for expressions that are the same; "" for one that is shared with nobody.
	Name string

	// Point is the encoded primary key of the only row, nil when there may be others. Such a feed shows the row as it is.
	Point []byte

	// Eval gives what a row is in the feed, and how often the feed has it. Nil: the row itself, once.
	Eval func(key []byte, row datum.Value) (value datum.Value, times int)
	// Quick says that Eval never takes long, so that it may hold up others.
	Quick bool

	// Order is set for a feed of the first rows of an order, instead of Eval.
	Order *Order
}

// Order is an order of rows of which a feed shows the first.
type Order struct {
	Limit      int
	Descending bool
	Index      *table.Index // nil: the primary key
	IndexName  string

	// Places gives what places a row has in the order, if any, as the beginnings of Item.Place.
	Places func(key []byte, row datum.Value) []string
	// Value gives what the row is in the feed; false when it is not in it.
	Value func(row datum.Value) (datum.Value, bool)
	// Shown, if not nil, leaves some of the first rows out.
	Shown func(value datum.Value) bool
	// Read gives the first rows of a state of the table, at most n, and whether these are all.
	Read func(ctx context.Context, n int) (first []Item, all bool, state table.CommitIndex, err error)
}

// Item is a row in an order. A row may be several items, by a multi index.
type Item struct {
	Place string // unique; ascending places are ascending in the order of bytes
	Key   string // encoded primary key
	Value datum.Value
}

// before tells whether a comes before b.
func (o *Order) before(a, b string) bool {
	if o.Descending {
		return a > b
	}
	return a < b
}

// change adds the events of one change of a commit in a range.
func (e *Expression) change(in commit, c *table.Change, l *chain) {
	if e.Point != nil && !bytes.Equal(e.Point, c.Key) {
		return
	}
	if e.Eval == nil {
		l.add(&node{index: in.index, epoch: in.epoch, change: c.Number, key: c.Key, old: c.Old, new: c.New})
		return
	}
	var old, new datum.Value
	var olds, news int
	if !c.Old.IsAbsent() {
		old, olds = e.Eval(c.Key, c.Old)
	}
	if !c.New.IsAbsent() {
		new, news = e.Eval(c.Key, c.New)
	}
	for i := range max(olds, news) {
		if i < olds && i < news && datum.Equal(old, new) {
			continue
		}
		n := &node{index: in.index, epoch: in.epoch, change: c.Number, key: c.Key, nth: i}
		if i < olds {
			n.old = old
		}
		if i < news {
			n.new = new
		}
		l.add(n)
	}
}
