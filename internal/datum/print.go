package datum

import "slices"

// truncBytes is how long a value in an error text may be.
const truncBytes = 300

// Print returns v as error texts have it: JSON indented with tabs, a tab after the colon.
func (v Value) Print() string {
	return string(appendPretty(nil, v, 1))
}

// PrintTrunc is Print cut off after 300 bytes.
func (v Value) PrintTrunc() string {
	s := v.Print()
	if len(s) > truncBytes {
		return s[:truncBytes-3] + "..."
	}
	return s
}

// PrintCompact returns v as compact JSON, with names for what JSON does not have.
func (v Value) PrintCompact() string {
	if b, err := AppendJSON(nil, v); err == nil {
		return string(b)
	}
	return v.Print()
}

// appendPretty appends v, the lines of whose elements are indented by indent tabs.
//
// Binary data looks different inside of containers, as in the reference: no tab after the colon and, in an array, no
// line of its own after the comma.
func appendPretty(dst []byte, v Value, indent int) []byte {
	open, end := byte('{'), byte('}')
	switch v.kind() {
	case KindAbsent:
		return append(dst, "UNINITIALIZED"...)
	case KindMinVal:
		return append(dst, "r.minval"...)
	case KindMaxVal:
		return append(dst, "r.maxval"...)
	case KindTime:
		return appendPretty(dst, RawObject(v), indent)
	case KindArray:
		open, end = '[', ']'
	case KindObject, KindGeometry:
	default:
		dst, _ = appendScalarJSON(dst, v) // only minval and maxval fail
		return dst
	}
	dst = append(dst, open)
	n := v.Len()
	for i := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.kind() == KindArray {
			e := v.At(i)
			if e.kind() != KindBinary {
				dst = appendIndent(dst, indent)
			}
			dst = appendPretty(dst, e, indent+1)
			continue
		}
		key, val := v.FieldAt(i)
		dst = appendIndent(dst, indent)
		dst = append(appendJSONString(dst, key), ':')
		if val.kind() != KindBinary {
			dst = append(dst, '\t')
		}
		dst = appendPretty(dst, val, indent+1)
	}
	if n > 0 {
		dst = appendIndent(dst, indent-1)
	}
	return append(dst, end)
}

func appendIndent(dst []byte, tabs int) []byte {
	dst = slices.Grow(append(dst, '\n'), tabs)
	for range tabs {
		dst = append(dst, '\t')
	}
	return dst
}
