package datum

import (
	"bytes"
	"cmp"
	"strings"
)

// Equal reports whether Compare calls a and b equal.
func Equal(a, b Value) bool { return Compare(a, b) == 0 }

// Compare returns -1, 0 or +1 as a comes before, with or after b in ReQL's order: by type first; numbers by value,
// strings and binary data by their bytes, times by their instant whatever the zone, arrays element by element, and
// objects and geometry field by field.
func Compare(a, b Value) int {
	// A row and what an update made of it are views that have most of their fields in common.
	if a.has(flagView) && b.has(flagView) {
		if bytes.Equal(a.encoded(), b.encoded()) {
			return 0
		}
		if a.IsObject() && a.kind() == b.kind() {
			return compareFields(a, b, sameFields(a, b))
		}
	}
	return compare(a, b)
}

// Relate is Compare as the terms lt, le, gt and ge have it: a geometry and an object are compared field by field. In the
// reference that goes round in a circle, from geometry to an object such as {a: 1}, which is less than binary data, which is
// less than geometry. Compare does not, because sorting and the order of keys rest on it.
func Relate(a, b Value) int {
	if a.kind() == KindGeometry && b.kind() == KindObject || a.kind() == KindObject && b.kind() == KindGeometry {
		return compareFields(a, b, 0)
	}
	return Compare(a, b)
}

// compare is Compare without a look at the bytes of views. Below two views nobody looks again, so that no byte is
// compared more often than three times however deeply they nest.
func compare(a, b Value) int {
	if ka, kb := a.kind(), b.kind(); ka != kb {
		return cmp.Compare(ka, kb)
	}
	switch a.kind() {
	case KindBool:
		return cmp.Compare(a.n, b.n)
	case KindNumber, KindTime:
		x, y := a.float(), b.float()
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case KindString, KindBinary:
		return strings.Compare(a.str(), b.str())
	case KindArray:
		return compareElements(a, b)
	case KindObject, KindGeometry:
		return compareFields(a, b, 0)
	}
	return 0
}

// below gives the comparison for what is in a and b.
func below(a, b Value) func(a, b Value) int {
	if a.has(flagView) && b.has(flagView) {
		return compare
	}
	return Compare
}

func compareElements(a, b Value) int {
	compare := below(a, b)
	la, lb := a.count(), b.count()
	for i := range min(la, lb) {
		if c := compare(a.At(i), b.At(i)); c != 0 {
			return c
		}
	}
	return cmp.Compare(la, lb)
}

// compareFields compares two objects from a field on, before which they are equal.
func compareFields(a, b Value, from int) int {
	compare := below(a, b)
	la, lb := a.count(), b.count()
	for i := from; i < min(la, lb); i++ {
		ka, va := a.FieldAt(i)
		kb, vb := b.FieldAt(i)
		if c := strings.Compare(ka, kb); c != 0 {
			return c
		}
		if c := compare(va, vb); c != 0 {
			return c
		}
	}
	return cmp.Compare(la, lb)
}

// sameFields returns how many fields at the beginning of two views of objects have the same bytes.
func sameFields(a, b Value) int {
	x, y := spansOf(a), spansOf(b)
	n := min(a.count(), b.count())
	for i := range n {
		if !bytes.Equal(x.at(i), y.at(i)) {
			return i
		}
	}
	return n
}

// fieldSpans are the encodings of the fields of a view, one after the other.
type fieldSpans struct {
	b                   []byte
	start, width, count int
}

func spansOf(v Value) fieldSpans {
	f := fieldSpans{b: v.encoded(), count: v.count()}
	f.start, f.width = v.table()
	return f
}

func (f *fieldSpans) at(i int) []byte {
	end := len(f.b)
	if i+1 < f.count {
		end = elementOffset(f.b, f.start, f.width, i+1)
	}
	return f.b[elementOffset(f.b, f.start, f.width, i):end]
}
