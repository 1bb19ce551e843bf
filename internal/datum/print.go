package datum

import "slices"

const (
	// truncBytes is how long a value in some error texts may be.
	truncBytes = 300
	// printBytes is how long it may be in all others. The reference prints everything: 800 MB, nearly all of it tabs, for a
	// value that nests 20,000 levels deep.
	printBytes = 256 << 10
)

// Print returns v as error texts have it: JSON indented with tabs, a tab after the colon, cut off after 256 KiB.
func (v Value) Print() string { return v.print(printBytes) }

// PrintTrunc is Print cut off after 300 bytes.
func (v Value) PrintTrunc() string { return v.print(truncBytes) }

func (v Value) print(limit int) string {
	b := appendPretty(nil, v, 1, limit)
	if len(b) > limit {
		b = append(b[:limit-3], "..."...)
	}
	return string(b)
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
//
// With more than limit bytes it leaves out the rest.
func appendPretty(dst []byte, v Value, indent, limit int) []byte {
	open, end := byte('{'), byte('}')
	switch v.kind() {
	case KindAbsent:
		return append(dst, "UNINITIALIZED"...)
	case KindMinVal:
		return append(dst, "r.minval"...)
	case KindMaxVal:
		return append(dst, "r.maxval"...)
	case KindTime:
		return appendPretty(dst, RawObject(v), indent, limit)
	case KindArray:
		open, end = '[', ']'
	case KindObject, KindGeometry:
	default:
		if v.Bytes() > limit {
			v.n = uint64(limit)
			v.header &^= flagPlain
		}
		dst, _ = appendScalarJSON(dst, v) // only minval and maxval fail
		return dst
	}
	dst = append(dst, open)
	n := v.Len()
	for i := range n {
		if len(dst) > limit {
			return dst
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.kind() == KindArray {
			e := v.At(i)
			if e.kind() != KindBinary {
				dst = appendIndent(dst, indent)
			}
			dst = appendPretty(dst, e, indent+1, limit)
			continue
		}
		key, val := v.FieldAt(i)
		dst = appendIndent(dst, indent)
		dst = append(appendJSONString(dst, key), ':')
		if val.kind() != KindBinary {
			dst = append(dst, '\t')
		}
		dst = appendPretty(dst, val, indent+1, limit)
	}
	if len(dst) > limit {
		return dst
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
