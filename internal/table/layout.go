package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
)

// What users know as a shard of a table is a range of its keys, with replicas. All shards whose replicas are on the same servers are in one
// group: a part of the table. Which part has which shards, and where they begin, is the table's layout.
//
//	a row is in the part of the shard that has its key, and in no other one;
//	a part has the same shards for ever: other shards take another layout, with other parts.
//
// A layout is never changed, but replaced as a whole (SetLayout), while there are readers and writers. Each operation works on the one
// that it finds. If a group ends meanwhile, because its rows are elsewhere now, nothing was done: what the operation still wants, it wants of
// the layout that has come.
type layout struct {
	parts []*Part
	runs  []run // in the order of their keys; together they have all keys, or those of a view

	lineage []Division // how the rows were divided, this layout last

	replaced chan struct{} // closed when there is another one
	of       *layout       // for a view: that of the table
}

// run is some neighbouring shards that are in one part. nil bounds are none.
type run struct {
	low, high []byte
	part      *Part
}

// newLayout makes the layout of a configuration, whose parts are in the order of its groups.
func newLayout(c *Config, parts []*Part) (*layout, error) {
	if len(parts) == 0 || len(parts) != len(c.Groups) {
		return nil, fmt.Errorf("table %s has %d groups, and %d of them are open", c.ID, len(c.Groups), len(parts))
	}
	for i, p := range parts {
		if p.Number() != c.Groups[i] {
			return nil, fmt.Errorf("table %s has group %d in the place of group %d", c.ID, p.Number(), c.Groups[i])
		}
	}
	l := &layout{parts: parts, replaced: make(chan struct{})}
	l.lineage = append(slices.Clone(c.Past), Division{Groups: c.Groups, Splits: c.Splits, Parts: c.Parts, Starts: c.Starts})
	if c.Parts == nil && len(parts) == 1 {
		l.runs = []run{{part: parts[0]}}
		return l, nil
	}
	if len(c.Parts) != len(c.Splits)+1 || !slices.IsSorted(c.Splits) {
		return nil, fmt.Errorf("table %s has %d shards, which begin at %d keys that are not in order", c.ID, len(c.Parts), len(c.Splits))
	}
	for i, n := range c.Parts {
		if n < 0 || n >= len(parts) {
			return nil, fmt.Errorf("shard %d of table %s is in part %d of %d", i, c.ID, n, len(parts))
		}
		var low []byte
		if i > 0 {
			low = []byte(c.Splits[i-1])
		}
		if last := len(l.runs) - 1; last >= 0 && l.runs[last].part == parts[n] {
			continue
		} else if last >= 0 {
			l.runs[last].high = low
		}
		l.runs = append(l.runs, run{low: low, part: parts[n]})
	}
	return l, nil
}

// runOf gives the index of the run that has a key.
func (l *layout) runOf(key []byte) int {
	return sort.Search(len(l.runs), func(i int) bool { return l.runs[i].high == nil || bytes.Compare(key, l.runs[i].high) < 0 })
}

// route gives the part that has a key; nil if that is not in the view.
func (l *layout) route(key []byte) *Part {
	if len(l.runs) == 1 && l.runs[0].low == nil && l.runs[0].high == nil {
		return l.runs[0].part
	}
	i := l.runOf(key)
	if i == len(l.runs) || bytes.Compare(key, l.runs[i].low) < 0 {
		return nil
	}
	return l.runs[i].part
}

// single gives the part of a layout that has no other one.
func (l *layout) single() *Part {
	if len(l.parts) == 1 {
		return l.parts[0]
	}
	return nil
}

// moved tells whether there is another layout.
func (l *layout) moved() bool {
	select {
	case <-l.replaced:
		return true
	default:
		return false
	}
}

// only is a layout with some parts of l alone.
func (l *layout) only(parts []int) *layout {
	v := &layout{replaced: l.replaced, of: l}
	for _, i := range parts {
		v.parts = append(v.parts, l.parts[i])
	}
	for _, r := range l.runs {
		if slices.Contains(v.parts, r.part) {
			v.runs = append(v.runs, r)
		}
	}
	return v
}

// Parts returns the parts of the table, in the order of Config's Groups.
func (t *Table) Parts() []*Part { return slices.Clone(t.layout.Load().parts) }

// SetLayout replaces the layout: from now on the rows are in these groups. The caller has put them there.
func (t *Table) SetLayout(c Config, parts []*Part) error {
	l, err := newLayout(&c, parts)
	if err != nil {
		return err
	}
	if t.layout.Load().of != nil {
		panic(fmt.Sprintf("table: a view of table %s is given another layout", t.id))
	}
	t.shared.config.Store(&c)
	close(t.layout.Swap(l).replaced)
	return nil
}

// Only returns a view of the table that has the rows of some parts alone. When the table gets another layout, the view has no rows any more:
// what is done to it, scans that have begun included, fails with ErrMoved.
func (t *Table) Only(parts ...int) *Table {
	l := t.layout.Load()
	if len(l.parts) == 1 && l.of == nil && len(parts) == 1 {
		return t
	}
	v := &Table{id: t.id, primaryKey: t.primaryKey, shared: t.shared}
	v.layout.Store(l.only(parts))
	return v
}

// View returns a view of the part with a group, also if the table has no others; false if it has no such part. What is read of it in a state in which the table had it stays
// right when the table gets another layout.
func (t *Table) View(group storage.GroupID) (*Table, bool) {
	l := t.layout.Load()
	i := slices.IndexFunc(l.parts, func(p *Part) bool { return p.number == group })
	if i < 0 {
		return nil, false
	}
	v := &Table{id: t.id, primaryKey: t.primaryKey, shared: t.shared}
	v.layout.Store(l.only([]int{i}))
	return v, true
}

// PartOf returns which part has an encoded primary key.
func (t *Table) PartOf(key []byte) int {
	l := t.layout.Load()
	return l.partAt(l.route(key))
}

// partAt is the place of a part in Config's Groups.
func (l *layout) partAt(p *Part) int { return slices.Index(l.parts, p) }

const (
	// movePatience is how long an operation waits for the layout that its rows have moved to.
	movePatience = 5 * time.Second
	// placePatience is how long it waits for a primary replica: while a new one is elected, or the place is given to another one, there is none.
	placePatience = 2 * time.Second
	// placePause is how long it waits before it looks again.
	placePause = 10 * time.Millisecond
)

// attempt is an operation that is tried until it has found its rows.
type attempt struct{ until time.Time }

// elsewhere tells whether an error says that nothing was done because the rows may be somewhere else.
func (t *Table) elsewhere(err error) bool {
	return err != nil && (errors.Is(err, shard.ErrMoved) || errors.Is(err, shard.ErrDropped) || t.shared.remote != nil && errors.Is(err, replication.ErrNotPrimary))
}

// again tells whether an operation that has failed on a layout is to be tried once more: nothing was done, and the rows may be found
// elsewhere now. It waits until that may be.
func (a *attempt) again(ctx context.Context, t *Table, l *layout, err error) bool {
	gone := errors.Is(err, shard.ErrMoved) || errors.Is(err, shard.ErrDropped)
	switch {
	case !t.elsewhere(err):
		return false
	case l.of != nil && (gone || l.moved()):
		return false // the rows of a view are not found elsewhere
	case gone && l.moved():
		return true
	case errors.Is(err, shard.ErrDropped):
		return false
	}
	patience, pause := placePatience, placePause
	if gone {
		patience, pause = movePatience, movePatience
	}
	if a.until.IsZero() {
		a.until = time.Now().Add(patience)
	}
	left := time.Until(a.until)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(min(pause, left))
	defer timer.Stop()
	select {
	case <-l.replaced:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

// resume gives up what has failed of a scan, and returns nil if that is to be begun again, behind what has been read.
func (a *attempt) resume(ctx context.Context, t *Table, l *layout, err error, giveUp func() error) error {
	if bad := giveUp(); bad != nil {
		return bad
	}
	if !a.again(ctx, t, l, err) {
		return l.failure(err)
	}
	return nil
}

// failure is the error of an operation that is not tried again.
func (l *layout) failure(err error) error {
	if l.of != nil && l.moved() && (errors.Is(err, shard.ErrDropped) || errors.Is(err, replication.ErrNotPrimary)) {
		return ErrMoved
	}
	return err
}
