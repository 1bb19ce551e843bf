package datum

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
)

// The key encoding of a value is one byte for its kind, in ReQL's order, and
//
//   - for a number or time the float64 big endian, with the sign bit flipped if it is positive and all bits flipped
//     if it is negative; -0 is written as 0 and a time without its zone, since neither counts in comparisons;
//   - for a string or binary data the bytes, a zero byte as 00 FF, and 00 01 at the end;
//   - for an array its elements and 00, which is less than the first byte of any element;
//   - for an object or geometry, for each field keyField, the key as a string, and the value, and at the end 00.
//
// No encoding is the beginning of another, so that keys may be put one after the other.
const (
	keyEnd      = 0x00
	keyField    = 0x01
	keyMin      = 0x08
	keyArray    = 0x10
	keyFalse    = 0x18
	keyTrue     = 0x19
	keyNull     = 0x20
	keyNumber   = 0x28
	keyObject   = 0x30
	keyBinary   = 0x38
	keyGeometry = 0x3C
	keyTime     = 0x40
	keyString   = 0x48
	keyMax      = 0xF8

	keyZeroEscape = 0xFF // after 00: a zero byte
	keyStringEnd  = 0x01 // after 00: the end
)

// AppendKey appends the key encoding of v: bytes.Compare of two encodings is Compare of their values.
func AppendKey(dst []byte, v Value) ([]byte, error) {
	switch v.kind() {
	case KindMinVal:
		return append(dst, keyMin), nil
	case KindMaxVal:
		return append(dst, keyMax), nil
	case KindNull:
		return append(dst, keyNull), nil
	case KindBool:
		return append(dst, keyFalse+byte(v.n)), nil
	case KindNumber:
		return appendKeyFloat(append(dst, keyNumber), v.n), nil
	case KindTime:
		return appendKeyFloat(append(dst, keyTime), v.n), nil
	case KindString:
		return appendKeyString(append(dst, keyString), v.str()), nil
	case KindBinary:
		return appendKeyString(append(dst, keyBinary), v.str()), nil
	case KindAbsent:
		panic("datum: key of an absent value")
	}
	if err := v.LimitError(); err != nil {
		return dst, err
	}
	var err error
	if v.kind() == KindArray {
		dst = append(dst, keyArray)
		for i := range v.count() {
			if dst, err = AppendKey(dst, v.At(i)); err != nil {
				return dst, err
			}
		}
		return append(dst, keyEnd), nil
	}
	tag := byte(keyObject)
	if v.kind() == KindGeometry {
		tag = keyGeometry
	}
	dst = append(dst, tag)
	for i := range v.count() {
		key, val := v.FieldAt(i)
		dst = appendKeyString(append(dst, keyField), key)
		if dst, err = AppendKey(dst, val); err != nil {
			return dst, err
		}
	}
	return append(dst, keyEnd), nil
}

const signBit = 1 << 63

func appendKeyFloat(dst []byte, b uint64) []byte {
	switch {
	case b == signBit: // -0
		b = 0
		fallthrough
	case b&signBit == 0:
		b ^= signBit
	default:
		b = ^b
	}
	return binary.BigEndian.AppendUint64(dst, b)
}

func appendKeyString(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, 0)
		if i < 0 {
			dst = append(dst, s...)
			return append(dst, 0, keyStringEnd)
		}
		dst = append(dst, s[:i]...)
		dst = append(dst, 0, keyZeroEscape)
		s = s[i+1:]
	}
}

// DecodeKey returns the value whose key encoding b begins with, and the rest of b. The value equals the encoded one
// but need not be identical: a time has the zone UTC.
func DecodeKey(b []byte) (v Value, rest []byte, err error) {
	v, rest, err = decodeKeyValue(b, 0)
	if err == nil {
		err = v.LimitError()
	}
	return v, rest, err
}

func decodeKeyValue(b []byte, depth int) (Value, []byte, error) {
	if len(b) == 0 {
		return Value{}, nil, corrupt("key is too short")
	}
	if depth > MaxDepth {
		return Value{}, nil, corrupt("key nests too deeply")
	}
	tag := b[0]
	b = b[1:]
	switch tag {
	case keyMin:
		return Min, b, nil
	case keyMax:
		return Max, b, nil
	case keyNull:
		return Null, b, nil
	case keyFalse, keyTrue:
		return Bool(tag == keyTrue), b, nil
	case keyNumber, keyTime:
		f, rest, err := decodeKeyFloat(b)
		if err != nil {
			return Value{}, nil, err
		}
		if tag == keyTime {
			return Value{header: header(KindTime), n: math.Float64bits(f)}, rest, nil
		}
		return Number(f), rest, nil
	case keyString:
		s, rest, err := decodeKeyString(b)
		return String(string(s)), rest, err
	case keyBinary:
		s, rest, err := decodeKeyString(b)
		return Binary(s), rest, err
	case keyArray:
		var elems []Value
		for len(b) > 0 && b[0] != keyEnd {
			e, rest, err := decodeKeyValue(b, depth+1)
			if err != nil {
				return Value{}, nil, err
			}
			elems, b = append(elems, e), rest
		}
		if len(b) == 0 {
			return Value{}, nil, corrupt("array in a key has no end")
		}
		return Array(elems), b[1:], nil
	case keyObject, keyGeometry:
		var fields []Field
		for len(b) > 0 && b[0] == keyField {
			key, rest, err := decodeKeyString(b[1:])
			if err != nil {
				return Value{}, nil, err
			}
			val, rest, err := decodeKeyValue(rest, depth+1)
			if err != nil {
				return Value{}, nil, err
			}
			fields, b = append(fields, Field{string(key), val}), rest
		}
		if len(b) == 0 || b[0] != keyEnd {
			return Value{}, nil, corrupt("object in a key has no end")
		}
		if !fieldsSorted(fields) {
			return Value{}, nil, corrupt("order of fields in a key")
		}
		v := sortedObject(fields)
		if tag == keyGeometry {
			v.setKind(KindGeometry)
		}
		return v, b[1:], nil
	}
	return Value{}, nil, corrupt("unknown tag in a key")
}

func decodeKeyFloat(b []byte) (float64, []byte, error) {
	if len(b) < 8 {
		return 0, nil, corrupt("number in a key is too short")
	}
	u := binary.BigEndian.Uint64(b)
	if u&signBit != 0 {
		u ^= signBit
	} else {
		u = ^u
	}
	f := math.Float64frombits(u)
	if math.IsNaN(f) || math.IsInf(f, 0) || u == signBit {
		return 0, nil, corrupt("number in a key")
	}
	return f, b[8:], nil
}

// decodeKeyString returns a new slice with the bytes of a string or of binary data.
func decodeKeyString(b []byte) (s, rest []byte, err error) {
	for {
		i := bytes.IndexByte(b, 0)
		if i < 0 || i+1 == len(b) {
			return nil, nil, corrupt("string in a key has no end")
		}
		s = append(s, b[:i]...)
		mark := b[i+1]
		b = b[i+2:]
		switch mark {
		case keyStringEnd:
			return s, b, nil
		case keyZeroEscape:
			s = append(s, 0)
		default:
			return nil, nil, corrupt("escape in a string in a key")
		}
	}
}
