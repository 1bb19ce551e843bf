package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	registerConstant(reql.TermMinVal, datum.Min, "A value less than any other.")
	registerConstant(reql.TermMaxVal, datum.Max, "A value greater than any other.")
	for i := reql.TermMonday; i <= reql.TermSunday; i++ {
		registerConstant(i, datum.Int(int64(i-reql.TermMonday)+1), "The number of a day of the week, from 1 for Monday.")
	}
	for i := reql.TermJanuary; i <= reql.TermDecember; i++ {
		registerConstant(i, datum.Int(int64(i-reql.TermJanuary)+1), "The number of a month.")
	}
}

func registerConstant(t reql.TermType, d datum.Value, doc string) {
	register(t, spec{datum: func(call) (datum.Value, error) { return d, nil }, pure: true, doc: doc})
}
