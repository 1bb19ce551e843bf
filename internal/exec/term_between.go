package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	opts := []string{"index", "left_bound", "right_bound"}
	register(reql.TermBetween, spec{min: 3, max: 3, opts: opts, val: evalBetween, slow: true,
		doc: "The rows of a table between two keys, or between two values of an index."})
	register(reql.TermBetweenDeprecated, spec{min: 3, max: 3, opts: opts, val: evalBetweenDeprecated, slow: true,
		doc: "The between of old drivers, where null is no bound."})
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
