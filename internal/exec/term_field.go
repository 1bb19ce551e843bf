package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Documents and arrays
	//
	// object.getField(name) → value
	// sequence.getField(name) → sequence
	//
	// A field of an object, or of each object of a sequence that has it.
	//
	// Errors:
	// - NonExistence: No attribute `…` in object
	//
	//	> r.expr({a: 1}).getField("a")
	//	1
	//	> r.expr([{a: 1}, {b: 2}, {a: 3}]).getField("a")
	//	[1,3]
	register(reql.TermGetField, spec{min: 2, max: 2, opts: []string{"_NO_RECURSE_"}, val: getField.eval, compile: compileField, special: specialField, groupedSeq: true})

	// object.bracket(name) → value
	// sequence.bracket(name) → sequence
	// sequence.bracket(n) → value
	//
	// What `value("name")` in JavaScript and `value["name"]` in Python send: getField for a string, nth for a number.
	// JavaScript's `bracket` is the same.
	//
	// Errors:
	// - NonExistence: No attribute `…` in object
	// - QueryLogic: Expected NUMBER or STRING as second argument to `bracket` but found ….
	//
	//	> r.table("heroes").get(2)("skills")(0)
	//	"compilers"
	register(reql.TermBracket, spec{min: 2, max: 2, opts: []string{"_NO_RECURSE_"}, val: evalBracket, compile: compileField, special: specialField, groupedSeq: true})
}

var (
	getField     = &polymorphic{name: "get_field", mode: asSkippingMap, row: fieldOfRow}
	bracketField = &polymorphic{name: "bracket", mode: asSkippingMap, row: fieldOfRow}
)

// compileField tells an order_by below that nothing but the field is needed.
func compileField(b *builder, n *opNode) error {
	if key, ok := n.constant(1); ok && key.Kind() == datum.KindString {
		wantFields(n, []string{key.AsString()})
	} else if n.t.Type == reql.TermBracket {
		if err := compileNth(b, n); err != nil {
			return err
		}
	}
	return compileRowwise(b, n)
}

func fieldOfRow(c call, row datum.Value) (datum.Value, error) {
	key, err := c.str(1)
	if err != nil {
		return row, err
	}
	v, ok := row.Get(key)
	if !ok {
		return v, noField(row, key)
	}
	return v, nil
}

func evalBracket(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	key, at, err := c.datumAt(1)
	if err != nil {
		return val{}, err
	}
	switch key.Kind() {
	case datum.KindNumber:
		return nth(c, v, val{d: key, at: at})
	case datum.KindString:
		return bracketField.on(c, v)
	}
	class := reql.QueryLogic
	if key.Kind() == datum.KindNull {
		class = reql.NonExistence
	}
	return val{}, c.fail(class, "Expected NUMBER or STRING as second argument to `bracket` but found %s.", key.TypeName())
}

// fieldNode is get_field or bracket of a field with a known name: the most frequent of all terms.
type fieldNode struct {
	op  *opNode
	arg node
	key string

	place datum.Place
}

func specialField(n *opNode) node {
	key, ok := n.constant(1)
	if !ok || key.Kind() != datum.KindString || len(n.opts) > 0 || !alwaysDatum(n.args[0]) {
		return nil
	}
	return &fieldNode{op: n, arg: n.args[0], key: key.AsString()}
}

func (n *fieldNode) term() *reql.Term { return n.op.t }
func (n *fieldNode) det() determinism { return n.op.d }

func (n *fieldNode) eval(fr *frame) (val, error) {
	d, _, err := n.datum(fr)
	return val{d: d, at: n.op.t}, err
}

func (n *fieldNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	d, at, err := n.arg.datum(fr)
	if err != nil {
		return d, n.op.t, err
	}
	if !plainObject(d) {
		return n.other(fr, d, at)
	}
	v, ok := d.GetAt(&n.place, n.key)
	if !ok {
		return v, n.op.t, noFieldAt(d, n.key, n.op.t)
	}
	return v, n.op.t, nil
}

// maybe is datum without the error for a missing field.
func (n *fieldNode) maybe(fr *frame) (datum.Value, error) {
	var d datum.Value
	var at *reql.Term
	var err error
	if inner, ok := n.arg.(*fieldNode); ok {
		if d, err = inner.maybe(fr); err != nil || d.IsAbsent() {
			return d, err
		}
		at = inner.op.t
	} else if d, at, err = n.arg.datum(fr); err != nil {
		if isNonExistence(err) {
			err = nil
		}
		return datum.Value{}, err
	}
	if plainObject(d) {
		v, _ := d.GetAt(&n.place, n.key)
		return v, nil
	}
	if d, _, err = n.other(fr, d, at); err != nil && isNonExistence(err) {
		return datum.Value{}, nil
	}
	return d, err
}

// other evaluates the term on what is no plain object.
func (n *fieldNode) other(fr *frame, d datum.Value, at *reql.Term) (datum.Value, *reql.Term, error) {
	p := bracketField
	if n.op.t.Type == reql.TermGetField {
		p = getField
	}
	v, err := p.on(call{n: n.op, fr: fr, args: n.op.args}, val{d: d, at: at})
	if err != nil {
		return datum.Value{}, n.op.t, n.op.blame(err)
	}
	return v.d, n.op.t, nil // of a datum, the term makes a datum
}

// plainObject tells whether d is an object that is no pseudo-type.
func plainObject(d datum.Value) bool { return d.Kind() == datum.KindObject && !d.IsLiteral() }

// field gives the field of an object, or the error that it has none.
func field(d datum.Value, key string) (datum.Value, error) {
	if !d.IsObject() && d.Kind() != datum.KindTime {
		return d, typeError(d, "OBJECT")
	}
	v, ok := d.Get(key)
	if !ok {
		return v, noField(d, key)
	}
	return v, nil
}

func noField(d datum.Value, key string) error { return noFieldAt(d, key, nil) }

// noFieldAt is the error for a missing field, blamed on at. It is cheap: it is often caught and never shown.
func noFieldAt(d datum.Value, key string, at *reql.Term) error {
	return &reql.Error{Type: reql.RuntimeError, Class: reql.NonExistence, Term: at, Detail: func() string {
		return "No attribute `" + key + "` in object:\n" + d.Print()
	}}
}
