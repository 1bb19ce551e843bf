package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Transformations
	//
	// r.asc(field) → key to order by
	// r.asc(function) → key to order by
	//
	// The lower values first, as they are without it. Only in orderBy and in `interleave` of union.
	//
	// Errors:
	// - Compile: … may only be used as an argument to ORDER_BY or UNION.
	//
	//	> r.expr([{n: 2}, {n: 1}]).orderBy(r.asc("n"))
	//	[{"n":1},{"n":2}]
	register(reql.TermAsc, spec{min: 1, max: 1, val: evalDirection})

	// r.desc(field) → key to order by
	// r.desc(function) → key to order by
	//
	// The higher values first. Only in orderBy and in `interleave` of union.
	//
	// Errors:
	// - Compile: … may only be used as an argument to ORDER_BY or UNION.
	//
	//	> r.expr([{n: 1}, {n: 2}]).orderBy(r.desc(x => x("n")))
	//	[{"n":2},{"n":1}]
	register(reql.TermDesc, spec{min: 1, max: 1, val: evalDirection})
}

// evalDirection gives the key itself: order_by and union look at the term for the direction.
func evalDirection(c call) (val, error) { return c.val(0) }

// sortKeys are what order_by and an ordered union sort by: by the first key, rows that are equal in it by the second, and
// so on. A row that does not have a key comes before all that do.
type sortKeys []sortKey

type sortKey struct {
	f          *function
	descending bool
}

// key makes the key that v, evaluated from the term written, stands for.
func (c call) key(v val, written *reql.Term) (sortKey, error) {
	if written.Type == reql.TermArgs {
		return sortKey{}, c.logic("r.args is not supported in an order_by or union command yet.")
	}
	f, err := v.function(c.fr, getFieldShortcut)
	if err != nil {
		return sortKey{}, err
	}
	if f.det&detNever != 0 {
		return sortKey{}, c.logic("Sorting by a non-deterministic function is not supported.")
	}
	return sortKey{f: f, descending: written.Type == reql.TermDesc}, nil
}

// of gives key i of a row, absent when the row does not have it.
func (o sortKeys) of(fr *frame, i int, row datum.Value) (datum.Value, error) {
	d, err := o[i].f.maybe(fr, row)
	if err != nil {
		return d, blame(err, o[i].f.at)
	}
	return d, nil
}

// compareKeys compares two values of key i.
func (o sortKeys) compareKeys(i int, a, b datum.Value) int {
	c := 0
	switch {
	case a.IsAbsent() && b.IsAbsent():
	case a.IsAbsent():
		c = -1
	case b.IsAbsent():
		c = 1
	default:
		c = datum.Compare(a, b)
	}
	if o[i].descending {
		return -c
	}
	return c
}

// Marks in the place of a key that a row does not have, and of one that could not be computed. They are less than the first
// byte of the key of any value.
const (
	keyFailed = 0x02
	keyAbsent = 0x04
)

// appendKey appends key i of a row in a form that bytes.Compare orders, and whose end is known without looking at what
// follows.
func (o sortKeys) appendKey(fr *frame, dst []byte, i int, row datum.Value) ([]byte, error) {
	d, err := o.of(fr, i, row)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	if d.IsAbsent() {
		dst = append(dst, keyAbsent)
	} else if dst, err = datum.AppendKey(dst, d); err != nil {
		return dst, blame(err, o[i].f.at)
	}
	return o.directed(dst, start, i), nil
}

// directed turns the part of a key from start on around if key i is a descending one.
func (o sortKeys) directed(key []byte, start, i int) []byte {
	if o[i].descending {
		for j := start; j < len(key); j++ {
			key[j] = ^key[j]
		}
	}
	return key
}

// tie compares two rows, whose keys were computed but for those that failed. The error is that of such a key, when it counts.
func (o sortKeys) tie(fr *frame, a, b datum.Value) error {
	for i := range o {
		x, err := o.of(fr, i, a)
		if err != nil {
			return err
		}
		y, err := o.of(fr, i, b)
		if err != nil || o.compareKeys(i, x, y) != 0 {
			return err
		}
	}
	return nil
}
