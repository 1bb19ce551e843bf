package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Selecting data
	//
	// sequence.filter(function) → sequence
	// sequence.filter(object) → sequence
	// selection.filter(predicate) → selection
	//
	// The elements for which a function of one argument is true (neither false nor null), or which have what the object has:
	// fields of objects in it are compared one by one, anything else as a whole. No index is used for it.
	//
	// Options:
	// - default (any; false): what counts for an element that misses a field which the predicate reads; r.error() fails
	//   instead
	//
	//	> r.table("heroes").filter(h => h("born").lt(1900))("name")
	//	"Ada"
	//	"Emmy"
	//	> r.table("heroes").filter({city: "Vienna"})("name")
	//	"Hedy"
	//	> r.table("heroes").filter(h => h("skills").contains("poetry"), default: true)("name")
	//	"Ada"
	//	"Hedy"
	register(reql.TermFilter, spec{min: 2, max: 2, opts: []string{"default"}, val: evalFilter, groupedSeq: true, slowOnMany: true})
}

func evalFilter(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	f, err := c.fn(1, constantShortcut)
	if err != nil {
		return val{}, err
	}
	if f.script != nil {
		s, t, err := v.seqOf(c.fr)
		if err != nil {
			return val{}, err
		}
		if s.group == nil {
			return c.retSelection(c.scriptFilter(f, s), t)
		}
	}
	return c.steppedVal(v, filterStep(f, c.ownOpt("default")))
}

// filterStep keeps the rows for which f is true, and by keepMissing those of which nobody knows.
func filterStep(f *function, missing node) step {
	return func(fr *frame, row datum.Value) (datum.Value, bool, error) {
		keep, err := f.test(fr, row)
		if err == nil {
			return row, keep, nil
		}
		if isNonExistence(err) {
			keep, err = keepMissing(fr, missing, err)
		}
		if err != nil {
			return row, false, blame(err, f.at)
		}
		return row, keep, nil
	}
}

// keepMissing tells whether to keep a row for which the answer does not exist, as err says: what missing evaluates to, or false
// if missing is nil. A missing that is r.error() without a text stands for err.
func keepMissing(fr *frame, missing node, err error) (bool, error) {
	if missing == nil {
		return false, nil
	}
	d, _, missingErr := missing.datum(fr)
	if e, ok := missingErr.(*reql.Error); ok && e.Class == reql.EmptyUser { //nolint:errorlint // never wrapped here
		return false, err
	}
	return d.Truthy(), missingErr
}
