package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// applyTerm evaluates a term on values, as if it stood in the query where at does. Terms that the original rewrites into
// others use it.
func applyTerm(fr *frame, typ reql.TermType, at *reql.Term, args ...datum.Value) (val, error) {
	n := &opNode{t: at, spec: specs[typ], args: make([]node, len(args))}
	for i, a := range args {
		n.args[i] = &constNode{v: val{d: a, at: at}}
	}
	return n.apply(call{n: n, fr: fr, args: n.args})
}

func applyDatum(fr *frame, typ reql.TermType, at *reql.Term, args ...datum.Value) (datum.Value, error) {
	v, err := applyTerm(fr, typ, at, args...)
	if err != nil {
		return datum.Value{}, err
	}
	return v.datum(fr)
}

// fieldFunction is the function that a field name stands for. Any other key is an error when it is called.
func fieldFunction(key datum.Value, at *reql.Term) *function {
	f := &function{at: at, arity: 1}
	if key.Kind() == datum.KindString {
		name := key.AsString()
		f.field, f.byField = name, true
		f.native = func(fr *frame, args []datum.Value) (datum.Value, error) {
			if plainObject(args[0]) {
				return field(args[0], name)
			}
			return applyDatum(fr, reql.TermGetField, at, args[0], key)
		}
		return f
	}
	f.native = func(fr *frame, args []datum.Value) (datum.Value, error) {
		return applyDatum(fr, reql.TermGetField, at, args[0], key)
	}
	return f
}

// pluckFunction is the function that plucks by a pattern.
func pluckFunction(pattern datum.Value, at *reql.Term) *function {
	return &function{at: at, arity: 1, native: func(fr *frame, args []datum.Value) (datum.Value, error) {
		return applyDatum(fr, reql.TermPluck, at, args[0], pattern)
	}}
}
