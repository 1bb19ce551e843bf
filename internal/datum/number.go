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

// appendNumber appends f as JSON: integers up to ±2^53 without a point, -0 as -0.0, anything else with the fewest
// digits that give f back, with a point up to 10^21 and an exponent beyond.
func appendNumber(dst []byte, f float64) []byte {
	if i, ok := exactInt(f); ok && (i != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, i, 10)
	}
	// digits become d.ddde±xx, from which the wanted form is made.
	var buf [32]byte
	s := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	if s[0] == '-' {
		dst = append(dst, '-')
		s = s[1:]
	}
	e := len(s) - 1
	for s[e] != 'e' {
		e--
	}
	exp := 0
	for _, c := range s[e+2:] {
		exp = exp*10 + int(c-'0')
	}
	if s[e+1] == '-' {
		exp = -exp
	}
	digits := append(make([]byte, 0, 24), s[0])
	if e > 1 {
		digits = append(digits, s[2:e]...)
	}
	point := exp + 1 // the decimal point stands after that many digits
	switch n := len(digits); {
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
	return strconv.AppendInt(dst, int64(exp), 10)
}
