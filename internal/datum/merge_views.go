package datum

import "bytes"

// mergeable reports whether mergeViews can merge two objects: they are plain views of a moderate size and depth.
func mergeable(left, right Value) bool {
	const special = flagDeep | flagLiteral | flagHasLiteral
	if !left.has(flagView) || !right.has(flagView) || left.kind() != KindObject || right.kind() != KindObject ||
		left.has(special) || right.has(special) || left.Bytes()+right.Bytes() > maxEditBytes {
		return false
	}
	_, typed := right.Get(typeKey)
	return !typed
}

// mergeViews merges objects that are mergeable. The result is a view: the encodings of both are merged like sorted lists, in
// one allocation. Two rows of 1 KB take a third of the time that looking each field of one up in the other does.
func mergeViews(left, right Value) (Value, error) {
	out, err := appendMerged(make([]byte, 0, left.Bytes()+right.Bytes()+64), left, right)
	if err != nil {
		return Value{}, err
	}
	v, _ := decodeContainer(out)
	v.header &^= flagBorrowed // nobody else has the buffer
	return v, nil
}

// mergedField is a field of the result: a field of the left object, of the right one, or of both; -1 is none.
type mergedField struct{ left, right int }

func appendMerged(dst []byte, left, right Value) ([]byte, error) {
	l, r := editorOf(left), editorOf(right)
	var fieldsBuf [32]mergedField
	fields := fieldsBuf[:0]
	for i, j := 0, 0; i < left.count() || j < right.count(); {
		f := mergedField{i, j}
		switch {
		case j == right.count():
			f.right = -1
		case i == left.count():
			f.left = -1
		default:
			switch c := bytes.Compare(l.key(i), r.key(j)); {
			case c < 0:
				f.right = -1
			case c > 0:
				f.left = -1
			}
		}
		if f.left >= 0 {
			i++
		}
		if f.right >= 0 {
			j++
		}
		fields = append(fields, f)
	}
	c := beginObject(dst, len(fields), len(l.b)+len(r.b))
	for i, f := range fields {
		c.element(i)
		if f.right < 0 {
			c.dst = append(c.dst, l.field(f.left)...)
			continue
		}
		field := r.field(f.right)
		if f.left < 0 {
			c.dst = append(c.dst, field...)
			continue
		}
		_, _, n := decodeKey(field)
		val, _ := decode(field[n:])
		old, _ := decode(l.field(f.left)[n:]) // the keys are the same
		if !mergesAsObject(val) || val.kind() == KindTime && old.kind() == KindTime {
			c.dst = append(c.dst, field...)
			continue
		}
		c.dst = append(c.dst, field[:n]...)
		var err error
		if mergeable(old, val) {
			c.dst, err = appendMerged(c.dst, old, val)
		} else if val, err = Merge(old, val); err == nil {
			c.dst = AppendEncoded(c.dst, val)
		}
		if err != nil {
			return dst, err
		}
	}
	return c.end(), nil
}
