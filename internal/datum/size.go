package datum

// SizeHint returns about how many bytes the encoding of v takes, for limits on the memory of many values. It is exact for
// views, and counts a few bytes for each key and number of a tree.
func (v Value) SizeHint() int {
	switch v.kind() {
	case KindString, KindBinary:
		return 2 + int(v.n)
	case KindArray, KindObject, KindGeometry:
	default:
		return 4
	}
	if v.has(flagView) {
		return int(v.n >> 32)
	}
	size := 8
	if v.kind() == KindArray {
		for _, e := range v.elems() {
			size += 2 + e.SizeHint()
		}
		return size
	}
	fields := v.fields()
	for i := range fields {
		size += 3 + len(fields[i].Key) + fields[i].Val.SizeHint()
	}
	return size
}
