package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// r.range() → sequence
	// r.range(to) → sequence
	// r.range(from, to) → sequence
	//
	// The integers from 0, or the first bound, up to, but not including, the last one; without any, all from 0 on. An
	// endless one needs limit, or another term that stops by itself.
	//
	// Errors:
	// - QueryLogic: Cannot use an infinite stream with an aggregation function (`reduce`, `count`, etc.) or coerce it to an array.
	//
	//	> r.range(2, 5)
	//	2
	//	3
	//	4
	register(reql.TermRange, spec{min: 0, max: 2, val: evalRange, slowOnMany: true})
}

func evalRange(c call) (val, error) {
	r := &rangeRows{at: c.n.t}
	var err error
	switch c.len() {
	case 0:
		r.infinite = true
	case 1:
		r.stop, err = c.int(0)
	default:
		if r.from, err = c.int(0); err == nil {
			r.stop, err = c.int(1)
		}
	}
	if err != nil {
		return val{}, err
	}
	return val{x: &seq{src: r, infinite: r.infinite, at: c.n.t, fr: c.fr}, at: c.n.t}, nil
}

type rangeRows struct {
	from, stop int64
	infinite   bool
	at         *reql.Term
}

// maxExactInteger is the number up to which every integer is a float64.
const maxExactInteger = 1 << 53

func (r *rangeRows) next(*frame) (datum.Value, bool, error) {
	if r.from >= r.stop && !r.infinite {
		return datum.Value{}, false, nil
	}
	if r.from > maxExactInteger {
		return datum.Value{}, false, failAt(r.at, reql.QueryLogic, "`range` out of safe double bounds.")
	}
	r.from++
	return datum.Int(r.from - 1), true, nil
}

func (r *rangeRows) close() {}
