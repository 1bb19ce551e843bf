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
	// A row and what an update made of it share most of their fields as views of the same bytes.
	if a.has(flagView) && b.has(flagView) && bytes.Equal(a.encoded(), b.encoded()) {
		return 0
	}
	return compare(a, b)
}

// Relate is Compare as the terms lt, le, gt and ge have it: a geometry and an object are compared field by field. In the
// reference that goes round in a circle, from geometry to an object such as {a: 1}, which is less than binary data, which is
// less than geometry. Compare does not, because sorting and the order of keys rest on it.
func Relate(a, b Value) int {
	if a.kind() == KindGeometry && b.kind() == KindObject || a.kind() == KindObject && b.kind() == KindGeometry {
		return compareContainers(a, b)
	}
	return Compare(a, b)
}

// compare is Compare without a look at the bytes of views. Below two views nobody looks again, so that no byte is
// compared more often than twice however deeply they nest.
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
	case KindArray, KindObject, KindGeometry:
		return compareContainers(a, b)
	}
	return 0
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
