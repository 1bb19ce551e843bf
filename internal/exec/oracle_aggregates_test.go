package exec_test

import (
	"errors"
	"slices"

	"rethinkdb/internal/reql"
)

func oracleCount(o *oracle, e *expr, env scope) (any, error) {
	v, err := o.eval(e.args[0], env)
	if err != nil {
		return nil, err
	}
	if len(e.args) == 1 {
		switch v := v.(type) {
		case string:
			return float64(len([]rune(v))), nil
		case map[string]any:
			return float64(len(v)), nil
		}
	}
	test := func(any) (bool, error) { return true, nil }
	if len(e.args) == 2 { // before it turns out whether the first argument is a sequence
		if test, err = o.test(e.args[1], env); err != nil {
			return nil, err
		}
		if e.args[1].term == reql.TermFunc {
			matches := o.predicate(e.args[1], env)
			test = func(v any) (bool, error) {
				hit, err := matches(v)
				return truthy(hit), err
			}
		}
	}
	s, ok := v.(stream)
	if a, isArray := v.([]any); isArray {
		s, ok = sliceStream(a), true
	}
	if !ok {
		return nil, wrongType(v)
	}
	s = kept(s, func(v any) (bool, error) {
		hit, err := test(v)
		return hit && err == nil, unlessMissing(err)
	})
	n := 0.0
	err = s.each(func(any) error { n++; return nil })
	return n, err
}

// measured calls f with each row and what the second argument makes of it; rows that lack it are left out.
func (o *oracle) measured(e *expr, env scope, f func(row, v any) error) error {
	s, _, err := o.sequence(e.args[0], env)
	if err != nil {
		return err
	}
	return s.each(func(row any) error {
		v := row
		if len(e.args) > 1 {
			if v, err = o.of(e.args[1], env, row); errors.Is(err, errMissing) {
				return nil
			} else if err != nil {
				return err
			}
		}
		return unlessMissing(f(row, v))
	})
}

// of is a function, or the name of a field, applied to a row.
func (o *oracle) of(e *expr, env scope, row any) (any, error) {
	if e.term == reql.TermFunc {
		return o.call(o.funcOf(e, env), row)
	}
	m, ok := row.(map[string]any)
	if !ok {
		return nil, wrongType(row)
	}
	v, ok := m[e.literal.(string)]
	if !ok {
		return nil, errMissing
	}
	return v, nil
}

func oracleSum(average bool) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		sum, n := 0.0, 0.0
		err := o.measured(e, env, func(_, v any) error {
			f, ok := v.(float64)
			if !ok {
				return wrongType(v)
			}
			sum += f
			n++
			return nil
		})
		switch {
		case err != nil:
			return nil, err
		case !average:
			return finite(sum)
		case n == 0:
			return nil, errMissing
		}
		return finite(sum / n)
	}
}

func oracleBest(sign int) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		var best, row any
		found := false
		err := o.measured(e, env, func(r, v any) error {
			if !found || compare(v, best)*sign > 0 {
				best, row, found = v, r, true
			}
			return nil
		})
		if err == nil && !found {
			err = errMissing
		}
		return row, err
	}
}

func oracleIsEmpty(o *oracle, e *expr, env scope) (any, error) {
	s, _, err := o.sequence(e.args[0], env)
	if err != nil {
		return nil, err
	}
	_, ok, err := s()
	return !ok, err
}

// oracleUngroup is group, an aggregation and ungroup in one. Its argument is the aggregation of the group.
func oracleUngroup(o *oracle, e *expr, env scope) (any, error) {
	aggregation := e.args[0]
	group := aggregation.args[0]
	s, _, err := o.sequence(group.args[0], env)
	if err != nil {
		return nil, err
	}
	groups := map[string][]any{}
	keys := map[string]any{}
	err = s.each(func(row any) error {
		k, err := o.of(group.args[1], env, row)
		if err != nil && !errors.Is(err, errMissing) {
			return err
		}
		if k == 0.0 {
			k = 0.0 // the negative one is in the same group
		}
		name := toJSON(k)
		keys[name] = k
		groups[name] = append(groups[name], row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(groups))
	for name := range groups {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return compare(keys[a], keys[b]) })
	out := []any{}
	for _, name := range names {
		of := *aggregation
		of.args = append([]*expr{{term: reql.TermDatum, literal: groups[name]}}, aggregation.args[1:]...)
		v, err := o.value(&of, env)
		none := errors.Is(err, errMissing)
		switch aggregation.term {
		case reql.TermCount:
			none = v == 0.0
		case reql.TermSum:
			_, noMean := oracleSum(true)(o, &of, env)
			none = errors.Is(noMean, errMissing)
		}
		if none { // a group of which no row counts does not exist
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, map[string]any{"group": keys[name], "reduction": v})
	}
	return out, nil
}
