package reql

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape gives the value of a string token with escapes. The lexer has checked them.
func unescape(s string) string {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		if s[i] != '\\' {
			out = append(out, s[i])
			i++
			continue
		}
		n := escapeLen(s, i)
		switch s[i+1] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(s, i+2)
			if n == 12 {
				r = utf16.DecodeRune(r, hex4(s, i+8))
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, s[i+1])
		}
		i += n
	}
	return string(out)
}

// parseNumber gives the value of a number token and tells whether it is finite.
func parseNumber(s string) (float64, bool) {
	// Integers of up to 15 digits are exact and by far the most common.
	if len(s) <= 15 {
		n, i := int64(0), 0
		if s[0] == '-' {
			i = 1
		}
		for ; i < len(s); i++ {
			c := s[i]
			if c < '0' || c > '9' {
				break
			}
			n = n*10 + int64(c-'0')
		}
		if i == len(s) {
			if s[0] == '-' {
				n = -n // an integer has no negative zero
			}
			return float64(n), true
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
