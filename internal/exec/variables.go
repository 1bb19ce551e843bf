package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// varNode reads a variable.
type varNode struct {
	t    *reql.Term
	slot int
}

func (n *varNode) eval(fr *frame) (val, error) { return val{d: fr.vars[n.slot], at: n.t}, nil }
func (n *varNode) datum(fr *frame) (datum.Value, *reql.Term, error) {
	return fr.vars[n.slot], n.t, nil
}
func (n *varNode) det() determinism { return detAlways }
func (n *varNode) term() *reql.Term { return n.t }

func (b *builder) variable(t *reql.Term) (node, error) {
	if len(t.Args) != 1 || len(t.OptArgs) != 0 {
		return nil, compileError(t, "A variable term has the wrong number of arguments.")
	}
	a := t.Args[0]
	if a.Type != reql.TermDatum || a.Datum.Kind() != datum.KindNumber {
		return nil, compileError(t, "A variable term has a non-numeric name datum.")
	}
	name := int64(a.Datum.AsNumber())
	for s := b.scope; s != nil; s = s.outer {
		for i := len(s.names) - 1; i >= 0; i-- {
			if s.names[i] == name {
				return &varNode{t, s.first + i}, nil
			}
		}
	}
	return nil, compileError(t, "Variable name not found.")
}

func (b *builder) implicitVariable(t *reql.Term) (node, error) {
	if len(t.Args) != 0 || len(t.OptArgs) != 0 {
		return nil, compileError(t, "Expected no arguments or optional arguments on implicit variable term.")
	}
	switch {
	case b.scope == nil || b.scope.implicit.depth == 0:
		return nil, compileError(t, "r.row is not defined in this context.")
	case b.scope.implicit.depth > 1:
		return nil, compileError(t, "Cannot use r.row in nested queries.  Use functions instead.")
	}
	return &varNode{t, b.scope.implicit.slot}, nil
}
