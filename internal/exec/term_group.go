package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Aggregation
	//
	// sequence.group(key[, key…]) → grouped sequence
	// sequence.group([key…], index: name) → grouped sequence
	//
	// Groups the elements by fields, by what functions of one argument make of them, or by the value of an index; several
	// keys make groups that are arrays. What lacks a field is in the group null. Terms that follow work on each group by
	// itself, up to `ungroup`. `group(…).count()` and other aggregations keep only their results in memory. The groups come
	// in the order of their keys; drivers show them as arrays of `group` and `reduction`.
	//
	// Options:
	// - index (string; none): the index whose values are (the last part of) the groups; the sequence must be a table
	// - multi (bool; false): a key that is an array puts the element into a group for each of its elements
	//
	// Errors:
	// - QueryLogic: Cannot group by nothing.
	// - QueryLogic: Cannot call `group` on the output of `group` (did you mean to `ungroup`?).
	// - ResourceLimit: Grouped data over size limit `…`.
	// - ResourceLimit: Too many groups (> …).
	//
	//	> r.table("visits").group("place").sum("nights").ungroup()
	//	[{"group":"London","reduction":5},{"group":"New York","reduction":7},{"group":"Vienna","reduction":5}]
	//	> r.table("heroes").group("skills", multi: true).count().ungroup()
	//	[{"group":null,"reduction":1},{"group":"compilers","reduction":1},{"group":"mathematics","reduction":3},{"group":"poetry","reduction":1}]
	register(reql.TermGroup, spec{min: 1, max: -1, opts: []string{"index", "multi"}, val: evalGroup, groupedSeq: true, slowOnMany: true})

	// grouped.ungroup() → array
	//
	// The groups as an array of objects of `group` and `reduction`, in the order of the groups; what follows works on that
	// array.
	//
	//	> r.table("visits").group("hero").count().ungroup().orderBy(r.desc("reduction")).limit(1)
	//	[{"group":1,"reduction":2}]
	register(reql.TermUngroup, spec{min: 1, max: 1, datum: evalUngroup, notGrouped: true, slowOnMany: true})
}

func evalGroup(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	g := &grouping{at: c.n.t, stages: make([]groupStage, 1)}
	for i := 1; i < c.len(); i++ {
		f, err := c.fn(i, getFieldShortcut)
		if err != nil {
			return val{}, err
		}
		g.funcs = append(g.funcs, f)
	}
	s, err := c.groupSource(v, g)
	if err != nil {
		return val{}, err
	}
	if len(g.funcs) == 0 {
		return val{}, c.logic("Cannot group by nothing.")
	}
	if g.multi, _, err = c.optBool("multi"); err != nil {
		return val{}, err
	}
	if s.group != nil {
		return val{}, failAt(s.at, reql.QueryLogic, "Cannot call `group` on the output of `group` (did you mean to `ungroup`?).")
	}
	s.group, s.at = g, c.n.t
	return val{x: s, at: c.n.t}, nil
}

// groupSource gives the sequence to group. An index becomes the last function.
func (c call) groupSource(v val, g *grouping) (*seq, error) {
	d, at, ok, err := c.optDatum("index")
	if err != nil {
		return nil, err
	}
	if !ok {
		return v.seq(c.fr)
	}
	index, err := strAt(d, at)
	if err != nil {
		return nil, err
	}
	t, err := v.table(c.fr)
	if err != nil {
		return nil, err
	}
	if index == t.PrimaryKey() {
		g.funcs = append(g.funcs, fieldFunction(datum.String(index), c.n.t))
		return (&sliceVal{table: t, index: index}).seq(c.fr, c.n.t)
	}
	// The rows come as pairs of value and row. The value is a group; other groups and what follows are of the row.
	for i, f := range g.funcs {
		g.funcs[i] = &function{at: f.at, arity: 1, det: f.det, native: func(fr *frame, args []datum.Value) (datum.Value, error) {
			return f.call1(fr, args[0].At(1))
		}}
	}
	g.funcs = append(g.funcs, &function{at: c.n.t, arity: 1, native: func(_ *frame, args []datum.Value) (datum.Value, error) {
		return args[0].At(0), nil
	}})
	g.stages[0].steps = append(g.stages[0].steps, func(_ *frame, pair datum.Value) (datum.Value, bool, error) {
		return pair.At(1), true, nil
	})
	s, err := (&sliceVal{table: t, index: index}).pairSeq(c.fr, c.n.t)
	if s != nil {
		s.table = nil
	}
	return s, err
}

func evalUngroup(c call) (datum.Value, error) {
	v, err := c.val(0)
	if err != nil {
		return datum.Value{}, err
	}
	g, err := v.maybeGrouped(c.fr, true)
	if err == nil && g == nil {
		g, err = v.groupedData(c.fr)
	}
	if err != nil {
		return datum.Value{}, err
	}
	rows := make([]datum.Value, len(g.entries))
	for i, e := range g.entries {
		rows[i] = datum.Object([]datum.Field{{Key: "group", Val: e.key}, {Key: "reduction", Val: e.val}})
	}
	return c.limited(rows)
}
