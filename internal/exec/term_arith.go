package exec

import (
	"math"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Maths and logic
	//
	// number.add([number…]) → number
	// string.add([string…]) → string
	// array.add([array…]) → array
	// time.add([number…]) → time
	//
	// The sum of numbers, the concatenation of strings or of arrays, or a time so many seconds later. In Python also `+`.
	//
	//	> r.expr(1).add(2, 3)
	//	6
	//	> r.expr("a").add("b")
	//	"ab"
	//	> r.expr([1]).add([2])
	//	[1,2]
	register(reql.TermAdd, spec{min: 1, max: -1, datum: evalAdd, special: specialArith('+'), pure: true})

	// number.sub([number…]) → number
	// time.sub(number) → time
	// time.sub(time) → number
	//
	// The first number less the others, a time so many seconds earlier, or the seconds between two times. In Python also
	// `-`.
	//
	//	> r.expr(10).sub(1, 2)
	//	7
	//	> r.time(2020, 3, 1, "Z").sub(r.time(2020, 2, 1, "Z")).div(86400)
	//	29
	register(reql.TermSub, spec{min: 1, max: -1, datum: foldLeft(sub), special: specialArith('-'), pure: true})

	// number.mul([number…]) → number
	// array.mul(n) → array
	//
	// The product of numbers, or an array repeated n times. In Python also `*`.
	//
	// Errors:
	// - QueryLogic: Cannot multiply an ARRAY by a negative number.
	//
	//	> r.expr(2).mul(3, 4)
	//	24
	//	> r.expr(["la"]).mul(3)
	//	["la","la","la"]
	register(reql.TermMul, spec{min: 1, max: -1, datum: foldLeft(mul), special: specialArith('*'), pure: true})

	// number.div([number…]) → number
	//
	// The first number divided by the others; there is no division of integers, see floor. In Python also `/`.
	//
	// Errors:
	// - QueryLogic: Cannot divide by zero.
	//
	//	> r.expr(7).div(2)
	//	3.5
	register(reql.TermDiv, spec{min: 1, max: -1, datum: foldLeft(div), special: specialArith('/'), pure: true})

	// number.mod(number) → number
	//
	// The remainder of the division of two integers; it has the sign of the first. In Python also `%`.
	//
	// Errors:
	// - QueryLogic: Cannot take a number modulo 0.
	//
	//	> r.expr(-7).mod(3)
	//	-1
	register(reql.TermMod, spec{min: 2, max: 2, datum: evalMod, pure: true})

	// number.floor() → number
	// r.floor(number) → number
	//
	// The greatest integer that is not greater than the number.
	//
	//	> r.floor(-2.5)
	//	-3
	register(reql.TermFloor, spec{min: 1, max: 1, datum: evalRounding(math.Floor), pure: true})

	// number.ceil() → number
	// r.ceil(number) → number
	//
	// The least integer that is not less than the number.
	//
	//	> r.ceil(2.1)
	//	3
	register(reql.TermCeil, spec{min: 1, max: 1, datum: evalRounding(math.Ceil), pure: true})

	// number.round() → number
	// r.round(number) → number
	//
	// The integer next to the number; halves are rounded away from zero.
	//
	//	> r.round(-2.5)
	//	-3
	register(reql.TermRound, spec{min: 1, max: 1, datum: evalRounding(math.Round), pure: true})
}

// binaryOp is an operation on two data.
type binaryOp func(fr *frame, l, r datum.Value) (datum.Value, error)

// arithmetic gives the operation on two operands of any type for the sign of an arithmetic term.
func arithmetic(sign byte) binaryOp {
	switch sign {
	case '+':
		return add
	case '-':
		return sub
	case '*':
		return mul
	default:
		return div
	}
}

func foldLeft(op binaryOp) func(c call) (datum.Value, error) {
	return func(c call) (datum.Value, error) {
		acc, err := c.datum(0)
		for i := 1; i < c.len() && err == nil; i++ {
			var d datum.Value
			if d, err = c.datum(i); err == nil {
				acc, err = op(c.fr, acc, d)
			}
		}
		return acc, err
	}
}

// evalAdd is foldLeft(add), but it copies long concatenations once only.
func evalAdd(c call) (datum.Value, error) {
	acc, err := c.datum(0)
	if err != nil {
		return acc, err
	}
	var text []byte         // acc as a string that can grow
	var elems []datum.Value // acc as an array that can grow
	for i := 1; i < c.len(); i++ {
		d, err := c.datum(i)
		if err != nil {
			return d, err
		}
		switch k := acc.Kind(); {
		case k == datum.KindString && d.Kind() == datum.KindString && c.len() > 2:
			if text == nil {
				text = append(text, acc.AsString()...)
			}
			if err := datum.CheckString(len(text) + d.Len()); err != nil {
				return d, err
			}
			text = append(text, d.AsString()...)
		case k == datum.KindArray && d.Kind() == datum.KindArray && c.len() > 2:
			if elems == nil {
				elems = appendElems(make([]datum.Value, 0, acc.Len()+d.Len()), acc)
			}
			elems = appendElems(elems, d)
			if err := c.fr.checkArray(len(elems)); err != nil {
				return d, err
			}
		default:
			if acc, err = add(c.fr, acc, d); err != nil {
				return d, err
			}
		}
	}
	switch {
	case text != nil:
		return datum.String(string(text)), nil
	case elems != nil:
		return datum.Array(elems), nil
	}
	return acc, nil
}

func appendElems(dst []datum.Value, a datum.Value) []datum.Value {
	for i := range a.Len() {
		dst = append(dst, a.At(i))
	}
	return dst
}

func add(fr *frame, l, r datum.Value) (datum.Value, error) {
	switch lk, rk := l.Kind(), r.Kind(); {
	case lk == datum.KindTime:
		return moveTime(l, r, 1)
	case rk == datum.KindTime:
		return moveTime(r, l, 1)
	case lk == datum.KindNumber:
		if err := typed(r, datum.KindNumber, "NUMBER"); err != nil {
			return r, err
		}
		return datum.NewNumber(l.AsNumber() + r.AsNumber())
	case lk == datum.KindString:
		if err := typed(r, datum.KindString, "STRING"); err != nil {
			return r, err
		}
		n := l.Len() + r.Len()
		if err := datum.CheckString(n); err != nil {
			return r, err
		}
		if err := fr.reserve(n); err != nil {
			return r, err
		}
		switch {
		case l.Len() == 0: // keeps what belongs to a row marked as such
			return r, nil
		case r.Len() == 0:
			return l, nil
		}
		return datum.String(l.AsString() + r.AsString()), nil
	case lk == datum.KindArray:
		if err := typed(r, datum.KindArray, "ARRAY"); err != nil {
			return r, err
		}
		n := l.Len() + r.Len()
		if err := fr.checkArray(n); err != nil {
			return r, err
		}
		if err := fr.reserve(l.Bytes() + r.Bytes()); err != nil {
			return r, err
		}
		return datum.Array(appendElems(appendElems(make([]datum.Value, 0, n), l), r)), nil
	}
	return l, typeError(l, "NUMBER")
}

func sub(_ *frame, l, r datum.Value) (datum.Value, error) {
	if l.Kind() == datum.KindTime {
		if r.Kind() != datum.KindTime {
			return moveTime(l, r, -1)
		}
		a, _ := l.TimeParts()
		b, _ := r.TimeParts()
		return datum.NewNumber(roundMillis(a - b))
	}
	a, b, err := twoNumbers(l, r)
	if err != nil {
		return l, err
	}
	return datum.NewNumber(a - b)
}

func mul(fr *frame, l, r datum.Value) (datum.Value, error) {
	if l.Kind() == datum.KindArray {
		return repeat(fr, l, r)
	}
	if r.Kind() == datum.KindArray {
		return repeat(fr, r, l)
	}
	a, b, err := twoNumbers(l, r)
	if err != nil {
		return l, err
	}
	return datum.NewNumber(a * b)
}

func div(_ *frame, l, r datum.Value) (datum.Value, error) {
	a, b, err := twoNumbers(l, r)
	if err != nil {
		return l, err
	}
	if b == 0 {
		return l, reql.Errorf(reql.QueryLogic, "Cannot divide by zero.")
	}
	return datum.NewNumber(a / b)
}

func twoNumbers(l, r datum.Value) (a, b float64, err error) {
	if err := typed(l, datum.KindNumber, "NUMBER"); err != nil {
		return 0, 0, err
	}
	if err := typed(r, datum.KindNumber, "NUMBER"); err != nil {
		return 0, 0, err
	}
	return l.AsNumber(), r.AsNumber(), nil
}

// repeat gives the elements of an array times times.
func repeat(fr *frame, array, times datum.Value) (datum.Value, error) {
	n, err := times.Int64()
	if err != nil {
		return times, err
	}
	if n < 0 {
		return times, reql.Errorf(reql.QueryLogic, "Cannot multiply an ARRAY by a negative number.")
	}
	if array.Len() == 0 {
		return array, nil
	}
	if n > int64(fr.q.arrayLimit/array.Len()) {
		return times, arrayLimitError(fr.q.arrayLimit)
	}
	if n > 0 && int64(array.Bytes()) > datum.MaxBytes/n {
		return times, datum.TooBigError()
	}
	if err := fr.reserve(array.Bytes() * int(n)); err != nil {
		return times, err
	}
	out := make([]datum.Value, 0, array.Len()*int(n))
	for range n {
		out = appendElems(out, array)
	}
	return datum.Array(out), nil
}

// moveTime adds seconds to a time, which keeps its zone.
func moveTime(t, seconds datum.Value, sign float64) (datum.Value, error) {
	if err := typed(seconds, datum.KindNumber, "NUMBER"); err != nil {
		return seconds, err
	}
	epoch, zone := t.TimeParts()
	sum, err := datum.NewNumber(epoch + sign*seconds.AsNumber())
	if err != nil {
		return sum, err
	}
	return datum.Time(sum.AsNumber(), zone), nil
}

// roundMillis rounds seconds to milliseconds, halves away from zero.
func roundMillis(seconds float64) float64 { return math.Round(seconds*1000) / 1000 }

func evalMod(c call) (datum.Value, error) {
	a, err := c.int(0)
	if err != nil {
		return datum.Value{}, err
	}
	b, err := c.int(1)
	if err != nil {
		return datum.Value{}, err
	}
	if b == 0 {
		return datum.Value{}, c.logic("Cannot take a number modulo 0.")
	}
	return datum.Int(a % b), nil
}

func evalRounding(round func(float64) float64) func(c call) (datum.Value, error) {
	return func(c call) (datum.Value, error) {
		f, err := c.num(0)
		if err != nil {
			return datum.Value{}, err
		}
		return datum.NewNumber(round(f))
	}
}
