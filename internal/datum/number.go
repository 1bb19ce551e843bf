package datum

import (
	"math"
	"strconv"
)

// FormatNumber returns f as error texts have it, which is C's %.20g.
func FormatNumber(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	return strconv.FormatFloat(f, 'g', 20, 64)
}

// appendNumber appends f as JSON: integers up to ±2^53 without a point, -0 as -0.0, anything else with digits that give f
// back (digits.go), with a point up to 10^21 and an exponent beyond.
func appendNumber(dst []byte, f float64) []byte {
	if i, ok := exactInt(f); ok && (i != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, i, 10)
	}
	if math.Signbit(f) {
		dst = append(dst, '-')
		f = -f
	}
	if f == 0 {
		return append(dst, "0.0"...)
	}
	var buf [24]byte
	digits, exp := appendDigits(buf[:0], f)
	n := len(digits)
	point := n + exp // the decimal point stands after that many digits
	switch {
	case n <= point && point <= 21:
		dst = append(dst, digits...)
		for range point - n {
			dst = append(dst, '0')
		}
		return append(dst, '.', '0')
	case 0 < point && point <= 21:
		dst = append(dst, digits[:point]...)
		dst = append(dst, '.')
		return append(dst, digits[point:]...)
	case -6 < point && point <= 0:
		dst = append(dst, '0', '.')
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(dst, '.')
		dst = append(dst, digits[1:]...)
	}
	dst = append(dst, 'e')
	return strconv.AppendInt(dst, int64(point-1), 10)
}
