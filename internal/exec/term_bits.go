package exec

import (
	"math"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermBitAnd, spec{min: 1, max: -1, datum: evalBits(func(a, b int64) int64 { return a & b }), pure: true,
		doc: "The bits that all integers have."})
	register(reql.TermBitOr, spec{min: 1, max: -1, datum: evalBits(func(a, b int64) int64 { return a | b }), pure: true,
		doc: "The bits that any of the integers has."})
	register(reql.TermBitXor, spec{min: 1, max: -1, datum: evalBits(func(a, b int64) int64 { return a ^ b }), pure: true,
		doc: "The bits that an odd number of the integers have."})
	register(reql.TermBitNot, spec{min: 1, max: 1, datum: evalBitNot, pure: true, doc: "The other bits of an integer."})
	register(reql.TermBitSal, spec{min: 2, max: 2, datum: evalShiftLeft, pure: true, doc: "An integer shifted left by a number of bits."})
	register(reql.TermBitSar, spec{min: 2, max: 2, datum: evalShiftRight, pure: true,
		doc: "An integer shifted right by a number of bits; the sign stays."})
}

// bits evaluates argument i to an integer on which operations on bits are exact: at least -2^53 and less than 2^53.
func (c call) bits(i int) (int64, error) {
	n, err := c.int(i)
	if err == nil && n == 1<<53 {
		err = c.logic("Integer too large: %d", n)
	}
	return n, err
}

func evalBits(op func(a, b int64) int64) func(c call) (datum.Value, error) {
	return func(c call) (datum.Value, error) {
		acc, err := c.bits(0)
		for i := 1; i < c.len() && err == nil; i++ {
			var n int64
			if n, err = c.bits(i); err == nil {
				acc = op(acc, n)
			}
		}
		return datum.Int(acc), err
	}
}

func evalBitNot(c call) (datum.Value, error) {
	n, err := c.bits(0)
	return datum.Int(^n), err
}

// shift evaluates the arguments of a shift.
func (c call) shift() (n, by int64, err error) {
	if n, err = c.bits(0); err != nil {
		return 0, 0, err
	}
	if by, err = c.int(1); err == nil && by < 0 {
		err = c.logic("Cannot bit-shift by a negative value")
	}
	return n, by, err
}

func evalShiftLeft(c call) (datum.Value, error) {
	n, by, err := c.shift()
	if err != nil {
		return datum.Value{}, err
	}
	if by >= 1<<12 && n != 0 { // as in the original, whatever the sign of n
		return datum.NewNumber(math.Inf(1))
	}
	return datum.NewNumber(math.Ldexp(float64(n), int(min(by, 1<<12))))
}

func evalShiftRight(c call) (datum.Value, error) {
	n, by, err := c.shift()
	if err != nil {
		return datum.Value{}, err
	}
	return datum.Int(n >> min(by, 63)), nil
}
