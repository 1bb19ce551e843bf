package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// sequence.map(function) → sequence
	// sequence.map(sequence…, function) → sequence
	// r.map(sequence…, function) → sequence
	//
	// What a function makes of each element; with several sequences, of their first elements, of their second ones, and so
	// on until one of them ends. An error of the function fails the query, also where a field is missing.
	//
	// Errors:
	// - QueryLogic: The function passed to `map` expects … argument…, but … sequence… found.
	//
	//	> r.expr([1, 2, 3]).map(x => x.mul(x))
	//	[1,4,9]
	//	> r.expr([1, 2, 3]).map([10, 20], (x, y) => x.add(y))
	//	[11,22]
	register(reql.TermMap, spec{min: 2, max: -1, val: evalMap, groupedSeq: true, slowOnMany: true})

	// sequence.concatMap(function) → sequence
	//
	// The elements of all the sequences that a function makes of the elements, one sequence after the other.
	//
	//	> r.table("heroes").concatMap(h => h("skills").default([])).distinct()
	//	["compilers","mathematics","poetry"]
	register(reql.TermConcatMap, spec{min: 2, max: 2, val: evalConcatMap, groupedSeq: true, slowOnMany: true})

	// Family: Joins
	//
	// sequence.zip() → sequence
	//
	// Merges `right` into `left` of each object that a join made.
	//
	// Errors:
	// - QueryLogic: ZIP can only be called on the result of a join.
	//
	//	> r.expr([{left: {id: 1, a: 1}, right: {id: 2, b: 2}}]).zip()
	//	[{"a":1,"b":2,"id":2}]
	register(reql.TermZip, spec{min: 1, max: 1, val: evalZip, slowOnMany: true})
}

func evalMap(c call) (val, error) {
	n := c.len() - 1
	seqs := make([]*seq, n)
	for i := range seqs {
		var err error
		if seqs[i], err = c.seq(i); err != nil {
			return val{}, err
		}
	}
	f, err := c.fn(n, noShortcut)
	if err != nil {
		return val{}, err
	}
	if f.native == nil && f.arity != 0 && f.arity != n {
		were := "s were"
		if n == 1 {
			were = " was"
		}
		return val{}, c.logic("The function passed to `map` expects %d argument%s, but %d sequence%s found.", f.arity, plural(f.arity), n, were)
	}
	if f.script != nil && (n > 1 || seqs[0].group == nil) {
		return c.retSeq(c.scriptMap(f, seqs))
	}
	if n == 1 {
		return c.retSeq(c.stepped(seqs[0], mapStep(f)))
	}
	out := &seq{src: &mapRows{f: f, seqs: seqs, args: make([]datum.Value, n)}, isArray: true, infinite: true, at: c.n.t, fr: c.fr}
	for _, s := range seqs {
		out.isArray = out.isArray && s.isArray && s.group == nil
		out.infinite = out.infinite && s.infinite
	}
	return c.retSeq(out)
}

func mapStep(f *function) step {
	return func(fr *frame, row datum.Value) (datum.Value, bool, error) {
		d, err := f.call1(fr, row)
		if err != nil {
			return d, false, blame(err, f.at)
		}
		return d, true, nil
	}
}

// mapRows takes the rows of several sequences side by side until the shortest ends.
type mapRows struct {
	f    *function
	seqs []*seq
	args []datum.Value
	read int // how many of args are those of the next row: a feed may have had nothing for the rest
}

func (r *mapRows) next(fr *frame) (datum.Value, bool, error) {
	for ; r.read < len(r.seqs); r.read++ {
		s := r.seqs[r.read]
		if err := s.ungrouped(); err != nil {
			return datum.Value{}, false, err
		}
		var ok bool
		var err error
		if r.args[r.read], ok, err = s.next(fr); err != nil || !ok {
			return datum.Value{}, false, err
		}
	}
	r.read = 0
	d, err := r.f.callN(fr, r.args...)
	if err != nil {
		return d, false, blame(err, r.f.at)
	}
	return d, true, nil
}

func (r *mapRows) close() {
	for _, s := range r.seqs {
		s.close()
	}
}

func evalConcatMap(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	f, err := c.fn(1, noShortcut)
	if err != nil {
		return val{}, err
	}
	s.shape.expanded = true
	return c.retSeq(s.expanded(func(fr *frame, row datum.Value) (val, error) {
		v, err := f.call(fr, row)
		switch {
		case err != nil:
			return v, blame(err, f.at)
		case v.x == nil && v.d.Kind() != datum.KindArray:
			_, err := v.seq(fr)
			return v, blame(err, f.term())
		}
		return v, nil
	}, c.n.t))
}

func evalZip(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	at := c.n.t
	return c.retSeq(c.stepped(s, func(_ *frame, row datum.Value) (datum.Value, bool, error) {
		if !isObject(row) {
			return row, false, blame(typeError(row, "OBJECT"), at)
		}
		left, ok := row.Get("left")
		if !ok {
			return row, false, failAt(at, reql.QueryLogic, "ZIP can only be called on the result of a join.")
		}
		right, ok := row.Get("right")
		if !ok {
			return left, true, nil
		}
		d, err := datum.Merge(left, right)
		if err != nil {
			return d, false, blame(err, at)
		}
		return d, true, nil
	}))
}
