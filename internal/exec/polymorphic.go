package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// polymorphic is a term on an object that also works on a sequence of objects: it then becomes a map, or a filter, or a
// map that leaves out the rows for which it has no value. On a sequence the other arguments are evaluated for each row,
// as if the term stood in a function, unless prepare makes constants of them.
type polymorphic struct {
	name string
	mode polymorphicMode
	// row evaluates the term on a plain object. Its c is the thread's own; c.args[0] is not to be used.
	row func(c call, row datum.Value) (datum.Value, error)
	// takes, when set, says what the term works on; otherwise that is any plain object.
	takes func(d datum.Value) bool
}

func (p *polymorphic) worksOn(d datum.Value) bool {
	if p.takes != nil {
		return p.takes(d)
	}
	return plainObject(d)
}

type polymorphicMode uint8

const (
	asMap polymorphicMode = iota
	asFilter
	asSkippingMap
)

func (p *polymorphic) eval(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	return p.on(c, v)
}

// on evaluates the term with v as its first argument.
func (p *polymorphic) on(c call, v val) (val, error) {
	if v.isDatum() {
		d, err := v.datum(c.fr)
		if err != nil {
			return val{}, err
		}
		if p.worksOn(d) {
			d, err := p.row(c, d)
			return c.ret(d), err
		}
		if d.Kind() != datum.KindArray {
			return val{}, p.refuse(c, val{d: d, at: v.at}, v.at)
		}
	} else if !v.isSeq() {
		return val{}, p.refuse(c, v, v.at)
	}
	if nested, _, err := c.optBool("_NO_RECURSE_"); err != nil || nested {
		if err == nil {
			err = p.nested(c)
		}
		return val{}, err
	}
	if p.mode == asFilter {
		return c.steppedVal(v, p.filterStep(c))
	}
	s, err := v.seq(c.fr)
	if err != nil {
		return val{}, err
	}
	return c.retSeq(c.stepped(s, p.mapStep(c)))
}

// stepped gives s with a step of this term.
func (c call) stepped(s *seq, st step) *seq {
	s.at = c.n.t
	s.shape.add(c)
	return s.with(st)
}

// steppedVal gives v with a step that leaves out rows. A selection remains one.
func (c call) steppedVal(v val, st step) (val, error) {
	s, t, err := v.seqOf(c.fr)
	if err != nil {
		return val{}, err
	}
	return c.retSelection(c.stepped(s, st), t)
}

// seqOf gives v as a sequence, and the table when its rows are those of a selection.
func (v val) seqOf(fr *frame) (*seq, *tableVal, error) {
	switch v.x.(type) {
	case *tableVal, *sliceVal, *selectionVal:
		sel, err := v.selection(fr)
		if err != nil {
			return nil, nil, err
		}
		return sel.seq, sel.table, nil
	}
	s, err := v.seq(fr)
	return s, nil, err
}

// retSelection is the value for a sequence of this term, a selection if t is its table and not nil.
func (c call) retSelection(s *seq, t *tableVal) (val, error) {
	if t == nil {
		return c.retSeq(s)
	}
	return val{x: &selectionVal{table: t, seq: s}, at: c.n.t}, nil
}

func (p *polymorphic) mapStep(c call) step {
	return func(fr *frame, row datum.Value) (datum.Value, bool, error) {
		d, err := p.element(c, fr, row)
		if err == nil {
			return d, true, nil
		}
		if p.mode == asSkippingMap && isNonExistence(err) {
			return d, false, nil
		}
		return d, false, err
	}
}

func (p *polymorphic) filterStep(c call) step {
	return func(fr *frame, row datum.Value) (datum.Value, bool, error) {
		d, err := p.element(c, fr, row)
		if err != nil && isNonExistence(err) {
			return row, false, nil
		}
		return row, d.Truthy(), err
	}
}

// element evaluates the term on one element of a sequence.
func (p *polymorphic) element(c call, fr *frame, row datum.Value) (datum.Value, error) {
	c.fr = fr
	if p.worksOn(row) {
		d, err := p.row(c, row)
		if err != nil {
			err = blame(err, c.n.t)
		}
		return d, err
	}
	if row.Kind() == datum.KindArray {
		return row, p.nested(c)
	}
	return row, blame(p.refuse(c, val{d: row}, c.n.t), c.n.t)
}

func (p *polymorphic) nested(c call) error {
	return c.logic("Cannot perform %s on a sequence of sequences.", p.name)
}

// refuse is the error for what is neither an object nor a sequence, which at has made.
func (p *polymorphic) refuse(c call, v val, at *reql.Term) error {
	if v.x == nil && (v.d.IsObject() || v.d.Kind() == datum.KindTime) {
		return failAt(at, reql.QueryLogic, "Cannot call `%s` on objects of type `%s`.", p.name, v.d.TypeName())
	}
	text, err := v.printTrunc(c.fr)
	if err != nil {
		return err
	}
	return failAt(at, v.errorClass(), "Cannot perform %s on a non-object non-sequence `%s`.", p.name, text)
}

// compileRowwise makes a query slow in which the term may have a whole sequence to go through.
func compileRowwise(b *builder, n *opNode) error {
	b.slow = b.slow || n.splices || !oneRow(n.args[0])
	return nil
}

// oneRow tells whether n evaluates to a datum or to one row of a table, as far as it is known.
func oneRow(n node) bool {
	if alwaysDatum(n) {
		return true
	}
	op, ok := n.(*opNode)
	if !ok || op.splices || len(op.args) == 0 {
		return false
	}
	switch op.t.Type {
	case reql.TermGet:
		return true
	case reql.TermGetField, reql.TermBracket, reql.TermPluck, reql.TermWithout, reql.TermHasFields, reql.TermMerge:
		return oneRow(op.args[0])
	}
	return false
}

// constant gives the datum of argument i when it is a literal. With r.args nobody knows before which argument is which.
func (n *opNode) constant(i int) (datum.Value, bool) {
	if n.splices {
		return datum.Value{}, false
	}
	k, ok := n.args[i].(*constNode)
	if !ok || k.v.x != nil {
		return datum.Value{}, false
	}
	return k.v.d, true
}

// alwaysDatum tells whether n can only evaluate to a datum.
func alwaysDatum(n node) bool {
	switch n := n.(type) {
	case *varNode, *objNode, *fieldNode:
		return true
	case *constNode:
		return n.v.x == nil
	case *opNode:
		return n.spec.datum != nil && !n.splices && !n.groups
	}
	return false
}
