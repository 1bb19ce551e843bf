package exec

import (
	"context"
	"math"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// This file has the nodes for the operators of predicates, such as x("a").add(1).gt(5).and(x("b").eq("c")). They do what
// the general node does with the terms' own functions; they are faster because their operands are fields of the node and
// numbers are handled in place, and they can say that a value does not exist without making an error. They allocate
// nothing.

// operand is an argument of an operator.
type operand struct {
	node  node
	maybe maybeNode   // node, if it is one
	fixed datum.Value // the value when it is known, else absent
}

func newOperand(n node) operand {
	o := operand{node: n}
	o.maybe, _ = n.(maybeNode)
	if c, ok := n.(*constNode); ok && c.v.x == nil {
		o.fixed = c.v.d
	}
	return o
}

func (o *operand) get(fr *frame) (datum.Value, error) {
	if !o.fixed.IsAbsent() {
		return o.fixed, nil
	}
	d, _, err := o.node.datum(fr)
	return d, err
}

// orAbsent is get, but a value that does not exist is absent.
func (o *operand) orAbsent(fr *frame) (datum.Value, error) {
	switch {
	case !o.fixed.IsAbsent():
		return o.fixed, nil
	case o.maybe != nil:
		return o.maybe.maybe(fr)
	}
	d, _, err := o.node.datum(fr)
	return absentIfMissing(d, err)
}

// absentIfMissing turns an error that default would catch into an absent value.
func absentIfMissing(d datum.Value, err error) (datum.Value, error) {
	if err != nil && isNonExistence(err) {
		return datum.Value{}, nil
	}
	return d, err
}

// operator is what these nodes have in common.
type operator struct{ op *opNode }

func (n operator) term() *reql.Term { return n.op.t }
func (n operator) det() determinism { return n.op.d }

// arithNode is an arithmetic term with two operands.
type arithNode struct {
	operator
	l, r  operand
	sign  byte
	other binaryOp // for operands that are not both numbers
}

func specialArith(sign byte) func(n *opNode) node {
	return func(n *opNode) node {
		if len(n.args) != 2 {
			return nil
		}
		return &arithNode{operator: operator{n}, l: newOperand(n.args[0]), r: newOperand(n.args[1]), sign: sign, other: arithmetic(sign)}
	}
}

func (n *arithNode) eval(fr *frame) (val, error) {
	d, _, err := n.datum(fr)
	return val{d: d, at: n.op.t}, err
}

func (n *arithNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	l, err := n.l.get(fr)
	if err != nil {
		return l, n.op.t, err
	}
	r, err := n.r.get(fr)
	if err != nil {
		return r, n.op.t, err
	}
	d, err := n.apply(fr, l, r)
	return d, n.op.t, err
}

func (n *arithNode) maybe(fr *frame) (datum.Value, error) {
	l, err := n.l.orAbsent(fr)
	if err != nil || l.IsAbsent() {
		return l, err
	}
	r, err := n.r.orAbsent(fr)
	if err != nil || r.IsAbsent() {
		return r, err
	}
	return absentIfMissing(n.apply(fr, l, r))
}

func (n *arithNode) apply(fr *frame, l, r datum.Value) (datum.Value, error) {
	if l.Kind() == datum.KindNumber && r.Kind() == datum.KindNumber {
		a, b := l.AsNumber(), r.AsNumber()
		switch {
		case n.sign == '+':
			a += b
		case n.sign == '-':
			a -= b
		case n.sign == '*':
			a *= b
		case b != 0:
			a /= b
		default:
			a = math.Inf(1)
		}
		if !math.IsInf(a, 0) && !math.IsNaN(a) {
			return datum.Number(a), nil
		}
	}
	d, err := n.other(fr, l, r)
	if err != nil {
		return d, n.op.blame(err)
	}
	return d, nil
}

// compareNode is a comparison of two operands.
type compareNode struct {
	operator
	l, r operand
	want ordering
	not  bool
}

func specialCompare(want ordering, not bool) func(n *opNode) node {
	return func(n *opNode) node {
		if len(n.args) != 2 {
			return nil
		}
		return &compareNode{operator: operator{n}, l: newOperand(n.args[0]), r: newOperand(n.args[1]), want: want, not: not}
	}
}

func (n *compareNode) eval(fr *frame) (val, error) {
	d, _, err := n.datum(fr)
	return val{d: d, at: n.op.t}, err
}

func (n *compareNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	l, err := n.l.get(fr)
	if err != nil {
		return l, n.op.t, err
	}
	r, err := n.r.get(fr)
	if err != nil {
		return r, n.op.t, err
	}
	return datum.Bool(n.want.holds(l, r) != n.not), n.op.t, nil
}

func (n *compareNode) maybe(fr *frame) (datum.Value, error) {
	l, err := n.l.orAbsent(fr)
	if err != nil || l.IsAbsent() {
		return l, err
	}
	r, err := n.r.orAbsent(fr)
	if err != nil || r.IsAbsent() {
		return r, err
	}
	return datum.Bool(n.want.holds(l, r) != n.not), nil
}

// logicNode is and (stop is false) or or (stop is true) where a datum is wanted.
type logicNode struct {
	operator
	args []operand
	stop bool
}

func specialLogic(stop bool) func(n *opNode) node {
	return func(n *opNode) node {
		if len(n.args) == 0 {
			return nil
		}
		return &logicNode{operator: operator{n}, args: newOperands(n.args), stop: stop}
	}
}

func newOperands(args []node) []operand {
	out := make([]operand, len(args))
	for i, a := range args {
		out[i] = newOperand(a)
	}
	return out
}

func (n *logicNode) eval(fr *frame) (val, error) { return n.op.eval(fr) } // which may be a row that can be written

func (n *logicNode) datum(fr *frame) (d datum.Value, at *reql.Term, err error) {
	for i := range n.args {
		d, at, err = n.args[i].node.datum(fr)
		if err != nil || d.Truthy() == n.stop {
			break
		}
	}
	return d, at, err
}

func (n *logicNode) maybe(fr *frame) (d datum.Value, err error) {
	for i := range n.args {
		d, err = n.args[i].orAbsent(fr)
		if err != nil || d.IsAbsent() || d.Truthy() == n.stop {
			break
		}
	}
	return d, err
}

// notNode is not.
type notNode struct {
	operator
	arg operand
}

func specialNot(n *opNode) node {
	return &notNode{operator: operator{n}, arg: newOperand(n.args[0])}
}

func (n *notNode) eval(fr *frame) (val, error) {
	d, _, err := n.datum(fr)
	return val{d: d, at: n.op.t}, err
}

func (n *notNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	d, err := n.arg.get(fr)
	if err != nil {
		return d, n.op.t, err
	}
	return datum.Bool(!d.Truthy()), n.op.t, nil
}

func (n *notNode) maybe(fr *frame) (datum.Value, error) {
	d, err := n.arg.orAbsent(fr)
	if err != nil || d.IsAbsent() {
		return d, err
	}
	return datum.Bool(!d.Truthy()), nil
}

// branchNode is branch where a datum is wanted.
type branchNode struct {
	operator
	args []operand
}

func specialBranch(n *opNode) node {
	if len(n.args)%2 == 0 {
		return nil
	}
	return &branchNode{operator: operator{n}, args: newOperands(n.args)}
}

func (n *branchNode) eval(fr *frame) (val, error) { return n.op.eval(fr) } // which may be anything

func (n *branchNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	last := len(n.args) - 1
	for i := 0; i < last; i += 2 {
		d, err := n.args[i].get(fr)
		if err != nil {
			return d, n.op.t, err
		}
		if d.Truthy() {
			return n.args[i+1].node.datum(fr)
		}
	}
	return n.args[last].node.datum(fr)
}

func (n *branchNode) maybe(fr *frame) (datum.Value, error) {
	last := len(n.args) - 1
	for i := 0; i < last; i += 2 {
		d, err := n.args[i].orAbsent(fr)
		if err != nil || d.IsAbsent() {
			return d, err
		}
		if d.Truthy() {
			return n.args[i+1].orAbsent(fr)
		}
	}
	return n.args[last].orAbsent(fr)
}

// defaultNode is default between two data, of which the second can neither be a function nor fail in a way that default
// deals with.
type defaultNode struct {
	operator
	l, r operand
}

func specialDefault(n *opNode) node {
	switch n.args[0].(type) {
	case *varNode, *fieldNode, *arithNode, *compareNode:
	default:
		return nil
	}
	switch r := n.args[1].(type) {
	case *varNode, *fieldNode:
	case *constNode:
		if r.v.x != nil {
			return nil
		}
	default:
		return nil
	}
	return &defaultNode{operator: operator{n}, l: newOperand(n.args[0]), r: newOperand(n.args[1])}
}

func (n *defaultNode) eval(fr *frame) (val, error) {
	d, at, err := n.datum(fr)
	return val{d: d, at: at}, err
}

func (n *defaultNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	d, err := n.l.orAbsent(fr)
	if err == nil && (d.IsAbsent() || d.Kind() == datum.KindNull) {
		return n.r.node.datum(fr)
	}
	return d, n.l.node.term(), err
}

func (n *defaultNode) maybe(fr *frame) (datum.Value, error) {
	d, err := n.l.orAbsent(fr)
	if err == nil && (d.IsAbsent() || d.Kind() == datum.KindNull) {
		return n.r.orAbsent(fr)
	}
	return d, err
}

// fold gives the value of a pure term of scalar literals, evaluated once and for all. Where that fails it gives nil, so
// that the error comes when and if the term is evaluated. Arrays are left alone: their limit is an option of the query
// that is not known yet.
func (b *builder) fold(n *opNode) node {
	if !n.spec.pure || n.splices {
		return nil
	}
	for _, o := range n.opts {
		if _, ok := o.node.(*constNode); !ok {
			return nil
		}
	}
	for _, g := range b.globals {
		if n.spec.hasOpt(g.name) {
			return nil
		}
	}
	for i := range n.args {
		if d, ok := n.constant(i); !ok || !foldable(d) {
			return nil
		}
	}
	d, err := n.spec.datum(call{n: n, fr: foldFrame, args: n.args})
	if err != nil || !foldable(d) {
		return nil
	}
	return &constNode{v: val{d: d, at: n.t}}
}

// foldFrame is for terms that need no query. Nothing in it changes.
var foldFrame = &frame{q: &query{plan: &Plan{}, ctx: context.Background(), arrayLimit: defaultArrayLimit}}

func foldable(d datum.Value) bool {
	return d.Kind() != datum.KindArray && !d.IsObject()
}
