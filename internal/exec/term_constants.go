package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Selecting data
	//
	// r.minval → value
	//
	// Less than any other value. It is for bounds of between, and cannot be stored or sent to the client.
	//
	//	> r.expr([]).gt(r.minval)
	//	true
	registerConstant(reql.TermMinVal, datum.Min)

	// r.maxval → value
	//
	// Greater than any other value. It is for bounds of between, and cannot be stored or sent to the client.
	//
	//	> r.expr("zzz").lt(r.maxval)
	//	true
	registerConstant(reql.TermMaxVal, datum.Max)

	// Family: Dates and times
	//
	// r.monday → number
	// r.sunday → number
	//
	// The numbers of the days of the week, 1 to 7, to compare with dayOfWeek: `monday`, `tuesday`, `wednesday`, `thursday`,
	// `friday`, `saturday`, `sunday`.
	//
	//	> r.expr([r.monday, r.tuesday, r.sunday])
	//	[1,2,7]
	for i := reql.TermMonday; i <= reql.TermSunday; i++ {
		registerConstant(i, datum.Int(int64(i-reql.TermMonday)+1))
	}

	// r.january → number
	// r.december → number
	//
	// The numbers of the months, 1 to 12, to compare with month: `january`, `february`, `march`, `april`, `may`, `june`,
	// `july`, `august`, `september`, `october`, `november`, `december`.
	//
	//	> r.expr([r.january, r.december])
	//	[1,12]
	for i := reql.TermJanuary; i <= reql.TermDecember; i++ {
		registerConstant(i, datum.Int(int64(i-reql.TermJanuary)+1))
	}
}

func registerConstant(t reql.TermType, d datum.Value) {
	register(t, spec{datum: func(call) (datum.Value, error) { return d, nil }, pure: true})
}
