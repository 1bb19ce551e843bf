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

// grouping makes a grouped sequence: each row goes to the groups that keys gives.
type grouping struct {
	// keys calls add for each group that the row belongs to.
	keys  func(fr *frame, row datum.Value, add func(key datum.Value) error) error
	steps []step // for the values, after the grouping
}

// collectGroups reads a grouped sequence into an array for each group.
func (s *seq) collectGroups(fr *frame) (*grouped, error) {
	if err := s.noInfinite(); err != nil {
		s.close()
		return nil, err
	}
	total := 0
	k, err := s.drainSerial(fr, newGroupSink(s.group, aggregation{new: func() accumulator { return &listAcc{total: &total} }}))
	if err != nil {
		return nil, err
	}
	return k.(*groupSink).grouped(fr)
}

// listAcc collects rows. All groups of a query share the limit on their number.
type listAcc struct {
	rows  []datum.Value
	total *int
}

func (a *listAcc) add(fr *frame, row datum.Value) error {
	a.rows = append(a.rows, row)
	*a.total++
	if *a.total > fr.q.arrayLimit {
		return reql.Errorf(reql.ResourceLimit, "Grouped data over size limit `%d`.  Try putting a reduction (like `.reduce` or `.count`) on the end.", fr.q.arrayLimit)
	}
	return nil
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
	keyBuf []byte
}

type groupState struct {
	key datum.Value
	acc accumulator
}

func newGroupSink(g *grouping, agg aggregation) *groupSink {
	return &groupSink{g: g, agg: agg, groups: map[string]*groupState{}}
}

func (k *groupSink) add(fr *frame, row datum.Value) error {
	return k.g.keys(fr, row, func(key datum.Value) error {
		st, err := k.state(fr, key)
		if err != nil {
			return err
		}
		v, keep, err := run(fr, k.g.steps, row)
		if err != nil || !keep {
			return err
		}
		return st.acc.add(fr, v)
	})
}

func (k *groupSink) state(fr *frame, key datum.Value) (*groupState, error) {
	var err error
	if k.keyBuf, err = datum.AppendKey(k.keyBuf[:0], key); err != nil {
		return nil, err
	}
	st := k.groups[string(k.keyBuf)]
	if st == nil {
		if len(k.groups) >= fr.q.arrayLimit {
			return nil, reql.Errorf(reql.ResourceLimit, "Too many groups (> %d).", fr.q.arrayLimit)
		}
		st = &groupState{key: key.Own(), acc: k.agg.new()}
		k.groups[string(k.keyBuf)] = st
	}
	return st, nil
}

func (k *groupSink) merge(fr *frame, o sink) error {
	for name, st := range o.(*groupSink).groups {
		mine := k.groups[name]
		if mine == nil {
			if len(k.groups) >= fr.q.arrayLimit {
				return reql.Errorf(reql.ResourceLimit, "Too many groups (> %d).", fr.q.arrayLimit)
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
