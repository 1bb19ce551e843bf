package exec

import (
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// sequence.isEmpty() → bool
	//
	// Whether there is no element. At most one is read.
	//
	//	> r.table("heroes").getAll(77).isEmpty()
	//	true
	register(reql.TermIsEmpty, spec{min: 1, max: 1, datum: evalIsEmpty, compile: compileIsEmpty, slowOnMany: true})

	// Family: Aggregation
	//
	// sequence.contains([value or function…]) → bool
	//
	// Whether there is an element for each of the values, equal to it, and for each of the functions, for which it is true,
	// all of them different ones. Without any, whether there is an element.
	//
	//	> r.table("heroes").get(1)("skills").contains("poetry", "mathematics")
	//	true
	//	> r.expr([1, 2]).contains(x => x.gt(1))
	//	true
	register(reql.TermContains, spec{min: 1, max: -1, datum: evalContains, slowOnMany: true})

	// Family: Transformations
	//
	// sequence.offsetsOf(value) → array of numbers
	// sequence.offsetsOf(function) → array of numbers
	//
	// The numbers of the elements that equal a value, or for which a function is true. Drivers
	// before 2.0 call it `indexesOf`.
	//
	//	> r.expr(["a", "b", "a"]).offsetsOf("a")
	//	[0,2]
	//	> r.expr([5, 6, 7]).offsetsOf(x => x.gt(5))
	//	[1,2]
	register(reql.TermOffsetsOf, spec{min: 2, max: 2, val: evalOffsetsOf, slowOnMany: true})
}

// compileIsEmpty tells a pipeline that one row is enough.
func compileIsEmpty(_ *builder, n *opNode) error {
	if p, ok := n.args[0].(*pipelineNode); ok {
		p.limit = 1
	}
	return nil
}

func evalIsEmpty(c call) (datum.Value, error) {
	s, err := c.seq(0)
	if err != nil {
		return datum.Value{}, err
	}
	defer s.close()
	_, ok, err := s.next(c.fr)
	return datum.Bool(!ok), err
}

func evalContains(c call) (datum.Value, error) {
	s, err := c.seq(0)
	if err != nil {
		return datum.Value{}, err
	}
	var values []datum.Value
	var predicates []*function
	for i := 1; i < c.len(); i++ {
		v, err := c.val(i)
		if err != nil {
			return datum.Value{}, err
		}
		if f, ok := v.x.(*function); ok {
			predicates = append(predicates, f)
			continue
		}
		d, err := v.datum(c.fr)
		if err != nil {
			return datum.Value{}, err
		}
		values = append(values, d)
	}
	look := func() (found bool, err error) {
		err = s.each(c.fr, func(row datum.Value) (bool, error) {
			values = withoutEqual(values, row)
			if predicates, err = withoutTrue(c.fr, predicates, row); err != nil {
				return false, err
			}
			found = len(values) == 0 && len(predicates) == 0
			return !found, nil
		})
		return found, err
	}
	if _, err := c.serve(s); err != nil {
		return datum.Value{}, err
	}
	found, err := c.anyPart(s, look)
	return datum.Bool(found), err
}

// anyPart tells whether look, or another server that has some of the rows, finds what is looked for.
func (c call) anyPart(s *seq, look func() (found bool, err error)) (bool, error) {
	d := c.division(s)
	switch {
	case d == nil:
		return look()
	case c.fr.brief:
		return false, c.fr.giveUp()
	}
	err := d.run(func(answer datum.Value) error {
		if answer.Truthy() {
			return errFound
		}
		return nil
	}, func() error {
		found, err := look()
		if found {
			return errFound
		}
		return err
	})
	if err == errFound { //nolint:errorlint // it is never wrapped
		return true, nil
	}
	return false, err
}

// errFound ends a search.
var errFound = errors.New("found")

// withoutEqual gives the values without one that equals row.
func withoutEqual(values []datum.Value, row datum.Value) []datum.Value {
	for i, v := range values {
		if datum.Equal(v, row) {
			values[i] = values[len(values)-1]
			return values[:len(values)-1]
		}
	}
	return values
}

// withoutTrue gives the predicates without one that is true of row.
func withoutTrue(fr *frame, predicates []*function, row datum.Value) ([]*function, error) {
	for i, f := range predicates {
		d, err := f.call1(fr, row)
		if err != nil {
			return nil, blame(err, f.at)
		}
		if d.Truthy() {
			predicates[i] = predicates[len(predicates)-1]
			return predicates[:len(predicates)-1], nil
		}
	}
	return predicates, nil
}

// equals is the function that compares with d.
func equals(d datum.Value, at *reql.Term) *function {
	return &function{at: at, arity: 1, native: func(_ *frame, args []datum.Value) (datum.Value, error) {
		return datum.Bool(datum.Equal(args[0], d)), nil
	}}
}

func evalOffsetsOf(c call) (val, error) {
	in, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	v, err := c.val(1) // before a look at the type of the first
	if err != nil {
		return val{}, err
	}
	f, ok := v.x.(*function)
	if !ok {
		d, err := v.datum(c.fr)
		if err != nil {
			return val{}, err
		}
		f = equals(d, c.n.t)
	}
	s, err := in.seq(c.fr)
	if err != nil {
		return val{}, err
	}
	return c.retSeq(s.over(&offsetRows{s: s, keep: filterStep(f, nil)}, c.n.t))
}

// offsetRows gives the numbers of the rows that keep keeps.
type offsetRows struct {
	s    *seq
	keep step
	n    int64
}

func (r *offsetRows) next(fr *frame) (datum.Value, bool, error) {
	if err := r.s.ungrouped(); err != nil {
		return datum.Value{}, false, err
	}
	for {
		row, ok, err := r.s.next(fr)
		if err != nil || !ok {
			return row, false, err
		}
		r.n++
		_, keep, err := r.keep(fr, row)
		if err != nil || keep {
			return datum.Int(r.n - 1), keep, err
		}
	}
}

func (r *offsetRows) close() { r.s.close() }
