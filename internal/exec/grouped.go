package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// grouped is grouped data: a datum for each group, in the order of the groups.
type grouped struct {
	entries []groupEntry
}

type groupEntry struct{ key, val datum.Value }

// datum gives the pseudo-type that a client gets.
func (g *grouped) datum() datum.Value {
	rows := make([]datum.Value, len(g.entries))
	for i, e := range g.entries {
		rows[i] = datum.Array([]datum.Value{e.key, e.val})
	}
	return datum.Object([]datum.Field{
		{Key: "$reql_type$", Val: datum.String("GROUPED_DATA")},
		{Key: "data", Val: datum.Array(rows)},
	})
}

// maybeGrouped gives the grouped data that v is, or nil. A grouped sequence is collected when collect is set.
func (v val) maybeGrouped(fr *frame, collect bool) (*grouped, error) {
	switch x := v.x.(type) {
	case *grouped:
		return x, nil
	case *seq:
		if x.group != nil && collect {
			return x.collectGroups(fr)
		}
	}
	return nil, nil
}

// grouping makes a grouped sequence: what the functions give for a row is the group that it belongs to.
type grouping struct {
	funcs []*function
	multi bool       // arrays stand for all of their elements, so that a row may be in many groups
	at    *reql.Term // the term group

	// stages are for the values, after the grouping. There is always one.
	stages []groupStage
}

// groupStage is some steps for the values of a group; before them, in all stages but the first, a value becomes many.
type groupStage struct {
	expand expander
	steps  []step
}

// key gives the group of a row that belongs to one. Values that do not exist are null there.
func (g *grouping) key(fr *frame, row datum.Value, buf []datum.Value) (datum.Value, error) {
	if len(g.funcs) == 1 {
		d, err := g.funcs[0].maybe(fr, row)
		if d.IsAbsent() {
			d = datum.Null
		}
		return d, err
	}
	for i, f := range g.funcs {
		d, err := f.maybe(fr, row)
		if err != nil {
			return d, err
		}
		if d.IsAbsent() {
			d = datum.Null
		}
		buf[i] = d
	}
	return datum.Array(buf), nil
}

// eachKey calls add for every group of a row of a multi group: all combinations of the elements of the keys.
func (g *grouping) eachKey(key datum.Value, add func(key datum.Value) error) error {
	if len(g.funcs) == 1 {
		if key.Kind() != datum.KindArray {
			return add(key)
		}
		for i := range key.Len() {
			if err := add(key.At(i)); err != nil {
				return err
			}
		}
		if key.Len() == 0 {
			return add(datum.Null)
		}
		return nil
	}
	combination := make([]datum.Value, len(g.funcs))
	var choose func(i int) error
	choose = func(i int) error {
		if i == len(combination) {
			return add(datum.Array(combination))
		}
		part := key.At(i)
		if part.Kind() != datum.KindArray || part.Len() == 0 {
			combination[i] = part
			if part.Kind() == datum.KindArray {
				combination[i] = datum.Null
			}
			return choose(i + 1)
		}
		for j := range part.Len() {
			combination[i] = part.At(j)
			if err := choose(i + 1); err != nil {
				return err
			}
		}
		return nil
	}
	return choose(0)
}

// collectGroups reads a grouped sequence into an array for each group.
func (s *seq) collectGroups(fr *frame) (*grouped, error) {
	if err := s.noInfinite(); err != nil {
		s.close()
		return nil, err
	}
	total := new(listTotal)
	k, err := s.drainSerial(fr, newGroupSink(s.group, aggregation{new: func() accumulator { return &listAcc{total: total} }}))
	total.size.leave(fr, err)
	if err != nil {
		return nil, err
	}
	return k.(*groupSink).grouped(fr)
}

// listAcc collects rows. All groups of a query share the limits on their number and size.
type listAcc struct {
	rows  []datum.Value
	total *listTotal
}

type listTotal struct {
	rows int
	size hoard
}

func (a *listAcc) add(fr *frame, row datum.Value) error {
	a.rows = append(a.rows, row)
	a.total.rows++
	if err := a.total.size.add(fr, row); err != nil {
		return err
	}
	if a.total.rows > fr.q.arrayLimit {
		return topLevelResource("Grouped data over size limit `%d`.  Try putting a reduction (like `.reduce` or `.count`) on the end.", fr.q.arrayLimit)
	}
	return nil
}

func topLevelResource(format string, args ...any) error {
	e := reql.Errorf(reql.ResourceLimit, format, args...)
	e.TopLevel = true
	return e
}

func (a *listAcc) merge(_ *frame, other accumulator) error {
	a.rows = append(a.rows, other.(*listAcc).rows...)
	return nil
}

func (a *listAcc) finish(*frame) (datum.Value, error) { return datum.Array(a.rows), nil }

// groupSink has an accumulator for each group, found by the key encoding of the group.
type groupSink struct {
	g      *grouping
	agg    aggregation
	groups map[string]*groupState
	size   hoard
	keyBuf []byte
	keys   []datum.Value // scratch for the parts of a key
}

type groupState struct {
	key datum.Value
	acc accumulator
}

func newGroupSink(g *grouping, agg aggregation) *groupSink {
	return &groupSink{g: g, agg: agg, groups: map[string]*groupState{}, keys: make([]datum.Value, len(g.funcs))}
}

func (k *groupSink) add(fr *frame, row datum.Value) error {
	key, err := k.g.key(fr, row, k.keys)
	if err != nil {
		return err
	}
	if k.g.multi {
		return k.g.eachKey(key, func(key datum.Value) error { return k.addTo(fr, key, row) })
	}
	return k.addTo(fr, key, row)
}

// addTo adds a row to one group.
func (k *groupSink) addTo(fr *frame, key, row datum.Value) error {
	v, keep, err := run(fr, k.g.stages[0].steps, row)
	if err != nil || !keep {
		return err
	}
	if len(k.g.stages) == 1 {
		return k.addValue(fr, key, v)
	}
	return k.addStage(fr, 1, key, v)
}

func (k *groupSink) addStage(fr *frame, i int, key, row datum.Value) error {
	if i == len(k.g.stages) {
		return k.addValue(fr, key, row)
	}
	st := &k.g.stages[i]
	v, err := st.expand(fr, row)
	if err != nil {
		return err
	}
	return v.eachOf(fr, func(row datum.Value) error {
		out, keep, err := run(fr, st.steps, row)
		if err != nil || !keep {
			return err
		}
		return k.addStage(fr, i+1, key, out)
	})
}

func (k *groupSink) addValue(fr *frame, key, v datum.Value) error {
	var err error
	if k.keyBuf, err = datum.AppendKey(k.keyBuf[:0], key); err != nil {
		return err
	}
	st := k.groups[string(k.keyBuf)]
	if st != nil {
		return k.addMore(fr, st.acc, v)
	}
	st = &groupState{acc: k.agg.new()}
	switch err := st.acc.add(fr, v); {
	case err == errSkipped: //nolint:errorlint // never wrapped
		return nil
	case err != nil:
		return err
	case len(k.groups) >= fr.q.arrayLimit:
		return k.tooMany(fr)
	}
	if len(k.g.funcs) > 1 { // key lies in scratch memory
		parts := make([]datum.Value, key.Len())
		for i := range parts {
			parts[i] = key.At(i)
		}
		key = datum.Array(parts)
	}
	st.key = key.Own()
	k.groups[string(k.keyBuf)] = st
	size := groupBytes + len(k.keyBuf) + st.key.Bytes()
	if acc, ok := st.acc.(keeper); ok {
		size += acc.kept()
	}
	return k.size.grow(fr, size)
}

// groupBytes is about what a group takes beside its key and the rows that it keeps: its state, its place in the map, and later
// in the result.
const groupBytes = 300

// keeper is an accumulator that keeps rows.
type keeper interface {
	// kept is how many bytes they are.
	kept() int
}

// addMore adds a value to a group that has some.
func (k *groupSink) addMore(fr *frame, acc accumulator, v datum.Value) error {
	keeps, ok := acc.(keeper)
	before := 0
	if ok {
		before = keeps.kept()
	}
	err := acc.add(fr, v)
	if err == errSkipped { //nolint:errorlint // never wrapped
		return nil
	}
	if ok && err == nil {
		if n := keeps.kept() - before; n != 0 {
			err = k.size.grow(fr, n)
		}
	}
	return err
}

func (k *groupSink) close(fr *frame) { k.size.free(fr) }

func (k *groupSink) tooMany(fr *frame) error {
	return failAt(k.g.at, reql.ResourceLimit, "Too many groups (> %d).", fr.q.arrayLimit)
}

func (k *groupSink) merge(fr *frame, o sink) error {
	other := o.(*groupSink)
	k.size.merge(&other.size)
	for name, st := range other.groups {
		mine := k.groups[name]
		if mine == nil {
			if len(k.groups) >= fr.q.arrayLimit {
				return k.tooMany(fr)
			}
			k.groups[name] = st
		} else if err := mine.acc.merge(fr, st.acc); err != nil {
			return err
		}
	}
	return nil
}

func (k *groupSink) grouped(fr *frame) (*grouped, error) {
	g := &grouped{entries: make([]groupEntry, 0, len(k.groups))}
	defer k.size.leave(fr, nil)
	for _, st := range k.groups {
		d, err := st.acc.finish(fr)
		if err != nil {
			return nil, err
		}
		g.entries = append(g.entries, groupEntry{st.key, d})
	}
	slices.SortFunc(g.entries, func(a, b groupEntry) int { return datum.Compare(a.key, b.key) })
	return g, nil
}

func (k *groupSink) result(c call) (val, error) {
	g, err := k.grouped(c.fr)
	return val{x: g, at: c.n.t}, err
}
