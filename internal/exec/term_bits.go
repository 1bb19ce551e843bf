package exec

import (
	"math"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Maths and logic
	//
	// number.bitAnd([number…]) → number
	//
	// The bits that all of the integers have, in two's complement. Integers are those that a number can tell apart, up to
	// ±2^53, for this and the other terms of bits.
	//
	// Errors:
	// - QueryLogic: Integer too large: …
	//
	//	> r.expr(12).bitAnd(10)
	//	8
	register(reql.TermBitAnd, spec{min: 1, max: -1, datum: evalBits(func(a, b int64) int64 { return a & b }), pure: true})

	// number.bitOr([number…]) → number
	//
	// The bits that any of the integers has.
	//
	//	> r.expr(12).bitOr(10)
	//	14
	register(reql.TermBitOr, spec{min: 1, max: -1, datum: evalBits(func(a, b int64) int64 { return a | b }), pure: true})

	// number.bitXor([number…]) → number
	//
	// The bits that an odd number of the integers have.
	//
	//	> r.expr(12).bitXor(10)
	//	6
	register(reql.TermBitXor, spec{min: 1, max: -1, datum: evalBits(func(a, b int64) int64 { return a ^ b }), pure: true})

	// number.bitNot() → number
	//
	// The bits that the integer does not have: -1 less the integer.
	//
	//	> r.expr(5).bitNot()
	//	-6
	register(reql.TermBitNot, spec{min: 1, max: 1, datum: evalBitNot, pure: true})

	// number.bitSal(n) → number
	//
	// The integer with its bits n places further to the left: times 2 to the power of n.
	//
	// Errors:
	// - QueryLogic: Cannot bit-shift by a negative value
	//
	//	> r.expr(3).bitSal(4)
	//	48
	register(reql.TermBitSal, spec{min: 2, max: 2, datum: evalShiftLeft, pure: true})

	// number.bitSar(n) → number
	//
	// The integer with its bits n places further to the right; the sign stays.
	//
	// Errors:
	// - QueryLogic: Cannot bit-shift by a negative value
	//
	//	> r.expr(-17).bitSar(2)
	//	-5
	register(reql.TermBitSar, spec{min: 2, max: 2, datum: evalShiftRight, pure: true})
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
