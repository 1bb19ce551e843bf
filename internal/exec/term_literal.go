package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Documents and arrays
	//
	// r.literal(value) → literal
	// r.literal() → literal
	//
	// Inside of an object that is given to merge or update: replaces the old value instead of merging into it; without an
	// argument, removes the field. In the object of a filter it makes a field compared as a whole.
	//
	// Errors:
	// - QueryLogic: Stray literal keyword found: literal is only legal inside of the object passed to merge or update and cannot nest inside other literals.
	//
	//	> r.expr({a: {x: 1}, b: 1}).merge({a: r.literal({y: 2}), b: r.literal()})
	//	{"a":{"y":2}}
	register(reql.TermLiteral, spec{max: 1, datum: evalLiteral, compile: compileLiteral, notGrouped: true})
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
