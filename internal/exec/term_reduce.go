package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Aggregation
	//
	// sequence.reduce(function) → value
	//
	// Combines two elements to one by a function of two arguments, that with another one, and so on. Which ones come
	// together is not defined: parts of a table are reduced at the same time, and then their results. So the function has to
	// be associative, and to work on its own results.
	//
	// Options:
	// - base (any; none): without effect, for drivers before 1.13; use union or default
	//
	// Errors:
	// - NonExistence: Cannot reduce over an empty stream.
	//
	//	> r.expr([1, 2, 3, 4]).reduce((a, b) => a.add(b))
	//	10
	register(reql.TermReduce, spec{min: 2, max: 2, opts: []string{"base"}, val: evalReduce, groupedSeq: true, slowOnMany: true})

	// sequence.fold(base, function) → value or sequence
	//
	// Goes through the elements in their order with an accumulator, which begins as base: a function of it and the element
	// gives the next one. The last one is the result. With `emit` it is a sequence of all that emit gives.
	//
	// Options:
	// - emit (function; none): of the accumulator before, the element, and the accumulator after it; gives an array of
	//   results
	// - final_emit (function; none): of the last accumulator; gives more results, or without emit the result
	//
	// Errors:
	// - QueryLogic: The accumulator function passed to `fold` should expect 2 arguments
	//
	//	> r.expr([1, 2, 3]).fold(0, (sum, x) => sum.add(x))
	//	6
	//	> r.expr([1, 2, 3]).fold(0, (sum, x) => sum.add(x), emit: (before, x, after) => [after])
	//	[1,3,6]
	register(reql.TermFold, spec{min: 3, max: 3, opts: []string{"emit", "final_emit"}, val: evalFold, groupedSeq: true, slowOnMany: true})
}

// keep gives v for good. A row, and what a term has made of it, may lie in memory that is used again for the next row.
func keep(v datum.Value) datum.Value {
	switch v.Kind() {
	case datum.KindString, datum.KindBinary, datum.KindArray, datum.KindObject, datum.KindGeometry:
		return datum.View(datum.AppendEncoded(nil, v))
	}
	return v
}

func evalReduce(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	f, err := c.fn(1, noShortcut)
	if err != nil {
		return val{}, err
	}
	return s.accumulate(c, aggregation{passing: true, new: func() accumulator { return &reduction{f: f} }})
}

type reduction struct {
	f *function
	d datum.Value
}

func (a *reduction) add(fr *frame, row datum.Value) error {
	if a.d.IsAbsent() {
		a.d = keep(row)
		return nil
	}
	d, err := a.f.call2(fr, a.d, row)
	if err != nil {
		return blame(err, a.f.at)
	}
	a.d = keep(d)
	return nil
}

func (a *reduction) kept() int { return a.d.Bytes() }

func (a *reduction) merge(fr *frame, other accumulator) error {
	if o := other.(*reduction); !o.d.IsAbsent() {
		return a.add(fr, o.d)
	}
	return nil
}

func (a *reduction) finish(*frame) (datum.Value, error) {
	if a.d.IsAbsent() {
		return a.d, failAt(a.f.at, reql.NonExistence, "Cannot reduce over an empty stream.")
	}
	return a.d, nil
}

func evalFold(c call) (val, error) {
	s, err := c.seq(0)
	if err != nil {
		return val{}, err
	}
	acc, err := c.datum(1)
	if err != nil {
		return val{}, err
	}
	f, err := c.fn(2, noShortcut)
	if err != nil {
		return val{}, err
	}
	if f.native == nil && f.arity != 0 && f.arity != 2 {
		return val{}, c.logic("The accumulator function passed to `fold` should expect 2 arguments")
	}
	emit, emits, err := c.opt("emit")
	if err != nil {
		return val{}, err
	}
	final, finals, err := c.opt("final_emit")
	if err != nil {
		return val{}, err
	}
	r := &foldRows{s: s, acc: acc, f: f}
	if !emits {
		return c.foldAll(r, final, finals)
	}
	if r.emit, err = emit.function(c.fr, noShortcut); err != nil {
		return val{}, err
	}
	if finals {
		if r.final, err = final.function(c.fr, noShortcut); err != nil {
			return val{}, err
		}
	}
	out := s.over(r, c.n.t)
	return c.retSeq(out)
}

// foldAll gives the last accumulator.
func (c call) foldAll(r *foldRows, final val, finals bool) (val, error) {
	if err := r.s.ungrouped(); err != nil {
		return val{}, err
	}
	if err := r.s.noInfinite(); err != nil {
		return val{}, err
	}
	err := r.s.each(c.fr, func(row datum.Value) (bool, error) {
		d, err := r.f.call2(c.fr, r.acc, row)
		if err != nil {
			return false, blame(err, r.f.at)
		}
		r.acc = d
		return true, nil
	})
	if err != nil || !finals {
		return c.ret(r.acc), err
	}
	f, err := final.function(c.fr, noShortcut)
	if err != nil {
		return val{}, err
	}
	d, err := f.call1(c.fr, r.acc)
	if err != nil {
		return val{}, blame(err, f.at)
	}
	return c.ret(d), nil
}

// foldRows gives the elements of the arrays that emit makes at each row, and those of final at the end.
type foldRows struct {
	s              *seq
	acc            datum.Value
	f, emit, final *function

	emitted datum.Value // an array that is being given, from at on
	at      int
	ended   bool
}

func (r *foldRows) next(fr *frame) (datum.Value, bool, error) {
	for r.at >= r.emitted.Len() {
		if r.ended {
			return datum.Value{}, false, nil
		}
		if err := r.s.ungrouped(); err != nil {
			return datum.Value{}, false, err
		}
		if err := r.fill(fr); err != nil {
			return datum.Value{}, false, err
		}
		if !r.emitted.IsAbsent() {
			if err := typed(r.emitted, datum.KindArray, "ARRAY"); err != nil {
				return datum.Value{}, false, err
			}
		}
		r.at = 0
	}
	r.at++
	return r.emitted.At(r.at - 1), true, nil
}

// fill sets emitted to what the next row, or the end, makes.
func (r *foldRows) fill(fr *frame) error {
	row, ok, err := r.s.next(fr)
	if err != nil {
		return err
	}
	if !ok {
		r.ended = true
		r.emitted = datum.Value{}
		if r.final == nil {
			return nil
		}
		if r.emitted, err = r.final.call1(fr, r.acc); err != nil {
			return blame(err, r.final.at)
		}
		return nil
	}
	acc, err := r.f.call2(fr, r.acc, row)
	if err != nil {
		return blame(err, r.f.at)
	}
	if r.emitted, err = r.emit.callN(fr, r.acc, row, acc); err != nil {
		return blame(err, r.emit.at)
	}
	r.acc = acc
	return nil
}

func (r *foldRows) close() { r.s.close() }
