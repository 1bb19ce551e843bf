package datum

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// The digits of a number are found by Grisu2 (F. Loitsch, "Printing floating-point numbers quickly and accurately with
// integers", PLDI 2010), because the reference does so and users see its digits: in coerce_to("string"), to_json_string and
// texts of errors. Grisu2 always gives digits that read back as the same number, but now and then one more than needed, or
// a last one that is not the closest. The reference leaves out the last step of it, which brings the last digit closer,
// when more than nine digits follow the first few: 0.1 + 0.2 is 0.30000000000000007 there.

// extended is the number f × 2^e.
type extended struct {
	f uint64
	e int
}

func (x extended) times(y extended) extended {
	hi, lo := bits.Mul64(x.f, y.f)
	return extended{hi + lo>>63, x.e + y.e + 64}
}

// normal is x with the highest bit of f set.
func (x extended) normal() extended {
	n := bits.LeadingZeros64(x.f)
	return extended{x.f << n, x.e - n}
}

const (
	firstPower = -348
	powerStep  = 8

	log10of2 = math.Ln2 / math.Ln10
)

// powers are 10^-348, 10^-340, … 10^340, rounded to 64 bits.
var powers = func() (p [87]extended) {
	for i := range p {
		k := firstPower + powerStep*i
		ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(k, -k))), nil)
		f := new(big.Float).SetPrec(64).SetInt(ten)
		if k < 0 {
			exact := new(big.Float).SetInt(ten)
			f = new(big.Float).SetPrec(64).Quo(big.NewFloat(1), exact)
		}
		e := f.MantExp(f) // now ½ ≤ f < 1
		mantissa, _ := f.SetMantExp(f, 64).Uint64()
		p[i] = extended{mantissa, e - 64}
	}
	return p
}()

var tens = [10]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

const hidden = 1 << 52 // the bit of a float64 that is not stored

// appendDigits appends the decimal digits of f > 0, without leading zeros; f is these digits as an integer × 10^exp.
func appendDigits(dst []byte, f float64) (digits []byte, exp int) {
	if n, exp, ok := shortDecimal(f); ok {
		return strconv.AppendUint(dst, n, 10), exp
	}
	return appendGrisu(dst, f)
}

// shortDecimal gives f as n × 10^exp, with n not ending in a zero, if f is what one reads a number with few decimals as: a price,
// a coordinate, a time in milliseconds. Grisu2 comes to the same digits, in four times the time: there is only one multiple of
// 10^-places that is so close to f, and Grisu2 stops at the first digit with which it is close enough. An interval of ±0.49 units
// in the last place of f is within the one that Grisu2 looks at, ±0.5 with an error of 0.003, except at a power of two.
func shortDecimal(f float64) (n uint64, exp int, ok bool) {
	scale, places := 1e7, 7
	if f > 1<<25 {
		scale, places = 1e3, 3
	}
	r := math.Round(f * scale)
	b := math.Float64bits(f)
	if r < 1 || r > 1<<49 || b&(hidden-1) == 0 { // up to 2^49 the multiples are eight units apart
		return 0, 0, false
	}
	unit := math.Float64frombits(b&^(hidden-1)) * 0x1p-52
	if math.Abs(math.FMA(f, scale, -r)) > 0.49*unit*scale {
		return 0, 0, false
	}
	n, exp = uint64(r), -places
	for n%10 == 0 {
		n /= 10
		exp++
	}
	return n, exp, true
}

// appendGrisu is appendDigits by Grisu2.
func appendGrisu(dst []byte, f float64) (digits []byte, exp int) {
	b := math.Float64bits(f)
	v := extended{b & (hidden - 1), int(b>>52) - 1075}
	if b >= hidden {
		v.f += hidden
	} else {
		v.e = -1074
	}
	// All numbers between below and above round to f.
	above := extended{v.f<<1 + 1, v.e - 1}.normal()
	below := extended{v.f<<1 - 1, v.e - 1}
	if v.f == hidden {
		below = extended{v.f<<2 - 1, v.e - 2}
	}
	below = extended{below.f << (below.e - above.e), above.e}

	// Times a power of ten they have an exponent of −60 to −32: the whole part fits 32 bits.
	k := int(math.Ceil(float64(-61-above.e)*log10of2)) - firstPower - 1
	i := k/powerStep + 1
	exp = -firstPower - powerStep*i
	w := v.normal().times(powers[i])
	high := above.times(powers[i])
	low := below.times(powers[i])
	high.f--
	low.f++

	// Digits of high, until what is left out is within the interval.
	width, fromHigh, shift := high.f-low.f, high.f-w.f, -high.e
	whole, fraction := high.f>>shift, high.f&(1<<shift-1)
	place := len(tens) - 1
	for place > 0 && whole < tens[place] {
		place--
	}
	start := len(dst)
	for ; place >= 0; place-- {
		d := whole / tens[place]
		whole -= d * tens[place]
		if d > 0 || len(dst) > start {
			dst = append(dst, '0'+byte(d))
		}
		if rest := whole<<shift + fraction; rest <= width {
			closer(dst, width, rest, tens[place]<<shift, fromHigh)
			return dst, exp + place
		}
	}
	for ; ; place-- {
		fraction *= 10
		width *= 10
		if d := fraction >> shift; d > 0 || len(dst) > start {
			dst = append(dst, '0'+byte(d))
		}
		fraction &= 1<<shift - 1
		if fraction < width {
			scale := uint64(0) // no step closer, as in the reference
			if -place < len(tens) {
				scale = tens[-place]
			}
			closer(dst, width, fraction, 1<<shift, fromHigh*scale)
			return dst, exp + place
		}
	}
}

// closer lowers the last digit as long as that brings the digits closer to the number, which is fromHigh below the upper end
// of the interval; rest is how much below it the digits are now, and unit what one of the last digit is.
func closer(digits []byte, width, rest, unit, fromHigh uint64) {
	for rest < fromHigh && width-rest >= unit && (rest+unit < fromHigh || fromHigh-rest > rest+unit-fromHigh) {
		digits[len(digits)-1]--
		rest += unit
	}
}
