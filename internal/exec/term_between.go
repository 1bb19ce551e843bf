package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	opts := []string{"index", "left_bound", "right_bound"}

	// Family: Selecting data
	//
	// table.between(low, high) → table slice
	//
	// The rows with primary keys from one to another, or with values of a secondary index. `r.minval` and `r.maxval` are no
	// bounds, also inside arrays, for compound indexes. A slice can be ordered by the same index, and written.
	//
	// Options:
	// - index (string; the primary key): the index to look into
	// - left_bound ("closed" or "open"; "closed"): whether the low key itself counts
	// - right_bound ("closed" or "open"; "open"): whether the high key itself counts
	//
	// Errors:
	// - QueryLogic: Cannot use `null` in BETWEEN, use `r.minval` or `r.maxval` to denote unboundedness.
	// - QueryLogic: Cannot perform multiple BETWEENs on the same table.
	// - QueryLogic: Cannot call BETWEEN on index `…` after ordering on index `…`.
	//
	//	> r.table("heroes").between(1850, 1910, index: "born")("name")
	//	"Emmy"
	//	"Grace"
	//	> r.table("heroes").between(r.minval, 2, right_bound: "closed").count()
	//	2
	register(reql.TermBetween, spec{min: 3, max: 3, opts: opts, val: evalBetween, slowOnMany: true})

	// table.betweenDeprecated(low, high) → table slice
	//
	// The between of drivers before 2.0, where null is no bound. Today's drivers have no function for it.
	//
	// Options:
	// - index (string; the primary key): the index to look into
	// - left_bound ("closed" or "open"; "closed"): whether the low key itself counts
	// - right_bound ("closed" or "open"; "open"): whether the high key itself counts
	//
	//	> r.table("heroes").betweenDeprecated(3, null).count()
	//	2
	register(reql.TermBetweenDeprecated, spec{min: 3, max: 3, opts: opts, val: evalBetweenDeprecated, slowOnMany: true})
}

func evalBetween(c call) (val, error)           { return between(c, false) }
func evalBetweenDeprecated(c call) (val, error) { return between(c, true) }

func between(c call, nullUnbounded bool) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	s, err := v.slice(c.fr)
	if err != nil {
		return val{}, err
	}
	var r table.Range
	if r.LowOpen, err = c.openBound("left_bound", false); err != nil {
		return val{}, err
	}
	if r.HighOpen, err = c.openBound("right_bound", true); err != nil {
		return val{}, err
	}
	if r.Low, err = betweenBound(c, 1, nullUnbounded, datum.Min); err != nil {
		return val{}, err
	}
	if r.High, err = betweenBound(c, 2, nullUnbounded, datum.Max); err != nil {
		return val{}, err
	}
	index, given, err := c.optStr("index")
	if err != nil {
		return val{}, err
	}
	if !given {
		index = s.index
		if index == "" {
			index = s.table.PrimaryKey()
		}
	}
	// Errors of the slice itself have the place of its table, as in the original.
	at := s.table.at
	if s.bounded {
		return val{}, failAt(at, reql.QueryLogic, "Cannot perform multiple BETWEENs on the same table.")
	}
	if s.index != "" && s.index != index {
		return val{}, failAt(at, reql.QueryLogic, "Cannot call BETWEEN on index `%s` after ordering on index `%s`.", index, s.index)
	}
	out := *s
	out.index, out.bounds = index, r
	out.bounded = !(r.Low.Kind() == datum.KindMinVal && r.LowOpen && r.High.Kind() == datum.KindMaxVal && r.HighOpen)
	return val{x: &out, at: c.n.t}, nil
}

// openBound evaluates an optional argument that says whether a bound belongs to a range.
func (c call) openBound(name string, otherwise bool) (open bool, err error) {
	v, ok, err := c.opt(name)
	if !ok || err != nil {
		return otherwise, err
	}
	d, err := v.datum(c.fr)
	if err != nil {
		return false, err
	}
	s, err := strAt(d, v.at)
	switch {
	case err != nil:
		return false, err
	case s == "open":
		return true, nil
	case s == "closed":
		return false, nil
	}
	return false, c.logic("Expected `open` or `closed` for optarg `%s` (got `%s`).", name, d.PrintTrunc())
}

func betweenBound(c call, i int, nullUnbounded bool, unbounded datum.Value) (datum.Value, error) {
	d, at, err := c.datumAt(i)
	if err != nil || d.Kind() != datum.KindNull {
		return d, err
	}
	if !nullUnbounded {
		return d, failAt(at, reql.QueryLogic, "Cannot use `null` in BETWEEN, use `r.minval` or `r.maxval` to denote unboundedness.")
	}
	return unbounded, nil
}

// empty tells whether no key at all can be in the bounds of the slice. They are not looked at any closer then.
func (s *sliceVal) empty() bool {
	b := &s.bounds
	if b.Low.IsAbsent() || b.High.IsAbsent() {
		return false
	}
	c := datum.Compare(b.Low, b.High)
	return c > 0 || c == 0 && (b.LowOpen || b.HighOpen)
}
