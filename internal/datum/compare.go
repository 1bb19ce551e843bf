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
// objects, among them geometry, field by field.
func Compare(a, b Value) int {
	// A row and what an update made of it share most of their fields as views of the same bytes.
	if a.has(flagView) && b.has(flagView) && bytes.Equal(a.encoded(), b.encoded()) {
		return 0
	}
	return compare(a, b)
}

// Relate is Compare as the terms lt, le, gt and ge have it: geometry is greater than binary data. In the reference it also is
// less than an object such as {a: 1}, which in turn is less than binary data. Compare cannot go round in a circle, because
// sorting and the order of keys rest on it.
func Relate(a, b Value) int {
	switch {
	case a.kind() == KindBinary && b.kind() == KindGeometry:
		return -1
	case a.kind() == KindGeometry && b.kind() == KindBinary:
		return 1
	}
	return Compare(a, b)
}

// compare is Compare without a look at the bytes of views. Below two views nobody looks again, so that no byte is
// compared more often than twice however deeply they nest.
func compare(a, b Value) int {
	if ka, kb := a.orderKind(), b.orderKind(); ka != kb {
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
	case KindArray, KindObject, KindGeometry:
		return compareContainers(a, b)
	}
	return 0
}

func (v Value) orderKind() Kind {
	if k := v.kind(); k != KindGeometry {
		return k
	}
	return KindObject
}

func compareContainers(a, b Value) int {
	below := Compare
	if a.has(flagView) && b.has(flagView) {
		below = compare
	}
	la, lb := a.count(), b.count()
	if a.kind() == KindArray {
		for i := range min(la, lb) {
			if c := below(a.At(i), b.At(i)); c != 0 {
				return c
			}
		}
		return cmp.Compare(la, lb)
	}
	for i := range min(la, lb) {
		ka, va := a.FieldAt(i)
		kb, vb := b.FieldAt(i)
		if c := strings.Compare(ka, kb); c != 0 {
			return c
		}
		if c := below(va, vb); c != 0 {
			return c
		}
	}
	return cmp.Compare(la, lb)
}
