package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	for _, t := range []struct {
		term    reql.TermType
		p       *polymorphic
		compile func(*builder, *opNode) error
	}{
		// Family: Documents and arrays
		//
		// object.pluck([path…]) → object
		// sequence.pluck([path…]) → sequence
		//
		// The object, or each object of a sequence, with only those fields. A path is a field, an array of them, or an object
		// that shows where they are: `{address: {city: true, street: true}}` or `{address: ["city", "street"]}`. It goes into
		// arrays of objects. What is not there is no error.
		//
		// Errors:
		// - QueryLogic: Invalid path argument `…`.
		//
		//	> r.expr({a: 1, b: {c: 2, d: 3}}).pluck({b: "c"})
		//	{"b":{"c":2}}
		//	> r.table("heroes").pluck("id", "name")
		//	{"id":1,"name":"Ada"}
		//	{"id":2,"name":"Grace"}
		//	{"id":3,"name":"Emmy"}
		//	{"id":4,"name":"Hedy"}
		{reql.TermPluck, pluckFields, compilePluck},

		// object.without([path…]) → object
		// sequence.without([path…]) → sequence
		//
		// The object, or each object of a sequence, without those fields. Paths are as in pluck.
		//
		// Errors:
		// - QueryLogic: Invalid path argument `…`.
		//
		//	> r.expr({a: 1, b: {c: 2, d: 3}}).without("a", {b: {c: true}})
		//	{"b":{"d":3}}
		{reql.TermWithout, withoutFields, compilePaths},

		// object.hasFields([path…]) → bool
		// sequence.hasFields([path…]) → sequence
		// selection.hasFields([path…]) → selection
		//
		// Whether the object has all fields that the paths name, none of them null. Of a sequence, the objects that have them.
		// Paths are as in pluck.
		//
		// Errors:
		// - QueryLogic: Invalid path argument `…`.
		//
		//	> r.expr({a: 1, b: null}).hasFields("a", "b")
		//	false
		//	> r.table("heroes").hasFields("skills").count()
		//	3
		{reql.TermHasFields, hasFields, compilePaths},
	} {
		register(t.term, spec{min: 1, max: -1, opts: []string{"_NO_RECURSE_"}, val: t.p.eval, compile: t.compile, groupedSeq: true})
	}

	// Family: Transformations
	//
	// sequence.withFields([path…]) → sequence
	//
	// The objects that have all fields that the paths name, none of them null, with only those fields: hasFields and then
	// pluck.
	//
	//	> r.table("heroes").withFields("name", "skills")
	//	{"name":"Ada","skills":["mathematics","poetry"]}
	//	{"name":"Grace","skills":["compilers","mathematics"]}
	//	{"name":"Emmy","skills":["mathematics"]}
	register(reql.TermWithFields, spec{min: 1, max: -1, rewritten: true, opts: []string{"_NO_RECURSE_"}, val: evalWithFields, compile: compilePluck, groupedSeq: true})
}

var (
	pluckFields = &polymorphic{name: "pluck", row: func(c call, row datum.Value) (datum.Value, error) {
		p, err := c.paths()
		if err != nil {
			return row, err
		}
		return p.project(c.fr, row, false)
	}}
	withoutFields = &polymorphic{name: "without", row: func(c call, row datum.Value) (datum.Value, error) {
		p, err := c.paths()
		if err != nil {
			return row, err
		}
		return p.unproject(c.fr, row, false)
	}}
	hasFields = &polymorphic{name: "has_fields", mode: asFilter, row: func(c call, row datum.Value) (datum.Value, error) {
		p, err := c.paths()
		if err != nil {
			return row, err
		}
		return datum.Bool(p.in(row)), nil
	}}
)

// compilePaths makes the path specification when all paths are literals and right; else that is done for each row.
func compilePaths(b *builder, n *opNode) error {
	if err := compileRowwise(b, n); err != nil || n.splices {
		return err
	}
	paths := make([]datum.Value, 0, len(n.args))
	for i := 1; i < len(n.args); i++ {
		d, ok := n.constant(i)
		if !ok {
			return nil
		}
		paths = append(paths, d)
	}
	if p, err := newPathSpec(paths); err == nil {
		n.data = p
	}
	return nil
}

// compilePluck tells an order_by below that nothing but the fields at the top of the paths is needed.
func compilePluck(b *builder, n *opNode) error {
	err := compilePaths(b, n)
	if p, ok := n.data.(*pathSpec); ok && err == nil {
		wantFields(n, p.top(nil))
	}
	return err
}

// paths gives the path specification that the arguments after the first are.
func (c call) paths() (*pathSpec, error) {
	if err := c.fr.checkArray(c.len() - 1); err != nil {
		return nil, err
	}
	if p, ok := c.n.data.(*pathSpec); ok {
		return p, nil
	}
	paths := make([]datum.Value, 0, c.len())
	for i := 1; i < c.len(); i++ {
		d, err := c.datum(i)
		if err != nil {
			return nil, err
		}
		paths = append(paths, d)
	}
	return newPathSpec(paths)
}

// evalWithFields is has_fields and then pluck.
func evalWithFields(c call) (val, error) {
	v, err := hasFields.eval(c)
	if err != nil {
		return val{}, err
	}
	v.at = c.n.t
	return pluckFields.on(c, v)
}
