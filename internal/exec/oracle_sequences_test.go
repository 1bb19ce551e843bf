package exec_test

import (
	"errors"
	"slices"

	"rethinkdb/internal/reql"
)

func oracleSequences() map[reql.TermType]oracleTerm {
	return map[reql.TermType]oracleTerm{
		reql.TermRange: func(o *oracle, e *expr, env scope) (any, error) {
			n, err := o.integer(e.args[0], env)
			i := -1
			return stream(func() (any, bool, error) { i++; return float64(i), i < n, nil }), err
		},
		reql.TermMap:       oracleMap,
		reql.TermConcatMap: oracleConcatMap,
		reql.TermFilter:    oracleFilter,
		reql.TermWithFields: func(o *oracle, e *expr, env scope) (any, error) {
			names, err := o.names(e, env)
			if err != nil {
				return nil, err
			}
			s, lazy, err := o.sequence(e.args[0], env)
			if err != nil {
				return nil, err
			}
			has := func(v any) (bool, error) { return rowHasFields(v, names) }
			return result(mapped(kept(s, has), func(v any) (any, error) { return pluck(v.(map[string]any), names), nil }), lazy)
		},
		reql.TermReduce: oracleReduce,
		reql.TermFold: func(o *oracle, e *expr, env scope) (any, error) {
			s, _, err := o.sequence(e.args[0], env)
			if err != nil {
				return nil, err
			}
			acc, err := o.value(e.args[1], env)
			if err != nil {
				return nil, err
			}
			f := function{e.args[2].params, e.args[2].args[0], env}
			err = s.each(func(v any) error { acc, err = o.call(f, acc, v); return err })
			return acc, err
		},
		reql.TermCount:   oracleCount,
		reql.TermSum:     oracleSum(false),
		reql.TermAvg:     oracleSum(true),
		reql.TermMin:     oracleBest(-1),
		reql.TermMax:     oracleBest(+1),
		reql.TermIsEmpty: oracleIsEmpty,
		reql.TermContains: func(o *oracle, e *expr, env scope) (any, error) {
			s, _, err := o.sequence(e.args[0], env)
			if err != nil {
				return nil, err
			}
			test, err := o.test(e.args[1], env)
			if err != nil {
				return nil, err
			}
			_, found, err := kept(s, test)()
			return found, err
		},
		reql.TermOffsetsOf: func(o *oracle, e *expr, env scope) (any, error) {
			test, err := o.test(e.args[1], env) // before the sequence
			if err != nil {
				return nil, err
			}
			s, lazy, err := o.sequence(e.args[0], env)
			if err != nil {
				return nil, err
			}
			i := -1
			all := mapped(s, func(v any) (any, error) {
				i++
				hit, err := test(v)
				if err != nil || !hit {
					return nil, err
				}
				return float64(i), nil
			})
			return result(kept(all, func(v any) (bool, error) { return v != nil, nil }), lazy)
		},
		reql.TermLimit: func(o *oracle, e *expr, env scope) (any, error) { return o.cut(e, env, 0, 1) },
		reql.TermSkip:  func(o *oracle, e *expr, env scope) (any, error) { return o.cut(e, env, 1, 0) },
		reql.TermSlice: func(o *oracle, e *expr, env scope) (any, error) { return o.cut(e, env, 1, 2) },
		reql.TermNth: func(o *oracle, e *expr, env scope) (any, error) {
			s, _, err := o.sequence(e.args[0], env)
			if err != nil {
				return nil, err
			}
			n, err := o.integer(e.args[1], env)
			if err != nil {
				return nil, err
			}
			for {
				v, ok, err := s()
				switch {
				case err != nil:
					return nil, err
				case !ok:
					return nil, errMissing
				case n == 0:
					return v, nil
				}
				n--
			}
		},
		reql.TermOrderBy:  oracleOrderBy,
		reql.TermDistinct: oracleDistinct,
		reql.TermUngroup:  oracleUngroup,
		reql.TermUnion: func(o *oracle, e *expr, env scope) (any, error) {
			out := []any{}
			for _, a := range e.args {
				v, err := o.array(a, env)
				if err != nil {
					return nil, err
				}
				out = append(out, v...)
			}
			return out, nil
		},
		reql.TermInnerJoin: oracleJoin(false),
		reql.TermOuterJoin: oracleJoin(true),

		reql.TermAppend:  oracleArray(func(a []any, v any) []any { return append(a, v) }),
		reql.TermPrepend: oracleArray(func(a []any, v any) []any { return append([]any{v}, a...) }),
		reql.TermSetInsert: oracleArray(func(a []any, v any) []any {
			return unique(append(a, v))
		}),
		reql.TermSetUnion: oracleArrays(func(a, b []any) []any { return unique(append(a, b...)) }),
		reql.TermSetIntersection: oracleArrays(func(a, b []any) []any {
			return unique(slices.DeleteFunc(b, func(v any) bool { return !has(a, v) }))
		}),
		reql.TermSetDifference: oracleArrays(func(a, b []any) []any {
			return unique(slices.DeleteFunc(a, func(v any) bool { return has(b, v) }))
		}),
		reql.TermDifference: oracleDifference,
		reql.TermInsertAt:   oraclePlaced(1, func(a []any, at int, v any) []any { return slices.Insert(a, at, v) }),
		reql.TermChangeAt:   oraclePlaced(0, func(a []any, at int, v any) []any { a[at] = v; return a }),
		reql.TermDeleteAt:   oraclePlaced(0, func(a []any, at int, _ any) []any { return slices.Delete(a, at, at+1) }),
	}
}

func mapped(s stream, f func(v any) (any, error)) stream {
	return func() (any, bool, error) {
		v, ok, err := s()
		if err != nil || !ok {
			return nil, false, err
		}
		v, err = f(v)
		return v, err == nil, err
	}
}

func kept(s stream, test func(v any) (bool, error)) stream {
	return func() (any, bool, error) {
		for {
			v, ok, err := s()
			if err != nil || !ok {
				return nil, false, err
			}
			keep, err := test(v)
			if err != nil {
				return nil, false, err
			}
			if keep {
				return v, true, nil
			}
		}
	}
}

// filtered is the sequence of the first argument without the rows that fail the test.
func (o *oracle) filtered(e *expr, env scope, test func(v any) (bool, error)) (any, error) {
	s, lazy, err := o.sequence(e.args[0], env)
	if err != nil {
		return nil, err
	}
	return result(kept(s, test), lazy)
}

func (o *oracle) funcOf(e *expr, env scope) function { return function{e.params, e.args[0], env} }

// oracleMap maps one sequence, or several in step up to the end of the shortest.
func oracleMap(o *oracle, e *expr, env scope) (any, error) {
	last := len(e.args) - 1
	f := o.funcOf(e.args[last], env)
	var from []stream
	lazy := false
	for _, a := range e.args[:last] {
		s, l, err := o.sequence(a, env)
		if err != nil {
			return nil, err
		}
		from, lazy = append(from, s), lazy || l
	}
	return result(func() (any, bool, error) {
		args := make([]any, len(from))
		for i, s := range from {
			v, ok, err := s()
			if err != nil || !ok {
				return nil, false, err
			}
			args[i] = v
		}
		v, err := o.call(f, args...)
		return v, err == nil, err
	}, lazy)
}

func oracleConcatMap(o *oracle, e *expr, env scope) (any, error) {
	s, lazy, err := o.sequence(e.args[0], env)
	if err != nil {
		return nil, err
	}
	f := o.funcOf(e.args[1], env)
	var inner []any
	return result(func() (any, bool, error) {
		for len(inner) == 0 {
			v, ok, err := s()
			if err != nil || !ok {
				return nil, false, err
			}
			out, err := o.call(f, v)
			if err != nil {
				return nil, false, err
			}
			a, isArray := out.([]any)
			if !isArray {
				return nil, false, wrongType(out)
			}
			inner = a
		}
		v := inner[0]
		inner = inner[1:]
		return v, true, nil
	}, lazy)
}

// oracleFilter leaves out rows for which the predicate fails because something is missing, unless told otherwise.
func oracleFilter(o *oracle, e *expr, env scope) (any, error) {
	matches := o.predicate(e.args[1], env)
	return o.filtered(e, env, func(v any) (bool, error) {
		hit, err := matches(v)
		if d := e.options["default"]; errors.Is(err, errMissing) {
			if d == nil {
				return false, nil
			}
			hit, err = o.eval(d, env)
			if errors.Is(err, errUser) { // r.error() without a text: the error of the predicate
				err = errMissing
			}
		}
		return truthy(hit), err
	})
}

// predicate calls a function of filter or count. When it is written as an object, that is a pattern for the row.
func (o *oracle) predicate(e *expr, env scope) func(row any) (any, error) {
	f := o.funcOf(e, env)
	return func(row any) (any, error) {
		v, err := o.call(f, row)
		pattern, isObject := v.(map[string]any)
		if body := f.body.term; isObject && (body == reql.TermDatum || body == reql.TermMakeObj) {
			return matchesPattern(row, pattern)
		}
		return v, err
	}
}

func matchesPattern(row any, pattern map[string]any) (bool, error) {
	m, ok := row.(map[string]any)
	if !ok && len(pattern) > 0 {
		return false, wrongType(row)
	}
	for _, k := range sortedKeys(pattern) {
		v, found := m[k]
		if !found {
			return false, errMissing
		}
		_, isObject := v.(map[string]any)
		inner, both := pattern[k].(map[string]any)
		hit, err := equal(v, pattern[k]), error(nil)
		if isObject && both {
			hit, err = matchesPattern(v, inner)
		}
		if err != nil || !hit {
			return false, err
		}
	}
	return true, nil
}

func oracleReduce(o *oracle, e *expr, env scope) (any, error) {
	s, _, err := o.sequence(e.args[0], env)
	if err != nil {
		return nil, err
	}
	acc, ok, err := s()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errMissing
	}
	err = s.each(func(v any) error { acc, err = o.call(o.funcOf(e.args[1], env), acc, v); return err })
	return acc, err
}

// test is a predicate, or equality with a value.
func (o *oracle) test(e *expr, env scope) (func(v any) (bool, error), error) {
	if e.term == reql.TermFunc {
		f := o.funcOf(e, env)
		return func(v any) (bool, error) {
			hit, err := o.call(f, v)
			return truthy(hit), err
		}, nil
	}
	want, err := o.value(e, env)
	return func(v any) (bool, error) { return equal(v, want), nil }, err
}

// cut gives a part of a sequence: its bounds are the arguments of these numbers, 0 for none.
func (o *oracle) cut(e *expr, env scope, from, to int) (any, error) {
	v, err := o.eval(e.args[0], env)
	if err != nil {
		return nil, err
	}
	if v == nil && e.term != reql.TermLimit {
		return nil, errLogic // slice and skip take strings, too, and tell all other values so
	}
	s, lazy, err := o.sequence(literal(v), env)
	if err != nil {
		return nil, err
	}
	bound := func(i int) (int, error) {
		n, err := o.integer(e.args[i], env)
		if err == nil && n < 0 {
			err = errLogic
		}
		return n, err
	}
	start, end := 0, 1<<30
	if from > 0 {
		if start, err = bound(from); err != nil {
			return nil, err
		}
	}
	if to > 0 {
		if end, err = bound(to); err != nil {
			return nil, err
		}
	}
	i := 0
	return result(func() (any, bool, error) {
		for {
			if i >= end || start >= end {
				return nil, false, nil
			}
			v, ok, err := s()
			if err != nil || !ok {
				return nil, false, err
			}
			if i++; i > start {
				return v, true, nil
			}
		}
	}, lazy)
}

// oracleOrderBy sorts by each of the keys; rows that lack one come first.
func oracleOrderBy(o *oracle, e *expr, env scope) (any, error) {
	s, _, err := o.sequence(e.args[0], env)
	if err != nil {
		return nil, err
	}
	rows, err := collect(s)
	if err != nil {
		return nil, err
	}
	out := rows.([]any)
	var failed error
	key := func(k *expr, row any) (v any, ok bool) {
		v, err := o.of(k, env, row)
		if err != nil && !errors.Is(err, errMissing) && failed == nil {
			failed = err
		}
		return v, err == nil
	}
	slices.SortStableFunc(out, func(a, b any) int {
		for _, k := range e.args[1:] {
			sign := 1
			if k.term == reql.TermDesc {
				k, sign = k.args[0], -1
			}
			va, oka := key(k, a)
			vb, okb := key(k, b)
			c := 0
			switch {
			case oka && okb:
				c = compare(va, vb)
			case oka:
				c = 1
			case okb:
				c = -1
			}
			if c != 0 {
				return c * sign
			}
		}
		return 0
	})
	return out, failed
}

func oracleDistinct(o *oracle, e *expr, env scope) (any, error) {
	v, err := o.array(e.args[0], env)
	if err != nil {
		return nil, err
	}
	v = slices.Clone(v)
	slices.SortFunc(v, compare)
	return slices.CompactFunc(v, equal), nil
}

// oracleJoin joins two arrays by a predicate.
func oracleJoin(outer bool) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		left, err := o.array(e.args[0], env)
		if err != nil {
			return nil, err
		}
		out := []any{}
		for _, l := range left {
			right, err := o.array(e.args[1], env) // again for each row: the join is a map of a map
			if err != nil {
				return nil, err
			}
			matched := false
			for _, r := range right {
				v, err := o.call(o.funcOf(e.args[2], env), l, r)
				if err != nil {
					return nil, err
				}
				if truthy(v) {
					matched = true
					out = append(out, map[string]any{"left": l, "right": r})
				}
			}
			if outer && !matched {
				out = append(out, map[string]any{"left": l})
			}
		}
		return out, nil
	}
}
