package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// ordering is the set of results of a comparison for which a term is true.
type ordering uint8

const (
	less ordering = 1 << iota
	equal
	greater
)

func init() {
	for _, x := range [...]struct {
		term reql.TermType
		want ordering
		not  bool
	}{
		// Family: Maths and logic
		//
		// value.eq(value…) → bool
		//
		// Whether all values are equal. Times are when they are the same moment, whatever their zones. In Python also `==`.
		//
		//	> r.expr([1, {a: 2}]).eq([1, {a: 2}])
		//	true
		{reql.TermEq, equal, false},

		// value.ne(value…) → bool
		//
		// Whether not all values are equal. In Python also `!=`.
		//
		//	> r.expr(1).ne(1, 2)
		//	true
		{reql.TermNe, equal, true},

		// value.lt(value…) → bool
		//
		// Whether each value is less than the next, in the [order of values](#values-and-their-order). In Python also `<`.
		//
		//	> r.expr(1).lt(2, 3)
		//	true
		//	> r.expr(100).lt("1")
		//	true
		{reql.TermLt, less, false},

		// value.le(value…) → bool
		//
		// Whether no value is greater than the next. In Python also `<=`.
		//
		//	> r.expr(1).le(1, 2)
		//	true
		{reql.TermLe, less | equal, false},

		// value.gt(value…) → bool
		//
		// Whether each value is greater than the next. In Python also `>`.
		//
		//	> r.expr("b").gt("a")
		//	true
		{reql.TermGt, greater, false},

		// value.ge(value…) → bool
		//
		// Whether no value is less than the next. In Python also `>=`.
		//
		//	> r.expr([1, 2]).ge([1, 1, 5])
		//	true
		{reql.TermGe, greater | equal, false},
	} {
		register(x.term, spec{min: 2, max: -1, datum: evalCompare(x.want, x.not), special: specialCompare(x.want, x.not), pure: true})
	}
}

// holds tells whether the comparison of a with b gives what is wanted.
func (want ordering) holds(a, b datum.Value) bool {
	switch ka, kb := a.Kind(), b.Kind(); {
	case ka == datum.KindNumber && kb == datum.KindNumber:
		x, y := a.AsNumber(), b.AsNumber()
		switch {
		case x < y:
			return want&less != 0
		case x > y:
			return want&greater != 0
		}
		return want&equal != 0
	case want == equal && ka == datum.KindString && kb == datum.KindString:
		return a.AsString() == b.AsString()
	}
	return want&(1<<(datum.Relate(a, b)+1)) != 0
}

// evalCompare compares each argument with the next and evaluates no more than it needs.
func evalCompare(want ordering, not bool) func(c call) (datum.Value, error) {
	return func(c call) (datum.Value, error) {
		l, err := c.datum(0)
		if err != nil {
			return l, err
		}
		for i := 1; i < c.len(); i++ {
			r, err := c.datum(i)
			if err != nil {
				return r, err
			}
			if !want.holds(l, r) {
				return datum.Bool(not), nil
			}
			l = r
		}
		return datum.Bool(!not), nil
	}
}
