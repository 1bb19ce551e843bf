package exec_test

import (
	"errors"
	"slices"
)

// oracleDifference is a filter that evaluates the second array again for each row.
func oracleDifference(o *oracle, e *expr, env scope) (any, error) {
	return o.filtered(e, env, func(v any) (bool, error) {
		s, _, err := o.sequence(e.args[1], env)
		if err != nil {
			return false, unlessMissing(err)
		}
		_, found, err := kept(s, func(w any) (bool, error) { return equal(v, w), nil })()
		return err == nil && !found, unlessMissing(err)
	})
}

// unlessMissing is the error of a predicate of a filter: where something is missing the row is left out.
func unlessMissing(err error) error {
	if errors.Is(err, errMissing) {
		return nil
	}
	return err
}

func oracleArray(f func(a []any, v any) []any) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		a, err := o.value(e.args[0], env)
		if err != nil {
			return nil, err
		}
		v, err := o.value(e.args[1], env)
		if err != nil {
			return nil, err
		}
		arr, ok := a.([]any)
		if !ok {
			return nil, wrongType(a)
		}
		return f(slices.Clone(arr), v), nil
	}
}

func oracleArrays(f func(a, b []any) []any) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		left, err := o.value(e.args[0], env)
		if err != nil {
			return nil, err
		}
		right, err := o.value(e.args[1], env)
		if err != nil {
			return nil, err
		}
		a, ok := left.([]any)
		if !ok {
			return nil, wrongType(left)
		}
		b, ok := right.([]any)
		if !ok {
			return nil, wrongType(right)
		}
		return append([]any{}, f(slices.Clone(a), slices.Clone(b))...), nil
	}
}

// oraclePlaced changes an array at a position, which counts from the end when it is negative. more is 1 if the place behind
// the last element counts.
func oraclePlaced(more int, f func(a []any, at int, v any) []any) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		a, err := o.array(e.args[0], env)
		if err != nil {
			return nil, err
		}
		at, err := o.integer(e.args[1], env)
		if err != nil {
			return nil, err
		}
		var v any
		if at < 0 {
			at += len(a) + more
		}
		if at < 0 {
			return nil, errMissing
		}
		if len(e.args) > 2 {
			if v, err = o.value(e.args[2], env); err != nil {
				return nil, err
			}
		}
		if at >= len(a)+more {
			return nil, errMissing
		}
		return append([]any{}, f(slices.Clone(a), at, v)...), nil
	}
}

func has(a []any, v any) bool {
	return slices.ContainsFunc(a, func(w any) bool { return equal(v, w) })
}

// unique keeps the first of equal values.
func unique(a []any) []any {
	out := []any{}
	for _, v := range a {
		if !has(out, v) {
			out = append(out, v)
		}
	}
	return out
}
