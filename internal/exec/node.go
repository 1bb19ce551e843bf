package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// node is a compiled term.
type node interface {
	// eval gives the value, of whatever kind.
	eval(fr *frame) (val, error)
	// datum gives the value as a datum, or the error that it is none. at is the term that made it.
	// It is the fast path: nothing is boxed.
	datum(fr *frame) (d datum.Value, at *reql.Term, err error)
	det() determinism
	term() *reql.Term
}

// determinism says what a term's value depends on beside its arguments. The parts of a query join by or.
type determinism uint8

const (
	detAlways       determinism = 0
	detConstantNow  determinism = 1 << (iota - 1) // on the time at which the query began
	detSingleServer                               // on the processor: geometry is not the same everywhere
	detNever                                      // on anything
)

// constNode is a literal or anything else that is known when compiling.
type constNode struct {
	v val
	d determinism // of the r.args that the value comes from
}

func (n *constNode) eval(*frame) (val, error) { return n.v, nil }
func (n *constNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	if n.v.x == nil {
		return n.v.d, n.v.at, nil
	}
	d, err := n.v.datum(fr)
	return d, n.v.at, err
}
func (n *constNode) det() determinism { return n.d }
func (n *constNode) term() *reql.Term { return n.v.at }

// opNode is a term with arguments, evaluated by its spec.
type opNode struct {
	t       *reql.Term
	spec    *spec
	args    []node
	opts    []optNode
	splices bool // an argument is r.args
	groups  bool // there is a group somewhere below, so that the first argument may be grouped data
	d       determinism

	// data is what the spec's compile function keeps.
	data any
}

type optNode struct {
	name string
	node node
}

func (n *opNode) term() *reql.Term { return n.t }
func (n *opNode) det() determinism { return n.d }

// blame gives err the place of the term, unless it has one.
func (n *opNode) blame(err error) error { return blame(err, n.t) }

func blame(err error, t *reql.Term) error {
	switch e := err.(type) { //nolint:errorlint // these are never wrapped inside the executor
	case *reql.Error:
		if e.Term == nil && !e.TopLevel {
			// The error may be shared by other queries.
			c := *e
			c.Term = t
			return &c
		}
	case *datum.Error:
		return &reql.Error{Type: reql.RuntimeError, Class: classOf(e), Msg: e.Msg, Term: t}
	}
	return err
}

func classOf(e *datum.Error) reql.ErrorClass {
	switch e.Class {
	case datum.NonExistence:
		return reql.NonExistence
	case datum.Resource:
		return reql.ResourceLimit
	default:
		return reql.QueryLogic
	}
}

func (n *opNode) eval(fr *frame) (val, error) {
	if err := fr.tick(); err != nil {
		return val{}, err
	}
	c := call{n: n, fr: fr, args: n.args}
	if n.splices {
		var err error
		if c.args, err = n.splice(fr); err != nil {
			return val{}, err
		}
	}
	if n.groups && !n.spec.notGrouped && len(c.args) > 0 {
		return n.evalGrouped(c)
	}
	return n.apply(c)
}

// apply evaluates the term's own part.
func (n *opNode) apply(c call) (val, error) {
	if n.spec.datum != nil {
		d, err := n.spec.datum(c)
		if err == nil && !d.Light(heavyBytes) {
			err = c.fr.admit(d)
		}
		if err != nil {
			return val{}, n.blame(err)
		}
		return val{d: d, at: n.t}, nil
	}
	v, err := n.spec.val(c)
	if err == nil && v.x == nil && !v.d.Light(heavyBytes) {
		err = c.fr.admit(v.d)
	}
	if err != nil {
		return val{}, n.blame(err)
	}
	if v.at == nil {
		v.at = n.t
	}
	return v, nil
}

func (n *opNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	if n.spec.datum != nil && !n.splices && !n.groups {
		if err := fr.tick(); err != nil {
			return datum.Value{}, nil, err
		}
		d, err := n.spec.datum(call{n: n, fr: fr, args: n.args})
		if err == nil && !d.Light(heavyBytes) {
			err = fr.admit(d)
		}
		if err != nil {
			return d, n.t, n.blame(err)
		}
		return d, n.t, nil
	}
	v, err := n.eval(fr)
	if err != nil {
		return datum.Value{}, n.t, err
	}
	if v.x == nil {
		return v.d, v.at, nil
	}
	d, err := v.datum(fr)
	return d, v.at, err
}

// splice replaces each r.args among the arguments by the elements of its array.
func (n *opNode) splice(fr *frame) ([]node, error) {
	out := make([]node, 0, len(n.args)+4)
	for _, a := range n.args {
		if a.term() == nil || a.term().Type != reql.TermArgs {
			out = append(out, a)
			continue
		}
		d, at, err := a.datum(fr)
		if err != nil {
			return nil, err
		}
		if err := typed(d, datum.KindArray, "ARRAY"); err != nil {
			return nil, blame(err, at)
		}
		for i := range d.Len() {
			out = append(out, &constNode{v: val{d: d.At(i), at: n.t}, d: a.det()})
		}
	}
	if err := n.spec.checkArity(len(out)); err != nil {
		return nil, blame(reql.Errorf(reql.QueryLogic, "%s", err), n.t)
	}
	return out, nil
}

// evalGrouped evaluates the first argument, and the term once for each group when that is grouped data.
func (n *opNode) evalGrouped(c call) (val, error) {
	v, err := c.args[0].eval(c.fr)
	if err != nil {
		return val{}, err
	}
	g, err := v.maybeGrouped(c.fr, !n.spec.groupedSeq)
	if err != nil {
		return val{}, n.blame(err)
	}
	args := append([]node(nil), c.args...)
	c.args = args
	if g == nil {
		args[0] = &constNode{v: v}
		return n.apply(c)
	}
	out := &grouped{entries: make([]groupEntry, len(g.entries))}
	for i, e := range g.entries {
		args[0] = &constNode{v: val{d: e.val, at: n.t}}
		r, err := n.apply(c)
		if err != nil {
			return val{}, err
		}
		d, err := r.datum(c.fr)
		if err != nil {
			return val{}, n.blame(err)
		}
		out.entries[i] = groupEntry{e.key, d}
	}
	return val{x: out, at: n.t}, nil
}
