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
		doc     string
	}{
		{reql.TermPluck, pluckFields, compilePluck, "The object with only the fields that the paths name."},
		{reql.TermWithout, withoutFields, compilePaths, "The object without the fields that the paths name."},
		{reql.TermHasFields, hasFields, compilePaths, "Whether the object has all fields that the paths name and none is null; filters a sequence."},
	} {
		register(t.term, spec{min: 1, max: -1, opts: []string{"_NO_RECURSE_"}, val: t.p.eval, compile: t.compile, groupedSeq: true, doc: t.doc})
	}
	register(reql.TermWithFields, spec{min: 1, max: -1, opts: []string{"_NO_RECURSE_"}, val: evalWithFields, compile: compilePluck, groupedSeq: true,
		doc: "The objects that have all fields that the paths name, with only those fields."})
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
