package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Documents and arrays
	//
	// object.merge([object or function…]) → object
	// sequence.merge([object or function…]) → sequence
	//
	// The object, or each object of a sequence, with others merged into it: fields that are objects in both are merged in
	// the same way, all else, also arrays, is taken from the later one. A function of one argument gets what is merged so
	// far. `r.literal` replaces an object instead of merging into it, and without an argument removes a field.
	//
	//	> r.expr({a: {x: 1}, b: 2}).merge({a: {y: 2}}, o => ({sum: o("b").add(1)}))
	//	{"a":{"x":1,"y":2},"b":2,"sum":3}
	register(reql.TermMerge, spec{min: 1, max: -1, opts: []string{"_NO_RECURSE_"}, val: mergeObjects.eval, compile: compileRowwise, groupedSeq: true})
}

var mergeObjects = &polymorphic{name: "merge", row: mergeRow}

func mergeRow(c call, row datum.Value) (datum.Value, error) {
	for i := 1; i < c.len(); i++ {
		v, err := c.val(i)
		if err != nil {
			return row, err
		}
		var with datum.Value
		if v.isDatum() {
			with, err = v.datum(c.fr)
		} else {
			var f *function
			if f, err = v.function(c.fr, constantShortcut); err == nil {
				with, err = f.call1(c.fr, row)
			}
		}
		if err != nil {
			return row, err
		}
		if isObject(with) && with.Kind() != datum.KindObject {
			return row, failAt(v.at, reql.QueryLogic, "Cannot merge objects of type `%s`.", with.TypeName())
		}
		if with.IsLiteral() && isObject(row) {
			return row, datum.StrayLiteral()
		}
		if row, err = datum.Merge(row, with); err != nil {
			return row, err
		}
	}
	return row, nil
}
