package datum

import "unicode/utf8"

// CheckUTF8 returns the error of a string that is not UTF-8. Like the reference it lets encoded surrogates pass.
func CheckUTF8(s string) error {
	if utf8.ValidString(s) {
		return nil
	}
	pos, why := invalidUTF8(s)
	if why == "" {
		return nil
	}
	return errorf(Logic, "String `%s` (truncated) is not a UTF-8 string; %s at position %d.", s[:min(pos, 20)], why, pos)
}

// invalidUTF8 returns the first place where s is not UTF-8 and why. The position counts as the reference counts:
// it stands on the last byte read when a sequence breaks off or is wrong as a whole.
func invalidUTF8(s string) (pos int, why string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		var more int
		var code, least rune
		switch {
		case c < 0x80:
			continue
		case c&0xE0 == 0xC0:
			more, code, least = 1, rune(c&0x1F), 0x80
		case c&0xF0 == 0xE0:
			more, code, least = 2, rune(c&0x0F), 0x800
		case c&0xF8 == 0xF0:
			more, code, least = 3, rune(c&0x07), 0x10000
		default:
			return i, "Invalid initial byte seen"
		}
		for range more {
			switch {
			case i+1 == len(s):
				return i, "Expected continuation byte, saw end of string"
			case s[i+1]&0xC0 != 0x80:
				return i, "Expected continuation byte, saw something else"
			}
			i++
			code = code<<6 | rune(s[i]&0x3F)
		}
		switch {
		case code < least:
			return i, "Overlong encoding seen"
		case code > utf8.MaxRune:
			return i, "Non-Unicode character encoded (beyond U+10FFFF)"
		}
	}
	return 0, ""
}
