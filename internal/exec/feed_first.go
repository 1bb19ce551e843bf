package exec

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/table"
)

// firstFeed is a feed of the first rows of an order whose rows are in several parts, or on other servers. Each part has a feed of its own first rows:
//
//	the first n rows of a table are among the first n of each of its parts.
//
// These are the rows of a table that only exists here, with a hub of its own; the feed is one of that. So everything is as for a table whose rows are all
// here: what pairs up to one event, offsets, squashing.
type firstFeed struct {
	// Set by openFirst, then constant.
	source  *feedSource
	streams []*feedStream // of the parts
	hub     *feed.Hub
	options feed.Options
	rows    *feedRows // as the parts are asked

	// Owned by the reader.
	sub     *feed.Subscription // nil until the first rows of all parts are there
	initial bool               // they are to be given
	lost    bool               // the streams have ended, and others have to take their place

	mu    sync.Mutex // guards what follows; below the locks of hub
	items []feed.Item
	index table.CommitIndex // of the last change of items
}

// unfiltered gives the source as its parts are asked for it: all of its first rows, whatever filters come after them.
func (f *feedSource) unfiltered(id feedIdentity) (*feedSource, feedIdentity) {
	if len(f.shown) == 0 {
		return f, id
	}
	all := *f
	all.shown = nil
	if id.name != "" {
		id.name += "/all"
	}
	return &all, id
}

// items are the options of the feeds of parts.
func (o feedOptions) items() feedOptions {
	o.initial, o.Items = true, true
	o.Offsets, o.Squash, o.Interval = false, false, 0
	return o
}

func (s *feedStream) openFirst(fr *frame, r *feedRows) (feedRun, error) {
	of := *r
	of.options = r.options.items()
	f := &firstFeed{source: s.source, options: r.options.Options, initial: r.options.initial, rows: &of}
	if err := f.openStreams(fr, s.number, s.parts, placePatience); err != nil {
		return nil, err
	}
	f.hub = feed.NewHub(func() table.CommitIndex {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.index
	})
	return f, nil
}

// openStreams opens the streams of parts.
func (f *firstFeed) openStreams(fr *frame, number int, parts []partPlace, patience time.Duration) error {
	source, id := f.source.unfiltered(f.rows.identity.part(number))
	for _, p := range parts {
		one := &feedStream{source: source, number: number, identity: id, parts: []partPlace{p}}
		f.streams = append(f.streams, one)
		if err := one.open(fr, f.rows, patience); err != nil {
			f.closeStreams()
			return err
		}
	}
	return nil
}

// order is the order as the hub has it. A row is an array of its place and its value.
func (f *firstFeed) order(fr *frame) *feed.Order {
	o := &feed.Order{
		Limit: f.source.limit, Descending: f.source.scan.opts.Descending,
		Places: func(_ []byte, row datum.Value) []string { return []string{string(row.At(0).AsBinary())} },
		Value:  func(row datum.Value) (datum.Value, bool) { return row.At(1), true },
		Read:   f.read,
	}
	if shown := f.source.shown; len(shown) > 0 {
		e := f.source.evaluation(fr)
		o.Shown = func(value datum.Value) bool {
			_, ok := e.run(shown, value)
			return ok
		}
	}
	return o
}

// read gives the first items that there are. It is part of feed.Order.
func (f *firstFeed) read(_ context.Context, n int) (first []feed.Item, all bool, state table.CommitIndex, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n = min(n, len(f.items))
	return slices.Clone(f.items[:n]), n == len(f.items), f.index, nil
}

// apply makes the change of a part.
func (f *firstFeed) apply(old, new *feed.Item) {
	var changes []table.Change
	row := func(i *feed.Item) datum.Value {
		return datum.Array([]datum.Value{datum.Binary([]byte(i.Place)), i.Value})
	}
	f.mu.Lock()
	if old != nil {
		if i, found := f.find(old.Place); found {
			f.items = slices.Delete(f.items, i, i+1)
		}
		changes = append(changes, table.Change{Key: []byte(old.Key), Old: row(old)})
	}
	if new != nil {
		if i, found := f.find(new.Place); found {
			f.items[i] = *new
		} else {
			f.items = slices.Insert(f.items, i, *new)
		}
		changes = append(changes, table.Change{Key: []byte(new.Key), New: row(new), Number: uint32(len(changes))})
	}
	f.index++
	index := f.index
	f.mu.Unlock()
	if f.sub != nil {
		f.hub.Committed(index, changes)
	}
}

// find gives where the item of a place is, or would be. The caller holds mu.
func (f *firstFeed) find(place string) (int, bool) {
	return slices.BinarySearchFunc(f.items, feed.Item{Place: place}, f.compare)
}

// compare compares places in the order.
func (f *firstFeed) compare(a, b feed.Item) int {
	if f.source.scan.opts.Descending {
		a, b = b, a
	}
	return strings.Compare(a.Place, b.Place)
}

func (f *firstFeed) begin(fr *frame) (e feed.Event, ok bool, err error) {
	switch {
	case f.sub == nil:
		err = f.gather(fr)
	case f.lost:
		err = f.regather(fr)
	}
	if err != nil {
		return e, false, err
	}
	if !f.initial {
		return e, false, nil
	}
	e, ok = f.sub.Initial()
	return e, ok, nil
}

// gather reads the first rows of all parts, and begins the feed of them.
func (f *firstFeed) gather(fr *frame) (err error) {
	if err = f.eachFirst(fr, func(i *feed.Item) { f.apply(nil, i) }); err == nil {
		f.sub, err = f.hub.Subscribe(&feed.Expression{Order: f.order(fr)}, f.options)
	}
	return err
}

// eachFirst reads the first rows of all parts.
func (f *firstFeed) eachFirst(fr *frame, take func(*feed.Item)) error {
	for _, p := range f.streams {
		for {
			e, ok, err := p.run.begin(fr)
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			take(e.NewItem)
		}
	}
	return nil
}

// regather opens the streams again, where the rows are now, and makes the changes that lead from the first rows as they were to those that there are.
func (f *firstFeed) regather(fr *frame) (err error) {
	number := f.streams[0].number
	for until := time.Now().Add(movePatience); ; {
		f.closeStreams()
		parts := f.source.parts()
		var now []feed.Item
		if err = f.openStreams(fr, number, parts, placePatience); err == nil {
			err = f.eachFirst(fr, func(i *feed.Item) { now = append(now, *i) })
		}
		if err == nil {
			f.lost = false
			f.mu.Lock()
			items := slices.Clone(f.items)
			f.mu.Unlock()
			slices.SortFunc(now, f.compare)
			f.order(fr).Difference(items, now, f.apply)
			return nil
		}
		if !errors.Is(err, errPartLost) || time.Now().After(until) {
			return err
		}
		select {
		case <-time.After(placePause):
		case <-fr.q.ctx.Done():
			return errInterrupted
		}
	}
}

// maxApplied is how many changes of a part are made at once, so that the reader comes to those of other parts and to its client.
const maxApplied = 1000

func (f *firstFeed) event(fr *frame) (e feed.Event, ok bool, err error) {
	for _, p := range f.streams {
		for range maxApplied {
			e, ok, err := p.run.event(fr)
			if errors.Is(err, errPartLost) || errors.Is(err, errPartEnded) {
				f.lost, err = true, errPartLost
			}
			if err != nil {
				return e, false, err
			}
			if !ok {
				break
			}
			f.apply(e.OldItem, e.NewItem)
		}
	}
	return f.sub.Next()
}

func (f *firstFeed) wait(wake func()) bool {
	for _, p := range f.streams {
		if !p.run.wait(wake) {
			return false
		}
	}
	return f.sub.Wait(wake)
}

func (f *firstFeed) park() error { return nil }

func (f *firstFeed) close() {
	if f.sub != nil {
		f.sub.Close()
	}
	f.closeStreams()
	f.hub.Close()
}

func (f *firstFeed) closeStreams() {
	for _, p := range f.streams {
		p.close()
	}
	f.streams = nil
}
