package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Documents and arrays
	//
	// array.append(value) → array
	//
	// The array with a value added at its end.
	//
	//	> r.expr([1, 2]).append(3)
	//	[1,2,3]
	register(reql.TermAppend, spec{min: 2, max: 2, datum: evalAppend})

	// array.prepend(value) → array
	//
	// The array with a value added at its beginning.
	//
	//	> r.expr([1, 2]).prepend(0)
	//	[0,1,2]
	register(reql.TermPrepend, spec{min: 2, max: 2, datum: evalPrepend})

	// array.insertAt(n, value) → array
	//
	// The array with a value inserted before element n. A negative number counts from the end, where -1 is after the last
	// element.
	//
	// Errors:
	// - NonExistence: Index `…` out of bounds for array of size: `…`.
	//
	//	> r.expr(["a", "c"]).insertAt(1, "b")
	//	["a","b","c"]
	register(reql.TermInsertAt, spec{min: 3, max: 3, datum: evalInsertAt})

	// array.spliceAt(n, array) → array
	//
	// The array with the elements of another one inserted before element n. A negative number counts from the end, where -1
	// is after the last element.
	//
	// Errors:
	// - NonExistence: Index `…` out of bounds for array of size: `…`.
	//
	//	> r.expr(["a", "d"]).spliceAt(1, ["b", "c"])
	//	["a","b","c","d"]
	register(reql.TermSpliceAt, spec{min: 3, max: 3, datum: evalSpliceAt})

	// array.deleteAt(n) → array
	// array.deleteAt(from, to) → array
	//
	// The array without one element, or without those from a number up to, but not including, another one. Negative numbers
	// count from the end.
	//
	// Errors:
	// - NonExistence: Index `…` out of bounds for array of size: `…`.
	// - QueryLogic: Start index `…` is greater than end index `…`.
	//
	//	> r.expr(["a", "b", "c", "d"]).deleteAt(1)
	//	["a","c","d"]
	//	> r.expr(["a", "b", "c", "d"]).deleteAt(1, 3)
	//	["a","d"]
	register(reql.TermDeleteAt, spec{min: 2, max: 3, datum: evalDeleteAt})

	// array.changeAt(n, value) → array
	//
	// The array with element n replaced. A negative number counts from the end.
	//
	// Errors:
	// - NonExistence: Index `…` out of bounds for array of size: `…`.
	//
	//	> r.expr(["a", "x", "c"]).changeAt(1, "b")
	//	["a","b","c"]
	register(reql.TermChangeAt, spec{min: 3, max: 3, datum: evalChangeAt})
}

// elements gives the elements of an array in a slice of its own with room for more of them.
func elements(d datum.Value, more int) ([]datum.Value, error) {
	if err := typed(d, datum.KindArray, "ARRAY"); err != nil {
		return nil, err
	}
	out := make([]datum.Value, d.Len(), d.Len()+more)
	for i := range out {
		out[i] = d.At(i)
	}
	return out, nil
}

// limited makes an array of elems, within the array limit.
func (c call) limited(elems []datum.Value) (datum.Value, error) {
	return datum.Array(elems), c.fr.checkArray(len(elems))
}

// arrayAndValue evaluates the two arguments of append and the like.
func (c call) arrayAndValue() (elems []datum.Value, v datum.Value, err error) {
	arr, err := c.datum(0)
	if err != nil {
		return nil, v, err
	}
	if v, err = c.datum(1); err != nil {
		return nil, v, err
	}
	elems, err = elements(arr, 1)
	return elems, v, err
}

func evalAppend(c call) (datum.Value, error) {
	elems, v, err := c.arrayAndValue()
	if err != nil {
		return v, err
	}
	return c.limited(append(elems, v))
}

func evalPrepend(c call) (datum.Value, error) {
	elems, v, err := c.arrayAndValue()
	if err != nil {
		return v, err
	}
	return c.limited(slices.Insert(elems, 0, v))
}

// position counts a negative index from the end of size elements, or of the size places between them.
func position(index int64, size int) (uint64, error) {
	if index >= 0 {
		return uint64(index), nil
	}
	if -index > int64(size) {
		return 0, reql.Errorf(reql.NonExistence, "Index out of bounds: %d", index)
	}
	return uint64(int64(size) + index), nil
}

// arrayAndPosition evaluates the array and the index of a term that changes an array. places is 1 when the index is that of
// a place between elements.
func (c call) arrayAndPosition(places int) (elems []datum.Value, at uint64, err error) {
	arr, err := c.datum(0)
	if err != nil {
		return nil, 0, err
	}
	if elems, err = elements(arr, 1); err == nil {
		err = c.fr.checkArray(len(elems))
	}
	if err != nil {
		return nil, 0, err
	}
	at, err = c.position(1, len(elems)+places)
	return elems, at, err
}

// position evaluates argument i to an index.
func (c call) position(i, size int) (uint64, error) {
	d, err := c.datum(i)
	if err != nil {
		return 0, err
	}
	index, err := d.Int64()
	if err != nil {
		return 0, err
	}
	return position(index, size)
}

func outOfBounds(at uint64, size int) error {
	return reql.Errorf(reql.NonExistence, "Index `%d` out of bounds for array of size: `%d`.", at, size)
}

func evalInsertAt(c call) (datum.Value, error) {
	elems, at, err := c.arrayAndPosition(1)
	if err != nil {
		return datum.Value{}, err
	}
	v, err := c.datum(2)
	if err != nil {
		return v, err
	}
	if at > uint64(len(elems)) {
		return v, outOfBounds(at, len(elems))
	}
	return c.limited(slices.Insert(elems, int(at), v))
}

func evalSpliceAt(c call) (datum.Value, error) {
	elems, at, err := c.arrayAndPosition(1)
	if err != nil {
		return datum.Value{}, err
	}
	v, err := c.datum(2)
	if err != nil {
		return v, err
	}
	if at > uint64(len(elems)) {
		return v, outOfBounds(at, len(elems))
	}
	more, err := elements(v, 0)
	if err != nil {
		return v, err
	}
	return c.limited(slices.Insert(elems, int(at), more...))
}

func evalDeleteAt(c call) (datum.Value, error) {
	elems, at, err := c.arrayAndPosition(0)
	if err != nil {
		return datum.Value{}, err
	}
	size := uint64(len(elems))
	if c.len() == 2 {
		if at >= size {
			return datum.Value{}, outOfBounds(at, len(elems))
		}
		return c.limited(slices.Delete(elems, int(at), int(at)+1))
	}
	end, err := c.position(2, len(elems))
	switch {
	case err != nil:
		return datum.Value{}, err
	case at > size:
		return datum.Value{}, outOfBounds(at, len(elems))
	case end > size:
		return datum.Value{}, outOfBounds(end, len(elems))
	case at > end:
		return datum.Value{}, c.logic("Start index `%d` is greater than end index `%d`.", at, end)
	}
	return c.limited(slices.Delete(elems, int(at), int(end)))
}

func evalChangeAt(c call) (datum.Value, error) {
	elems, at, err := c.arrayAndPosition(0)
	if err != nil {
		return datum.Value{}, err
	}
	v, err := c.datum(2)
	if err != nil {
		return v, err
	}
	if at >= uint64(len(elems)) {
		return v, outOfBounds(at, len(elems))
	}
	elems[at] = v
	return c.limited(elems)
}
