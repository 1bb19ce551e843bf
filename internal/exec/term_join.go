package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Joins
	//
	// sequence.innerJoin(sequence, function) → sequence
	//
	// All pairs of elements, as objects of `left` and `right`, for which a function of two arguments is true. It tries each
	// pair, so prefer eqJoin where there is an index.
	//
	//	> r.table("heroes").innerJoin(r.table("visits"), (h, v) => h("id").eq(v("hero"))).zip().pluck("name", "place")
	//	{"name":"Ada","place":"London"}
	//	{"name":"Ada","place":"Vienna"}
	//	{"name":"Grace","place":"London"}
	//	{"name":"Hedy","place":"New York"}
	register(reql.TermInnerJoin, spec{min: 3, max: 3, rewritten: true, val: evalInnerJoin, groupedSeq: true, slowOnMany: true})

	// sequence.outerJoin(sequence, function) → sequence
	//
	// Like innerJoin, and each element of the first sequence that has no partner, as an object of `left` alone.
	//
	//	> r.table("heroes").outerJoin(r.table("places"), (h, p) => h("city").eq(p("name"))).map(x => x.hasFields("right"))
	//	true
	//	true
	//	false
	//	true
	register(reql.TermOuterJoin, spec{min: 3, max: 3, rewritten: true, val: evalOuterJoin, groupedSeq: true, slowOnMany: true})

	// sequence.eqJoin(field, table) → sequence
	// sequence.eqJoin(function, table) → sequence
	//
	// Each element with each row of the table whose key is the element's field, or what a function makes of the element, as
	// objects of `left` and `right`. Elements without the field, or with null in it, are left out. Rows are looked up by the
	// index in batches.
	//
	// Options:
	// - index (string; the primary key): the table's index to look into
	// - ordered (bool; false): keeps the order of the sequence
	//
	//	> r.table("visits").orderBy("id").eqJoin("place", r.table("places"), ordered: true).zip().pluck("hero", "name", "country")
	//	[{"country":"GB","hero":1,"name":"London"},{"country":"AT","hero":1,"name":"Vienna"},{"country":"GB","hero":2,"name":"London"},{"country":"US","hero":4,"name":"New York"}]
	register(reql.TermEqJoin, spec{min: 3, max: 3, opts: []string{"index", "ordered"}, val: evalEqJoin, groupedSeq: true, slowOnMany: true})
}

func pair(left, right datum.Value) datum.Value {
	return datum.Object([]datum.Field{{Key: "left", Val: left}, {Key: "right", Val: right}})
}

// partners gives the pairs of a row with the rows of the second argument, which is evaluated for each row of the first, as
// is the predicate.
func (c call) partners(fr *frame, left datum.Value) (*seq, error) {
	v, err := c.args[1].eval(fr)
	if err != nil {
		return nil, err
	}
	s, err := v.seq(fr)
	if err == nil {
		err = s.ungrouped()
	}
	if err == nil {
		err = s.noInfinite()
	}
	if err != nil {
		return nil, err
	}
	var f *function
	return s.with(func(fr *frame, right datum.Value) (datum.Value, bool, error) {
		if f == nil {
			v, err := c.args[2].eval(fr)
			if err != nil {
				return right, false, err
			}
			if f, err = v.function(fr, constantShortcut); err != nil {
				return right, false, err
			}
		}
		d, err := f.call2(fr, left, right)
		if err != nil {
			return right, false, blame(err, f.at)
		}
		if !d.Truthy() {
			return right, false, nil
		}
		return pair(left, right), true, nil
	}), nil
}

func evalInnerJoin(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	return c.retSeq(s.expanded(func(fr *frame, left datum.Value) (val, error) {
		s, err := c.partners(fr, left)
		if err != nil {
			return val{}, blame(err, c.n.t)
		}
		return val{x: s, at: c.n.t}, nil
	}, c.n.t))
}

func evalOuterJoin(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	return c.retSeq(s.expanded(func(fr *frame, left datum.Value) (val, error) {
		s, err := c.partners(fr, left)
		if err != nil {
			return val{}, blame(err, c.n.t)
		}
		pairs, err := s.collect(fr)
		if err != nil {
			return val{}, blame(err, c.n.t)
		}
		if len(pairs) == 0 {
			pairs = []datum.Value{datum.Object([]datum.Field{{Key: "left", Val: left}})}
		}
		return val{d: datum.Array(pairs), at: c.n.t}, nil
	}, c.n.t))
}

// evalEqJoin looks the partner of each row up, in the order of the rows.
func evalEqJoin(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	t, err := c.table(2)
	if err != nil {
		return val{}, err
	}
	f, err := c.fn(1, getFieldShortcut)
	if err != nil {
		return val{}, err
	}
	if _, _, err := c.optBool("ordered"); err != nil {
		return val{}, err
	}
	index := t.PrimaryKey()
	d, _, ok, err := c.optDatum("index")
	if err != nil {
		return val{}, err
	}
	if ok {
		if err := typed(d, datum.KindString, "STRING"); err != nil {
			return val{}, err
		}
		index = d.AsString()
	}
	if err := s.ungrouped(); err != nil {
		return val{}, err
	}
	if t.far(c.fr) && !s.infinite { // of a feed nothing is read ahead
		rows := &joinRows{s: s, f: f, table: t, index: index, at: c.n.t}
		if index == t.PrimaryKey() {
			rows.index = ""
		}
		return c.retSeq(s.over(rows, c.n.t))
	}
	return c.retSeq(s.expanded(func(fr *frame, left datum.Value) (val, error) {
		key, err := f.maybe(fr, left)
		if err != nil {
			return val{}, blame(err, f.at)
		}
		if key.IsAbsent() || key.Kind() == datum.KindNull {
			return val{d: datum.Array(nil), at: c.n.t}, nil
		}
		if index != t.PrimaryKey() {
			s, err := t.byKeys(fr, index, []datum.Value{key}, c.n.t)
			if err != nil {
				return val{}, err
			}
			s = s.with(func(_ *frame, right datum.Value) (datum.Value, bool, error) { return pair(left, right), true, nil })
			s.table = nil
			return val{x: s, at: c.n.t}, nil
		}
		right, err := t.get(fr, key)
		if err != nil {
			return val{}, blame(err, c.n.t)
		}
		if right.IsAbsent() {
			return val{d: datum.Array(nil), at: c.n.t}, nil
		}
		return val{d: datum.Array([]datum.Value{pair(left, right)}), at: c.n.t}, nil
	}, c.n.t))
}
