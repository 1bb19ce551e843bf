package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermMerge, spec{min: 1, max: -1, opts: []string{"_NO_RECURSE_"}, val: mergeObjects.eval, compile: compileRowwise, groupedSeq: true,
		doc: "The object with others merged into it, field by field and below."})
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
