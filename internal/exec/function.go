package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/js"
	"rethinkdb/internal/reql"
)

// funcNode is a compiled function.
type funcNode struct {
	t     *reql.Term
	body  node
	first int // slot of the first parameter
	arity int
	outer *scope // around the function

	// objectBody: the body is written as an object, which filter takes for a pattern.
	objectBody bool
}

func (n *funcNode) eval(fr *frame) (val, error) {
	return val{x: &function{node: n, fr: fr, arity: n.arity, at: n.body.term(), det: n.det()}, at: n.t}, nil
}

func (n *funcNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	v, _ := n.eval(fr)
	return datum.Value{}, n.t, v.wrongKind(fr, kindDatum)
}
func (n *funcNode) det() determinism { return n.body.det() }
func (n *funcNode) term() *reql.Term { return n.t }

func (b *builder) function(t *reql.Term) (node, error) {
	if len(t.OptArgs) != 0 {
		return nil, compileError(t, "FUNC takes no optional arguments.")
	}
	if len(t.Args) != 2 {
		return nil, compileError(t, "FUNC takes exactly two arguments (got %d)", len(t.Args))
	}
	names, err := paramNames(t)
	if err != nil {
		return nil, err
	}
	s := &scope{outer: b.scope, names: names, first: b.slots}
	if b.scope != nil {
		s.implicit = b.scope.implicit
	}
	if len(names) == 1 {
		s.implicit.depth++
		s.implicit.slot = s.first
	}
	b.slots += len(names)
	b.scope = s
	body, err := b.compile(t.Args[1])
	b.scope = s.outer
	if err != nil {
		return nil, err
	}
	typ := t.Args[1].Type
	return &funcNode{t: t, body: body, first: s.first, arity: len(names), outer: s.outer,
		objectBody: typ == reql.TermMakeObj || typ == reql.TermDatum}, nil
}

// paramNames reads the first argument of FUNC: an array of numbers, as MAKE_ARRAY or as a literal.
func paramNames(t *reql.Term) ([]int64, error) {
	vars := t.Args[0]
	switch {
	case vars.Type == reql.TermDatum && vars.Datum.Kind() == datum.KindArray:
		names := make([]int64, vars.Datum.Len())
		for i := range names {
			d := vars.Datum.At(i)
			if d.Kind() != datum.KindNumber {
				return nil, compileError(t, "CLIENT ERROR: FUNC variables must be a literal array of *numbers*.")
			}
			names[i] = int64(d.AsNumber())
		}
		return names, nil
	case vars.Type == reql.TermDatum:
		return nil, compileError(t, "CLIENT ERROR: FUNC variables must be a literal *array* of numbers.")
	case vars.Type == reql.TermMakeArray: // holds something that is not a literal, or it would have been folded
		names := make([]int64, len(vars.Args))
		for i, a := range vars.Args {
			if a.Type != reql.TermDatum {
				return nil, compileError(t, "CLIENT ERROR: FUNC variables must be a *literal* array of numbers.")
			}
			if a.Datum.Kind() != datum.KindNumber {
				return nil, compileError(t, "CLIENT ERROR: FUNC variables must be a literal array of *numbers*.")
			}
			names[i] = int64(a.Datum.AsNumber())
		}
		return names, nil
	}
	return nil, compileError(t, "CLIENT ERROR: FUNC variables must be a *literal array of numbers*.")
}

// function is a function value: one of the query's own, or one that a shortcut made of a datum.
type function struct {
	at    *reql.Term // what errors of a call are blamed on: the body
	arity int
	det   determinism

	node *funcNode
	fr   *frame // in which it was made

	// native is set instead of node for shortcuts. It keeps no args.
	native func(fr *frame, args []datum.Value) (datum.Value, error)
	// constant is the datum of a constant shortcut, which filter takes for a pattern; else absent.
	constant datum.Value
	// field is the name of a field shortcut, when byField is set.
	field   string
	byField bool
	// places of that field, or of the first fields of a pattern.
	places [4]datum.Place
	// script is that of a function in JavaScript, else nil.
	script *js.Script
}

// term is what the body is part of: the function itself, or the term around the datum of a shortcut.
func (f *function) term() *reql.Term {
	t, _ := f.at.Parent()
	return t
}

func (f *function) badArity(n int) error {
	return failAt(f.at, reql.QueryLogic, "Expected function with %d argument%s but found function with %d argument%s.",
		n, plural(n), f.arity, plural(f.arity))
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// call applies the function. fr is the frame of the calling thread. A function without parameters takes any number.
func (f *function) call(fr *frame, args ...datum.Value) (val, error) {
	if f.native != nil {
		d, err := f.native(fr, args)
		return val{d: d, at: f.at}, blame(err, f.at)
	}
	if f.arity != len(args) && f.arity != 0 {
		return val{}, f.badArity(len(args))
	}
	if f.arity != 0 {
		copy(fr.vars[f.node.first:], args)
	}
	return f.node.body.eval(fr)
}

// call1 applies the function to one value for a datum. It does not allocate.
func (f *function) call1(fr *frame, arg datum.Value) (datum.Value, error) {
	switch {
	case f.native == nil:
	case !f.constant.IsAbsent():
		return f.constant, nil
	case f.byField && plainObject(arg):
		if d, ok := arg.GetAt(&f.places[0], f.field); ok {
			return d, nil
		}
		return datum.Value{}, noFieldAt(arg, f.field, f.at)
	default:
		d, err := f.native(fr, []datum.Value{arg})
		return d, blame(err, f.at)
	}
	switch f.arity {
	case 1:
		fr.vars[f.node.first] = arg
	case 0:
	default:
		return datum.Value{}, f.badArity(1)
	}
	d, _, err := f.node.body.datum(fr)
	return d, err
}

// maybe is call1 for callers that take a value that does not exist, such as a missing field, for none: it gives an
// absent value instead of that error, and in the common cases does not even make the error.
func (f *function) maybe(fr *frame, arg datum.Value) (datum.Value, error) {
	if f.byField && plainObject(arg) {
		d, _ := arg.GetAt(&f.places[0], f.field)
		return d, nil
	}
	if f.node != nil && f.arity == 1 {
		if n, ok := f.node.body.(maybeNode); ok {
			fr.vars[f.node.first] = arg
			return n.maybe(fr)
		}
	}
	d, err := f.call1(fr, arg)
	if err != nil && isNonExistence(err) {
		return datum.Value{}, nil
	}
	return d, err
}

// maybeNode is a node that can tell that its value does not exist without making an error: it gives an absent value.
type maybeNode interface {
	maybe(fr *frame) (datum.Value, error)
}

// isNonExistence tells whether err is of the class that default catches.
func isNonExistence(err error) bool {
	switch e := err.(type) { //nolint:errorlint // never wrapped inside the executor
	case *reql.Error:
		return e.Class == reql.NonExistence
	case *datum.Error:
		return e.Class == datum.NonExistence
	}
	return false
}

// call2 applies the function to two values for a datum.
func (f *function) call2(fr *frame, a, b datum.Value) (datum.Value, error) {
	if f.native != nil {
		d, err := f.native(fr, []datum.Value{a, b})
		return d, blame(err, f.at)
	}
	switch f.arity {
	case 2:
		fr.vars[f.node.first], fr.vars[f.node.first+1] = a, b
	case 0:
	default:
		return datum.Value{}, f.badArity(2)
	}
	d, _, err := f.node.body.datum(fr)
	return d, err
}

// callN is call for a datum.
func (f *function) callN(fr *frame, args ...datum.Value) (datum.Value, error) {
	v, err := f.call(fr, args...)
	if err != nil {
		return datum.Value{}, err
	}
	return v.datum(fr)
}

// test applies the function as the predicate of filter: a function whose body is an object is a pattern.
func (f *function) test(fr *frame, row datum.Value) (bool, error) {
	d, err := f.call1(fr, row)
	if err != nil {
		return false, err
	}
	if isObject(d) && (!f.constant.IsAbsent() || f.node != nil && f.node.objectBody) {
		ok, err := matches(datum.RawObject(d), row, f.places[:], f.at)
		if err != nil {
			err = blame(err, f.term())
		}
		return ok, err
	}
	return d.Truthy(), nil
}

// matches tells whether row has all that the pattern has. places are those of the first fields.
func matches(pattern, row datum.Value, places []datum.Place, at *reql.Term) (bool, error) {
	if pattern.IsLiteral() {
		v, _ := pattern.Get("value")
		return datum.Equal(v, row), nil
	}
	for i := range pattern.Len() {
		key, want := pattern.FieldAt(i)
		if !isObject(row) {
			return false, typeError(row, "OBJECT")
		}
		var got datum.Value
		var ok bool
		if i < len(places) {
			got, ok = row.GetAt(&places[i], key)
		} else {
			got, ok = row.Get(key)
		}
		if !ok {
			return false, failAt(at, reql.NonExistence, "No attribute `%s` in object.", key)
		}
		if isObject(want) && isObject(got) {
			if ok, err := matches(want, got, nil, at); !ok || err != nil {
				return false, err
			}
		} else if !datum.Equal(want, got) {
			return false, nil
		}
	}
	return true, nil
}

// shortcut says how a datum is taken where a function is expected.
type shortcut int

const (
	noShortcut       shortcut = iota
	constantShortcut          // the function that gives the datum
	getFieldShortcut          // the function that gets the field of that name
	pluckShortcut             // the function that plucks
	pageShortcut              // a named way of r.http to find the next page
)

// function converts v to a function.
func (v val) function(fr *frame, s shortcut) (*function, error) {
	if f, ok := v.x.(*function); ok {
		return f, nil
	}
	if s == noShortcut || !v.isDatum() {
		return nil, v.wrongKind(fr, kindFunction)
	}
	d, err := v.datum(fr)
	if err != nil {
		return nil, err
	}
	at := v.at
	switch s {
	case constantShortcut:
		return &function{at: at, constant: d, native: func(*frame, []datum.Value) (datum.Value, error) { return d, nil }}, nil
	case getFieldShortcut:
		return fieldFunction(d, at), nil
	case pluckShortcut:
		return pluckFunction(d, at), nil
	}
	return nil, v.wrongKind(fr, kindFunction)
}
