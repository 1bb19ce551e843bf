package exec_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rethinkdb/internal/reql"
)

// The oracle is a second evaluator for a part of the language, written to be obviously right instead of fast: it walks the
// tree of the expression, values are those of encoding/json (nil, bool, float64, string, []any, map[string]any), and every
// term is as its documentation says. TestDifferential compares the executor with it.
//
// A stream is a value of its own, because it is lazy: an error in a row that nobody reads is no error.
type oracle struct {
	tables map[string][]any // by name, in the order of the primary key
}

// stream is a lazy sequence; it is read once. ok is false at the end.
type stream func() (v any, ok bool, err error)

// function is what FUNC evaluates to.
type function struct {
	params []int
	body   *expr
	env    scope
}

// scope has the values of the variables.
type scope map[int]any

// failure is an error of the language. Its text is left out: the scripts in testdata check those.
type failure struct{ class reql.ErrorClass }

func (f failure) Error() string { return fmt.Sprint("error of class ", int(f.class)) }

var (
	errMissing = failure{reql.NonExistence}
	errLogic   = failure{reql.QueryLogic}
	errUser    = failure{reql.User}
)

// wrongType is the error of a value of the wrong type: a null may be caught by default.
func wrongType(v any) error {
	if v == nil {
		return errMissing
	}
	return errLogic
}

// eval gives the value of e: a JSON value, a stream or a function.
func (o *oracle) eval(e *expr, env scope) (any, error) {
	switch e.term {
	case reql.TermDatum:
		return e.literal, nil
	case reql.TermVar:
		return env[e.variable], nil
	case reql.TermFunc:
		return function{e.params, e.args[0], env}, nil
	case reql.TermTable:
		return sliceStream(o.tables[e.literal.(string)]), nil
	}
	f := oracleTerms[e.term]
	if f == nil {
		panic(fmt.Sprint("the oracle has no term ", e.term))
	}
	return f(o, e, env)
}

// call calls a function.
func (o *oracle) call(f function, args ...any) (any, error) {
	env := scope{}
	for k, v := range f.env {
		env[k] = v
	}
	for i, p := range f.params {
		env[p] = args[i]
	}
	v, err := o.eval(f.body, env)
	if err != nil {
		return nil, err
	}
	return o.datum(v)
}

// value evaluates an argument to a JSON value; a stream is read to its end.
func (o *oracle) value(e *expr, env scope) (any, error) {
	v, err := o.eval(e, env)
	if err != nil {
		return nil, err
	}
	return o.datum(v)
}

func (o *oracle) datum(v any) (any, error) {
	if s, ok := v.(stream); ok {
		return collect(s)
	}
	return v, nil
}

func (o *oracle) number(e *expr, env scope) (float64, error) {
	v, err := o.value(e, env)
	if err != nil {
		return 0, err
	}
	n, ok := v.(float64)
	if !ok {
		return 0, wrongType(v)
	}
	return n, nil
}

// integer is number for a whole one.
func (o *oracle) integer(e *expr, env scope) (int, error) {
	n, err := o.number(e, env)
	if err == nil && n != float64(int(n)) {
		err = errLogic
	}
	return int(n), err
}

func (o *oracle) text(e *expr, env scope) (string, error) {
	v, err := o.value(e, env)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", wrongType(v)
	}
	return s, nil
}

func (o *oracle) array(e *expr, env scope) ([]any, error) {
	v, err := o.value(e, env)
	if err != nil {
		return nil, err
	}
	a, ok := v.([]any)
	if !ok {
		return nil, wrongType(v)
	}
	return a, nil
}

func (o *oracle) object(e *expr, env scope) (map[string]any, error) {
	v, err := o.value(e, env)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, wrongType(v)
	}
	return m, nil
}

// sequence evaluates an argument to a stream; lazy tells whether it was one.
func (o *oracle) sequence(e *expr, env scope) (s stream, lazy bool, err error) {
	v, err := o.eval(e, env)
	if err != nil {
		return nil, false, err
	}
	switch v := v.(type) {
	case stream:
		return v, true, nil
	case []any:
		return sliceStream(v), false, nil
	}
	return nil, false, wrongType(v)
}

// result gives a sequence made from another one: what was made from an array is an array, and is made at once.
func result(s stream, lazy bool) (any, error) {
	if lazy {
		return s, nil
	}
	return collect(s)
}

func sliceStream(rows []any) stream {
	i := 0
	return func() (any, bool, error) {
		if i >= len(rows) {
			return nil, false, nil
		}
		i++
		return rows[i-1], true, nil
	}
}

func collect(s stream) (any, error) {
	out := []any{}
	err := s.each(func(v any) error { out = append(out, v); return nil })
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s stream) each(f func(v any) error) error {
	for {
		v, ok, err := s()
		if err != nil || !ok {
			return err
		}
		if err := f(v); err != nil {
			return err
		}
	}
}

func truthy(v any) bool { return v != nil && v != false }

// rank is the place of a value's type in the order of types: array, bool, null, number, object, string.
func rank(v any) int {
	switch v.(type) {
	case []any:
		return 0
	case bool:
		return 1
	case nil:
		return 2
	case float64:
		return 3
	case map[string]any:
		return 4
	}
	return 5
}

// compare orders two values as ReQL does.
func compare(a, b any) int {
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch a := a.(type) {
	case []any:
		return slices.CompareFunc(a, b.([]any), compare)
	case bool:
		switch b := b.(bool); {
		case a == b:
			return 0
		case b:
			return -1
		}
		return 1
	case float64:
		return cmp.Compare(a, b.(float64))
	case string:
		return strings.Compare(a, b.(string))
	case map[string]any:
		other := b.(map[string]any)
		ka, kb := sortedKeys(a), sortedKeys(other)
		for i := range min(len(ka), len(kb)) {
			if c := cmp.Or(strings.Compare(ka[i], kb[i]), compare(a[ka[i]], other[kb[i]])); c != 0 {
				return c
			}
		}
		return cmp.Compare(len(ka), len(kb))
	}
	return 0
}

func equal(a, b any) bool { return compare(a, b) == 0 }

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
