package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Maths and logic
	//
	// bool.and([bool…]) → value
	// r.and([bool…]) → value
	//
	// The first value that is false, or else the last one; the values after it are not evaluated. False and null are false,
	// all else, also 0 and "", is true. True without any. In Python `r.and_` or `&`.
	//
	//	> r.expr(true).and(1, null, r.error("never"))
	//	null
	register(reql.TermAnd, spec{max: -1, val: evalLogic(false), special: specialLogic(false)})

	// bool.or([bool…]) → value
	// r.or([bool…]) → value
	//
	// The first value that is true, or else the last one; the values after it are not evaluated. False without any. In
	// Python `r.or_` or `|`.
	//
	//	> r.expr(null).or(false, "else")
	//	"else"
	register(reql.TermOr, spec{max: -1, val: evalLogic(true), special: specialLogic(true)})

	// bool.not() → bool
	// r.not(bool) → bool
	//
	// True for false and null, false for all else. In Python `not_` or `~`.
	//
	//	> r.expr(0).not()
	//	false
	register(reql.TermNot, spec{min: 1, max: 1, datum: evalNot, special: specialNot, pure: true})

	// Family: Control
	//
	// r.branch(condition, value[, condition, value…], else) → value
	// bool.branch(value[, condition, value…], else) → value
	//
	// The value after the first condition that is true, or else the last one. Only that one is evaluated.
	//
	// Errors:
	// - QueryLogic: Cannot call `branch` term with an even number of arguments.
	//
	//	> r.table("heroes").orderBy("id").map(h => r.branch(h("born").lt(1850), "early", h("born").lt(1900), "middle", "late"))
	//	["early","late","middle","late"]
	register(reql.TermBranch, spec{min: 3, max: -1, val: evalBranch, special: specialBranch})
}

// truth converts v to its truth: false and null are false, all else is true.
func (v val) truth(fr *frame) (bool, error) {
	d, err := v.datum(fr)
	return d.Truthy(), err
}

// evalLogic gives the first argument whose truth is stop, or else the last one.
func evalLogic(stop bool) func(c call) (val, error) {
	return func(c call) (val, error) {
		v := c.ret(datum.Bool(!stop))
		for i := range c.len() {
			var err error
			if v, err = c.val(i); err != nil {
				return v, err
			}
			t, err := v.truth(c.fr)
			if err != nil || t == stop {
				return v, err
			}
		}
		return v, nil
	}
}

func evalNot(c call) (datum.Value, error) {
	t, err := c.bool(0)
	return datum.Bool(!t), err
}

func evalBranch(c call) (val, error) {
	if c.len()%2 == 0 {
		if _, err := c.val(0); err != nil {
			return val{}, err
		}
		return val{}, c.logic("Cannot call `branch` term with an even number of arguments.")
	}
	last := c.len() - 1
	for i := 0; i < last; i += 2 {
		t, err := c.bool(i)
		if err != nil {
			return val{}, err
		}
		if t {
			return c.val(i + 1)
		}
	}
	return c.val(last)
}
