package datum

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

// maxJSONBytes is how long the JSON of a container may be: six times as long as its strings if they are nothing but control
// characters. It is below the 4 GiB that a response can have.
const maxJSONBytes = MaxBytes + MaxBytes/2

func errJSONTooLong() error {
	return errorf(Resource, "JSON over size limit of %d bytes.", maxJSONBytes)
}

// AppendJSON appends v as compact JSON: keys in order, pseudo-types as the objects that they are on the wire.
// A view is written from its bytes, without a tree. On error the returned slice is dst with some of v appended.
func AppendJSON(dst []byte, v Value) ([]byte, error) {
	switch v.kind() {
	case KindArray:
		if v.has(flagView) {
			return appendViewJSON(dst, v)
		}
		if err := v.LimitError(); err != nil {
			return dst, err
		}
		dst = append(dst, '[')
		limit := len(dst) + maxJSONBytes
		for i, e := range v.elems() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = AppendJSON(dst, e); err != nil {
				return dst, err
			}
			if len(dst) > limit {
				return dst, errJSONTooLong()
			}
		}
		return append(dst, ']'), nil
	case KindObject, KindGeometry:
		if v.has(flagView) {
			return appendViewJSON(dst, v)
		}
		if err := v.LimitError(); err != nil {
			return dst, err
		}
		dst = append(dst, '{')
		fields := v.fields()
		limit := len(dst) + maxJSONBytes
		for i := range fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendJSONString(dst, fields[i].Key), ':')
			var err error
			if dst, err = AppendJSON(dst, fields[i].Val); err != nil {
				return dst, err
			}
			if len(dst) > limit {
				return dst, errJSONTooLong()
			}
		}
		return append(dst, '}'), nil
	}
	return appendScalarJSON(dst, v)
}

func appendScalarJSON(dst []byte, v Value) ([]byte, error) {
	switch v.kind() {
	case KindNull:
		return append(dst, "null"...), nil
	case KindBool:
		if v.n != 0 {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case KindNumber:
		return appendNumber(dst, v.float()), nil
	case KindString:
		if v.has(flagPlain) {
			return appendQuoted(dst, v.str()), nil
		}
		return appendJSONString(dst, v.str()), nil
	case KindTime:
		dst = append(dst, `{"$reql_type$":"TIME","epoch_time":`...)
		dst = append(appendNumber(dst, v.float()), `,"timezone":"`...)
		return append(appendTimezone(dst, v.zone()), `"}`...), nil
	case KindBinary:
		dst = append(dst, `{"$reql_type$":"BINARY","data":"`...)
		return append(appendBase64(dst, v.bytes(), `\r\n`), `"}`...), nil
	case KindMinVal:
		return dst, errorf(Logic, "Cannot convert `r.minval` to JSON.")
	case KindMaxVal:
		return dst, errorf(Logic, "Cannot convert `r.maxval` to JSON.")
	}
	panic("datum: JSON of an absent value")
}

func appendViewJSON(dst []byte, v Value) ([]byte, error) {
	b := v.encoded()
	dst = slices.Grow(dst, len(b)+len(b)/4)
	dst, _, err := appendEncodedJSON(dst, b)
	return dst, err
}

// appendEncodedJSON appends the value that b begins with, and returns the size of its encoding. It reads the bytes
// from first to last and never looks at the offsets.
func appendEncodedJSON(dst, b []byte) ([]byte, int, error) {
	tag := b[0]
	switch {
	case tag >= tagSmallInt:
		n := tag - tagSmallInt
		if n >= 10 {
			return append(dst, '0'+n/10, '0'+n%10), 1, nil
		}
		return append(dst, '0'+n), 1, nil
	case tag >= tagShort:
		n := 1 + int(tag-tagShort)
		return appendQuoted(dst, aliasString(b[1:n])), n, nil
	case tag < tagContainer:
		v, n := decode(b)
		dst, err := appendScalarJSON(dst, v)
		return dst, n, err
	}
	v, size := decodeContainer(b)
	if err := v.LimitError(); err != nil {
		return dst, 0, err
	}
	b = b[:size]
	start, width := v.table()
	at := start + width*v.count()
	var n int
	var err error
	limit := len(dst) + maxJSONBytes
	if v.kind() == KindArray {
		dst = append(dst, '[')
		for i := range v.count() {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, n, err = appendEncodedJSON(dst, b[at:]); err != nil {
				return dst, 0, err
			}
			if len(dst) > limit {
				return dst, 0, errJSONTooLong()
			}
			at += n
		}
		return append(dst, ']'), size, nil
	}
	dst = append(dst, '{')
	for i := range v.count() {
		if i > 0 {
			dst = append(dst, ',')
		}
		key, plain, n := decodeKey(b[at:])
		at += n
		if plain {
			dst = appendQuoted(dst, aliasString(key))
		} else {
			dst = appendJSONString(dst, aliasString(key))
		}
		dst = append(dst, ':')
		if dst, n, err = appendEncodedJSON(dst, b[at:]); err != nil {
			return dst, 0, err
		}
		if len(dst) > limit {
			return dst, 0, errJSONTooLong()
		}
		at += n
	}
	return append(dst, '}'), size, nil
}

// appendQuoted appends a string that needs no escaping.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// AppendJSONString appends s as a JSON string.
func AppendJSONString(dst []byte, s string) []byte { return appendJSONString(dst, s) }

func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	dst = append(dst, '"')
	for {
		n := PlainPrefix(s)
		dst = append(dst, s[:n]...)
		if n == len(s) {
			return append(dst, '"')
		}
		c := s[n]
		s = s[n+1:]
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
}

// isPlain reports whether JSON prints s without escaping.
func isPlain(s string) bool { return PlainPrefix(s) == len(s) }

// PlainPrefix returns how many bytes of s come before one that JSON must escape: a control character, a quote or a
// backslash. It looks at eight bytes at once, which is eight times as fast as a table of bytes.
func PlainPrefix(s string) int {
	const (
		ones  = math.MaxUint64 / 255
		highs = ones * 0x80
	)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := leUint64(s[i : i+8])
		quote := w ^ ones*'"'
		slash := w ^ ones*'\\'
		// A byte is below n if subtracting n borrows and the byte itself has no high bit. A borrow may mark the next
		// byte, too, but the first one that is marked is right.
		if marks := ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs; marks != 0 {
			return i + bits.TrailingZeros64(marks)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return i
		}
	}
	return i
}

func leUint64(s string) uint64 { return binary.LittleEndian.Uint64(aliasBytes(s)) }
