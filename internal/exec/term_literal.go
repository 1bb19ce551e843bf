package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermLiteral, spec{max: 1, datum: evalLiteral, compile: compileLiteral, notGrouped: true,
		doc: "Inside of what is merged: replaces the old value instead of merging; without an argument, removes it."})
}

// compileLiteral finds out whether the literal may stand where it stands, which evaluation tells if it gets there.
func compileLiteral(_ *builder, n *opNode) error {
	n.data = literalAllowed(n.t)
	return nil
}

// literalAllowed tells whether t is, or is in an object that is, what merge or update gets or what filter compares
// with, or the result of the function that merge or update calls. An array whose elements become arguments does not count.
func literalAllowed(t *reql.Term) bool {
	p, pos := t.Parent()
	for p != nil && p.Type == reql.TermMakeObj {
		t = p
		p, pos = t.Parent()
	}
	if p != nil && p.Type == reql.TermMakeArray {
		if up, _ := p.Parent(); up != nil && up.Type == reql.TermArgs {
			up, _ = up.Parent()
			return up != nil && up.Type == reql.TermMerge
		}
	}
	inFunction := p != nil && p.Type == reql.TermFunc && pos == 1
	if inFunction {
		p, pos = p.Parent()
	}
	if p == nil || pos < 1 {
		return false
	}
	switch p.Type {
	case reql.TermMerge, reql.TermUpdate:
		return true
	case reql.TermFilter:
		return !inFunction
	}
	return false
}

func evalLiteral(c call) (datum.Value, error) {
	if !c.n.data.(bool) {
		return datum.Value{}, datum.StrayLiteral()
	}
	fields := []datum.Field{{Key: "$reql_type$", Val: datum.String("LITERAL")}}
	if c.len() == 1 {
		d, err := c.datum(0)
		if err != nil {
			return d, err
		}
		fields = append(fields, datum.Field{Key: "value", Val: d})
	}
	return datum.FromPseudo(datum.Object(fields))
}
