package datum

import "encoding/base64"

// base64LineBytes is how many bytes of data fill one line of 76 characters.
const base64LineBytes = 57

// appendBase64 appends data in base64 with newline between lines of 76 characters.
func appendBase64(dst, data []byte, newline string) []byte {
	for len(data) > base64LineBytes {
		dst = base64.StdEncoding.AppendEncode(dst, data[:base64LineBytes])
		dst = append(dst, newline...)
		data = data[base64LineBytes:]
	}
	return base64.StdEncoding.AppendEncode(dst, data)
}

// decodeBase64 accepts what the reference does: white space anywhere, padding or none, and spare bits of any value.
func decodeBase64(s string) ([]byte, error) {
	out := make([]byte, 0, len(s)/4*3+3)
	var acc uint32
	chars := 0
	i := 0
	for ; i < len(s) && s[i] != '='; i++ {
		c := s[i]
		var bits uint32
		switch {
		case c >= 'A' && c <= 'Z':
			bits = uint32(c - 'A')
		case c >= 'a' && c <= 'z':
			bits = uint32(c-'a') + 26
		case c >= '0' && c <= '9':
			bits = uint32(c-'0') + 52
		case c == '+':
			bits = 62
		case c == '/':
			bits = 63
		case isBase64Space(c):
			continue
		default:
			return nil, errorf(Logic, "Invalid base64 character found: '%s'.", s[i:i+1])
		}
		acc = acc<<6 | bits
		if chars++; chars == 4 {
			out = append(out, byte(acc>>16), byte(acc>>8), byte(acc))
			acc, chars = 0, 0
		}
	}
	switch chars {
	case 1:
		return nil, errorf(Logic, "Invalid base64 length: 1 character remaining, cannot decode a full byte.")
	case 2:
		out = append(out, byte(acc>>4))
	case 3:
		out = append(out, byte(acc>>10), byte(acc>>2))
	}
	for ; i < len(s); i++ {
		if s[i] != '=' && !isBase64Space(s[i]) {
			return nil, errorf(Logic, "Invalid base64 format, data found after padding character '='.")
		}
	}
	return out, nil
}

func isBase64Space(c byte) bool { return c == '\r' || c == '\n' || c == ' ' || c == '\t' }
