package datum

import (
	"fmt"
	"strconv"
	"strings"
)

// The reference has another key encoding than we have, with limits that users see: what is a valid key depends on
// its size there. The functions of this file compute that size without building the key.
const (
	maxPrimaryKeyBytes = 128 // of a primary key in the reference's encoding
	maxKeyBytes        = 250 // where the reference stops encoding an array
)

// PrimaryKey returns the key encoding of v if v may be a primary key, or bound a range of them. It refuses the
// values, and with the texts, that the reference does.
func PrimaryKey(v Value) ([]byte, error) {
	if err := CheckPrimaryKey(v); err != nil {
		return nil, err
	}
	return AppendKey(make([]byte, 0, 48), v)
}

// CheckPrimaryKey returns the error of a value that cannot be a primary key.
func CheckPrimaryKey(v Value) error {
	s := keySizer{primary: true}
	switch v.kind() {
	case KindNull, KindObject:
		if v.kind() == KindNull || !v.isPseudoObject() {
			return typeError(v, "Primary keys must be either a number, string, bool, pseudotype "+
				"or array (got type %s):\n%s", v.TypeName(), v.PrintTrunc())
		}
	}
	if err := s.add(v); err != nil {
		return err
	}
	if s.size > maxPrimaryKeyBytes {
		return errorf(Logic, "Primary key too long (max %d characters): %s", maxPrimaryKeyBytes-1, v.Print())
	}
	return nil
}

// CheckIndexKey returns the error of a value that cannot be the value of a secondary index.
func CheckIndexKey(v Value) error {
	switch {
	case v.kind() == KindMinVal || v.kind() == KindMaxVal,
		v.kind() == KindNull, v.kind() == KindObject && !v.isPseudoObject():
		return typeError(v, "Secondary keys must be a number, string, bool, pseudotype, or array (got type %s):\n%s",
			v.TypeName(), v.PrintTrunc())
	}
	return (&keySizer{}).add(v)
}

// CheckIndexBound returns the error of a value that cannot be looked up in a secondary index or bound a range of it.
func CheckIndexBound(v Value) error {
	if v.kind() == KindNull || v.kind() == KindObject && !v.isPseudoObject() {
		return typeError(v, "Secondary keys must be a number, string, bool, pseudotype, or array (got %s of type %s).",
			v.Print(), v.TypeName())
	}
	return (&keySizer{bound: true}).add(v)
}

// isPseudoObject reports whether v is an object with a $reql_type$ that has no kind of its own.
func (v Value) isPseudoObject() bool {
	if v.kind() != KindObject {
		return false
	}
	_, ok := v.Get(typeKey)
	return ok
}

// keySizer adds up the size of a key in the reference's encoding.
type keySizer struct {
	primary bool // strings must not have zero bytes; r.minval and r.maxval are allowed
	bound   bool // r.minval and r.maxval are allowed
	size    int
}

func (s *keySizer) add(v Value) error {
	switch v.kind() {
	case KindMinVal, KindMaxVal:
		if !s.primary && !s.bound {
			return errorf(Logic, "Cannot use `r.minval` or `r.maxval` in an index key.")
		}
		s.size++
	case KindNumber:
		s.addNumber(v.float())
	case KindTime:
		s.size += len("PTIME:")
		s.addNumber(v.float())
	case KindBool:
		s.size += 2
	case KindString:
		return s.addString(v.str())
	case KindBinary:
		b := v.str()
		s.size += len("PBINARY:")
		b = b[:min(len(b), max(0, maxKeyBytes-s.size))]
		s.size += len(b) + strings.Count(b, "\x00") + strings.Count(b, "\x01")
	case KindArray:
		s.size++
		for i := 0; i < v.Len() && s.size < maxKeyBytes; i++ {
			if err := s.add(v.At(i)); err != nil {
				return err
			}
			s.size++
		}
		return v.LimitError()
	case KindGeometry:
		return errorf(Logic, "Cannot use a geometry value as a key value in a primary or non-geospatial secondary index.")
	default:
		if v.isPseudoObject() {
			return errorf(Logic, "Cannot use pseudotype %s as a primary or secondary key value .", v.TypeName())
		}
		return typeError(v, "Array keys can only contain numbers, strings, bools,  pseudotypes, or arrays "+
			"(got %s of type %s).", v.Print(), v.TypeName())
	}
	return nil
}

// addNumber adds a letter, the bits in 16 hexadecimal digits, and the number itself after a #.
func (s *keySizer) addNumber(f float64) {
	if f == 0 {
		f = 0 // -0 is written without its sign
	}
	s.size += 1 + 16 + 1
	if i, ok := exactInt(f); ok {
		var buf [20]byte
		s.size += len(strconv.AppendInt(buf[:0], i, 10)) // as FormatNumber has it, in a tenth of the time
	} else {
		s.size += len(FormatNumber(f))
	}
}

func (s *keySizer) addString(str string) error {
	s.size++
	if s.primary {
		if i := strings.IndexByte(str, 0); i >= 0 {
			return errorf(Logic, "String %s (truncated) contains NULL byte at offset %d in index key.",
				quoteDebug(str[:min(len(str), 20)]), i)
		}
		s.size += len(str)
		return nil
	}
	str = str[:min(len(str), max(0, maxKeyBytes-s.size))]
	s.size += len(str) + strings.Count(str, "\x00") + strings.Count(str, "\x01")
	return nil
}

// quoteDebug quotes a string as the reference does in this one message.
func quoteDebug(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c < 0x20 || c >= 0x7F:
			fmt.Fprintf(&b, "\\x%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
