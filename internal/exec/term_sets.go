package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Documents and arrays
	//
	// array.setInsert(value) → array
	//
	// The elements of an array, each once, and a value, if it is not among them.
	//
	//	> r.expr([1, 2, 2]).setInsert(3)
	//	[1,2,3]
	register(reql.TermSetInsert, spec{min: 2, max: 2, datum: evalSetInsert})

	// array.setUnion(array) → array
	//
	// The elements of two arrays, each once, in the order in which they first come.
	//
	//	> r.expr([1, 2]).setUnion([2, 3])
	//	[1,2,3]
	register(reql.TermSetUnion, spec{min: 2, max: 2, datum: evalSetUnion})

	// array.setIntersection(array) → array
	//
	// The elements that are in both arrays, each once, in the order of the second.
	//
	//	> r.expr([1, 2, 3]).setIntersection([3, 1, 1])
	//	[3,1]
	register(reql.TermSetIntersection, spec{min: 2, max: 2, datum: evalSetIntersection})

	// array.setDifference(array) → array
	//
	// The elements that are not in the second array, each once.
	//
	//	> r.expr([1, 2, 2, 3]).setDifference([3])
	//	[1,2]
	register(reql.TermSetDifference, spec{min: 2, max: 2, datum: evalSetDifference})

	// sequence.difference(array) → sequence
	// selection.difference(array) → selection
	//
	// The elements that are not in an array, in their order, repeated ones as often as they come.
	//
	// Options:
	// - default (any; false): what counts when the array does not exist for want of a field; r.error() fails instead
	//
	//	> r.expr([1, 2, 2, 3, 4]).difference([1, 4])
	//	[2,2,3]
	register(reql.TermDifference, spec{min: 2, max: 2, rewritten: true, opts: []string{"default"}, val: evalDifference, groupedSeq: true, slowOnMany: true})
}

// valueSet is a set of values. Equal values have the same key encoding.
type valueSet struct {
	keys map[string]struct{}
	buf  []byte
}

func newValueSet(size int) *valueSet { return &valueSet{keys: make(map[string]struct{}, size)} }

// add reports whether v was new.
func (s *valueSet) add(v datum.Value) (bool, error) {
	found, err := s.has(v)
	if err != nil || found {
		return false, err
	}
	s.keys[string(s.buf)] = struct{}{}
	return true, nil
}

func (s *valueSet) has(v datum.Value) (bool, error) {
	var err error
	if s.buf, err = datum.AppendKey(s.buf[:0], v); err != nil {
		return false, err
	}
	_, found := s.keys[string(s.buf)]
	return found, nil
}

// addAll adds the elements of an array to the set.
func (s *valueSet) addAll(arr datum.Value) error {
	for i := range arr.Len() {
		if _, err := s.add(arr.At(i)); err != nil {
			return err
		}
	}
	return nil
}

// appendNew appends those elements of arr to out that are new to the set, and adds them to it.
func (s *valueSet) appendNew(out []datum.Value, arr datum.Value) ([]datum.Value, error) {
	for i := range arr.Len() {
		v := arr.At(i)
		isNew, err := s.add(v)
		if err != nil {
			return nil, err
		}
		if isNew {
			out = append(out, v)
		}
	}
	return out, nil
}

func evalSetInsert(c call) (datum.Value, error) {
	arr, err := c.datum(0)
	if err != nil {
		return arr, err
	}
	v, err := c.datum(1)
	if err != nil {
		return v, err
	}
	if err := typed(arr, datum.KindArray, "ARRAY"); err != nil {
		return v, err
	}
	set := newValueSet(arr.Len() + 1)
	out, err := set.appendNew(make([]datum.Value, 0, arr.Len()+1), arr)
	if err != nil {
		return v, err
	}
	isNew, err := set.add(v)
	if err != nil {
		return v, err
	}
	if isNew {
		out = append(out, v)
	}
	return c.limited(out)
}

// twoArrays evaluates the arguments of an operation on two sets.
func (c call) twoArrays() (a, b datum.Value, err error) {
	if a, err = c.datum(0); err != nil {
		return a, b, err
	}
	if b, err = c.datum(1); err != nil {
		return a, b, err
	}
	first, second := a, b
	if c.n.t.Type == reql.TermSetDifference { // which looks at the second one first
		first, second = b, a
	}
	if err = typed(first, datum.KindArray, "ARRAY"); err == nil {
		err = typed(second, datum.KindArray, "ARRAY")
	}
	return a, b, err
}

func evalSetUnion(c call) (datum.Value, error) {
	a, b, err := c.twoArrays()
	if err != nil {
		return a, err
	}
	set := newValueSet(a.Len() + b.Len())
	out, err := set.appendNew(make([]datum.Value, 0, a.Len()+b.Len()), a)
	if err == nil {
		out, err = set.appendNew(out, b)
	}
	if err != nil {
		return a, err
	}
	return c.limited(out)
}

func evalSetIntersection(c call) (datum.Value, error) {
	a, b, err := c.twoArrays()
	if err != nil {
		return a, err
	}
	set := newValueSet(a.Len())
	if err := set.addAll(a); err != nil {
		return a, err
	}
	var out []datum.Value
	for i := range b.Len() {
		v := b.At(i)
		found, err := set.has(v)
		if err != nil {
			return a, err
		}
		if found {
			delete(set.keys, string(set.buf))
			out = append(out, v)
		}
	}
	return c.limited(out)
}

func evalSetDifference(c call) (datum.Value, error) {
	a, b, err := c.twoArrays()
	if err != nil {
		return a, err
	}
	set := newValueSet(a.Len() + b.Len())
	if err := set.addAll(b); err != nil {
		return a, err
	}
	out, err := set.appendNew(nil, a)
	if err != nil {
		return a, err
	}
	return c.limited(out)
}

// evalDifference is filter by not being in the second argument, which is evaluated for each row unless it is a literal.
func evalDifference(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	var set *valueSet
	if d, ok := c.n.constant(1); ok && d.Kind() == datum.KindArray {
		set = newValueSet(d.Len())
		if err := set.addAll(d); err != nil {
			return val{}, err
		}
	}
	args, missing := c.args, c.ownOpt("default")
	return c.steppedVal(v, func(fr *frame, row datum.Value) (datum.Value, bool, error) {
		if set != nil {
			var buf [64]byte
			key, err := datum.AppendKey(buf[:0], row)
			_, found := set.keys[string(key)]
			return row, !found, err
		}
		found := false
		v, err := args[1].eval(fr)
		if err == nil {
			err = v.each(fr, func(e datum.Value) (bool, error) {
				found = datum.Equal(e, row)
				return !found, nil
			})
		}
		if err != nil && isNonExistence(err) {
			keep, err := keepMissing(fr, missing, err)
			return row, keep, err
		}
		return row, !found, err
	})
}
