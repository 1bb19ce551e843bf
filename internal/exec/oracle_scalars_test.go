package exec_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"rethinkdb/internal/reql"
)

// oracleTerm evaluates a term.
type oracleTerm func(o *oracle, e *expr, env scope) (any, error)

// oracleTerms are the terms that the oracle knows.
var oracleTerms map[reql.TermType]oracleTerm

func init() { // not in the declaration: the terms evaluate each other
	oracleTerms = map[reql.TermType]oracleTerm{
		reql.TermMakeArray: func(o *oracle, e *expr, env scope) (any, error) {
			out := []any{}
			for _, a := range e.args {
				v, err := o.value(a, env)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			return out, nil
		},
		reql.TermMakeObj: func(o *oracle, e *expr, env scope) (any, error) {
			out := map[string]any{}
			for _, name := range sortedOptions(e) {
				v, err := o.value(e.options[name], env)
				if err != nil {
					return nil, err
				}
				out[name] = v
			}
			return out, nil
		},
		reql.TermFuncall: func(o *oracle, e *expr, env scope) (any, error) {
			var args []any
			for _, a := range e.args[1:] {
				v, err := o.value(a, env)
				if err != nil {
					return nil, err
				}
				args = append(args, v)
			}
			return o.call(function{e.args[0].params, e.args[0].args[0], env}, args...)
		},
		reql.TermBranch:  oracleBranch,
		reql.TermDefault: oracleDefault,
		reql.TermError: func(o *oracle, e *expr, env scope) (any, error) {
			return nil, errUser
		},
		reql.TermAnd: oracleLogic(false),
		reql.TermOr:  oracleLogic(true),
		reql.TermNot: func(o *oracle, e *expr, env scope) (any, error) {
			v, err := o.value(e.args[0], env)
			return !truthy(v), err
		},

		reql.TermEq: oracleChain(func(c int) bool { return c == 0 }),
		reql.TermLt: oracleChain(func(c int) bool { return c < 0 }),
		reql.TermLe: oracleChain(func(c int) bool { return c <= 0 }),
		reql.TermGt: oracleChain(func(c int) bool { return c > 0 }),
		reql.TermGe: oracleChain(func(c int) bool { return c >= 0 }),
		reql.TermNe: func(o *oracle, e *expr, env scope) (any, error) {
			v, err := oracleChain(func(c int) bool { return c == 0 })(o, e, env)
			return v != true, err
		},

		reql.TermAdd: oracleAdd,
		reql.TermSub: oracleNumbers(func(a, b float64) (float64, error) { return a - b, nil }),
		reql.TermMul: oracleNumbers(func(a, b float64) (float64, error) { return a * b, nil }),
		reql.TermDiv: oracleNumbers(func(a, b float64) (float64, error) {
			if b == 0 {
				return 0, errLogic
			}
			return a / b, nil
		}),
		reql.TermMod: func(o *oracle, e *expr, env scope) (any, error) {
			a, err := o.integer(e.args[0], env)
			if err != nil {
				return nil, err
			}
			b, err := o.integer(e.args[1], env)
			if err != nil {
				return nil, err
			}
			if b == 0 {
				return nil, errLogic
			}
			return float64(a % b), nil
		},
		reql.TermFloor: oracleRounding(math.Floor),
		reql.TermCeil:  oracleRounding(math.Ceil),
		reql.TermRound: oracleRounding(math.Round),

		reql.TermUpcase: func(o *oracle, e *expr, env scope) (any, error) {
			s, err := o.text(e.args[0], env)
			return changeCase(s, 'a', 'z', 'A'-'a'), err
		},
		reql.TermDowncase: func(o *oracle, e *expr, env scope) (any, error) {
			s, err := o.text(e.args[0], env)
			return changeCase(s, 'A', 'Z', 'a'-'A'), err
		},
		reql.TermSplit: oracleSplit,
		reql.TermToJSONString: func(o *oracle, e *expr, env scope) (any, error) {
			v, err := o.value(e.args[0], env)
			return toJSON(v), err
		},
		reql.TermCoerceTo: oracleCoerce,
		reql.TermTypeOf: func(o *oracle, e *expr, env scope) (any, error) {
			v, err := o.value(e.args[0], env)
			return [...]string{"ARRAY", "BOOL", "NULL", "NUMBER", "OBJECT", "STRING"}[rank(v)], err
		},

		reql.TermGetField: oracleField,
		reql.TermBracket:  oracleField,
		reql.TermMerge:    oracleMerge,
		reql.TermPluck:    oracleProjection(pluck),
		reql.TermWithout:  oracleProjection(without),
		reql.TermHasFields: func(o *oracle, e *expr, env scope) (any, error) {
			names, err := o.names(e, env)
			if err != nil {
				return nil, err
			}
			v, err := o.eval(e.args[0], env)
			if err != nil {
				return nil, err
			}
			if m, ok := v.(map[string]any); ok {
				return hasFields(m, names), nil
			}
			return o.filtered(e, env, func(v any) (bool, error) { return rowHasFields(v, names) })
		},
		reql.TermKeys: func(o *oracle, e *expr, env scope) (any, error) {
			m, err := o.object(e.args[0], env)
			if err != nil {
				return nil, err
			}
			out := []any{}
			for _, k := range sortedKeys(m) {
				out = append(out, k)
			}
			return out, nil
		},
		reql.TermValues: func(o *oracle, e *expr, env scope) (any, error) {
			m, err := o.object(e.args[0], env)
			if err != nil {
				return nil, err
			}
			out := []any{}
			for _, k := range sortedKeys(m) {
				out = append(out, m[k])
			}
			return out, nil
		},
	}
	for t, f := range oracleSequences() {
		oracleTerms[t] = f
	}
}

func sortedOptions(e *expr) []string {
	names := make([]string, 0, len(e.options))
	for name := range e.options {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func oracleBranch(o *oracle, e *expr, env scope) (any, error) {
	for i := 0; i+1 < len(e.args); i += 2 {
		v, err := o.value(e.args[i], env)
		if err != nil {
			return nil, err
		}
		if truthy(v) {
			return o.eval(e.args[i+1], env)
		}
	}
	return o.eval(e.args[len(e.args)-1], env)
}

func oracleDefault(o *oracle, e *expr, env scope) (any, error) {
	v, err := o.eval(e.args[0], env)
	if errors.Is(err, errMissing) || err == nil && v == nil {
		return o.eval(e.args[1], env)
	}
	return v, err
}

// oracleLogic gives the operand that decides.
func oracleLogic(decides bool) oracleTerm {
	return func(o *oracle, e *expr, env scope) (v any, err error) {
		for _, a := range e.args {
			if v, err = o.value(a, env); err != nil || truthy(v) == decides {
				return v, err
			}
		}
		return v, nil
	}
}

// oracleChain compares each argument with the next until one pair does not hold.
func oracleChain(holds func(c int) bool) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		last, err := o.value(e.args[0], env)
		if err != nil {
			return nil, err
		}
		for _, a := range e.args[1:] {
			v, err := o.value(a, env)
			if err != nil {
				return nil, err
			}
			if !holds(compare(last, v)) {
				return false, nil
			}
			last = v
		}
		return true, nil
	}
}

func oracleAdd(o *oracle, e *expr, env scope) (any, error) {
	sum, err := o.value(e.args[0], env)
	if err != nil {
		return nil, err
	}
	for _, a := range e.args[1:] {
		v, err := o.value(a, env)
		if err != nil {
			return nil, err
		}
		switch s := sum.(type) {
		case float64:
			n, ok := v.(float64)
			if !ok {
				return nil, wrongType(v)
			}
			sum = s + n
		case string:
			t, ok := v.(string)
			if !ok {
				return nil, wrongType(v)
			}
			sum = s + t
		case []any:
			t, ok := v.([]any)
			if !ok {
				return nil, wrongType(v)
			}
			sum = append(slices.Clone(s), t...)
		default:
			return nil, wrongType(sum)
		}
	}
	return finite(sum)
}

func finite(v any) (any, error) {
	if f, ok := v.(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return nil, errLogic
	}
	return v, nil
}

func oracleNumbers(op func(a, b float64) (float64, error)) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		total, err := o.value(e.args[0], env)
		if err != nil {
			return nil, err
		}
		for _, a := range e.args[1:] {
			v, err := o.value(a, env)
			if err != nil {
				return nil, err
			}
			sum, ok := total.(float64)
			if !ok {
				return nil, wrongType(total)
			}
			n, ok := v.(float64)
			if !ok {
				return nil, wrongType(v)
			}
			if sum, err = op(sum, n); err != nil {
				return nil, err
			}
			if total, err = finite(sum); err != nil {
				return nil, err
			}
		}
		return total, nil
	}
}

func oracleRounding(f func(float64) float64) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		n, err := o.number(e.args[0], env)
		return f(n), err
	}
}

// changeCase moves the letters from first to last by an offset. Only those of ASCII have a case.
func changeCase(s string, first, last, offset rune) string {
	return strings.Map(func(c rune) rune {
		if c >= first && c <= last {
			return c + offset
		}
		return c
	}, s)
}

func oracleSplit(o *oracle, e *expr, env scope) (any, error) {
	s, err := o.text(e.args[0], env)
	if err != nil {
		return nil, err
	}
	parts := strings.FieldsFunc(s, unicode.IsSpace)
	if len(e.args) > 1 {
		sep, err := o.text(e.args[1], env)
		if err != nil {
			return nil, err
		}
		parts = strings.Split(s, sep)
		if s == "" && sep == "" {
			parts = nil
		}
	}
	out := []any{}
	for _, p := range parts {
		out = append(out, p)
	}
	return out, nil
}

// toJSON prints a value compactly, with sorted keys. A negative zero keeps its sign.
func toJSON(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = toJSON(x)
		}
		return "[" + strings.Join(parts, ",") + "]"
	case map[string]any:
		var parts []string
		for _, k := range sortedKeys(v) {
			parts = append(parts, toJSON(k)+":"+toJSON(v[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case float64:
		if v == 0 && math.Signbit(v) {
			return "-0.0"
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func oracleCoerce(o *oracle, e *expr, env scope) (any, error) {
	v, err := o.eval(e.args[0], env)
	if err != nil {
		return nil, err
	}
	switch to := e.args[1].literal.(string); to {
	case "array":
		switch v := v.(type) {
		case stream:
			return collect(v)
		case []any:
			return v, nil
		case map[string]any:
			out := []any{}
			for _, k := range sortedKeys(v) {
				out = append(out, []any{k, v[k]})
			}
			return out, nil
		}
		return nil, wrongType(v)
	case "string":
		if s, ok := v.(string); ok {
			return s, nil
		}
		return toJSON(v), nil
	default: // number
		switch v := v.(type) {
		case float64:
			return v, nil
		case string:
			if n, err := strconv.ParseFloat(v, 64); err == nil {
				return n, nil
			}
		}
		return nil, wrongType(v)
	}
}

// names evaluates the arguments after the first, which are names of fields.
func (o *oracle) names(e *expr, env scope) ([]string, error) {
	var out []string
	for _, a := range e.args[1:] {
		s, err := o.text(a, env)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// oracleField is get_field: of an object, or of all elements of a sequence that have it. A null has nothing.
func oracleField(o *oracle, e *expr, env scope) (any, error) {
	v, err := o.eval(e.args[0], env)
	if err != nil {
		return nil, err
	}
	name := e.args[1].literal.(string)
	switch v := v.(type) {
	case map[string]any:
		f, ok := v[name]
		if !ok {
			return nil, errMissing
		}
		return f, nil
	case []any, stream:
		s, lazy := v.(stream)
		if !lazy {
			s = sliceStream(v.([]any))
		}
		return result(func() (any, bool, error) {
			for {
				row, ok, err := s()
				if err != nil || !ok {
					return nil, false, err
				}
				m, isObject := row.(map[string]any)
				if !isObject && row != nil {
					return nil, false, errLogic
				}
				if f, found := m[name]; found {
					return f, true, nil
				}
			}
		}, lazy)
	}
	return nil, wrongType(v)
}

// oracleMerge merges objects from the left to the right; a function gets what there is so far.
func oracleMerge(o *oracle, e *expr, env scope) (any, error) {
	all := func(v any) (any, error) {
		if _, ok := v.(map[string]any); !ok {
			return nil, wrongType(v)
		}
		for _, a := range e.args[1:] {
			with, err := o.eval(a, env)
			if err != nil {
				return nil, err
			}
			if f, ok := with.(function); ok {
				if with, err = o.call(f, v); err != nil {
					return nil, err
				}
			}
			v = merge(v, with)
		}
		return v, nil
	}
	return o.eachOrOne(e, env, all)
}

// eachOrOne applies f to an object, or to each element of a sequence.
func (o *oracle) eachOrOne(e *expr, env scope, f func(v any) (any, error)) (any, error) {
	v, err := o.eval(e.args[0], env)
	if err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case []any:
		return result(mapped(sliceStream(v), f), false)
	case stream:
		return mapped(v, f), nil
	}
	return f(v)
}

// merge gives b, unless both are objects.
func merge(a, b any) any {
	old, ok := a.(map[string]any)
	with, both := b.(map[string]any)
	if !ok || !both {
		return b
	}
	out := map[string]any{}
	for k, v := range old {
		out[k] = v
	}
	for k, v := range with {
		out[k] = v
		if before, found := old[k]; found {
			out[k] = merge(before, v)
		}
	}
	return out
}

func oracleProjection(project func(m map[string]any, names []string) map[string]any) oracleTerm {
	return func(o *oracle, e *expr, env scope) (any, error) {
		names, err := o.names(e, env)
		if err != nil {
			return nil, err
		}
		return o.eachOrOne(e, env, func(v any) (any, error) {
			m, ok := v.(map[string]any)
			if !ok {
				return nil, wrongType(v)
			}
			return project(m, names), nil
		})
	}
}

func pluck(m map[string]any, names []string) map[string]any {
	out := map[string]any{}
	for _, n := range names {
		if v, ok := m[n]; ok {
			out[n] = v
		}
	}
	return out
}

func without(m map[string]any, names []string) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		if !slices.Contains(names, k) {
			out[k] = v
		}
	}
	return out
}

// rowHasFields is hasFields for a row of a sequence: it is a filter, so a null is left out and anything else but an object
// is a mistake.
func rowHasFields(row any, names []string) (bool, error) {
	m, ok := row.(map[string]any)
	if !ok && row != nil {
		return false, errLogic
	}
	return ok && hasFields(m, names), nil
}

func hasFields(m map[string]any, names []string) bool {
	for _, n := range names {
		if m[n] == nil {
			return false
		}
	}
	return true
}
