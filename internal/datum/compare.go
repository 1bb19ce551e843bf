package datum

import (
	"cmp"
	"strings"
)

// Equal reports whether Compare calls a and b equal.
func Equal(a, b Value) bool { return Compare(a, b) == 0 }

// Compare returns -1, 0 or +1 as a comes before, with or after b in ReQL's order: by type first; numbers by value,
// strings and binary data by their bytes, times by their instant whatever the zone, arrays element by element, and
// objects, among them geometry, field by field.
func Compare(a, b Value) int {
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
	case KindArray:
		return compareArrays(a, b)
	case KindObject, KindGeometry:
		return compareObjects(a, b)
	}
	return 0
}

func (v Value) orderKind() Kind {
	if v.kind() == KindGeometry {
		return KindObject
	}
	return v.kind()
}

func compareArrays(a, b Value) int {
	la, lb := a.count(), b.count()
	for i := range min(la, lb) {
		if c := Compare(a.At(i), b.At(i)); c != 0 {
			return c
		}
	}
	return cmp.Compare(la, lb)
}

func compareObjects(a, b Value) int {
	la, lb := a.count(), b.count()
	for i := range min(la, lb) {
		ka, va := a.FieldAt(i)
		kb, vb := b.FieldAt(i)
		if c := strings.Compare(ka, kb); c != 0 {
			return c
		}
		if c := Compare(va, vb); c != 0 {
			return c
		}
	}
	return cmp.Compare(la, lb)
}
