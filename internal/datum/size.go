package datum

// MaxBytes is how large a value may be: the bytes of its strings and some for each element. It keeps encodings below the
// 4 GiB that their offsets can tell, and bounds what a query of a few bytes can ask for: a fold that adds a value to itself
// is 1 TB after 40 rows, or, when the copies share their memory, a response of that size. RethinkDB takes what it gets until
// the system ends it.
const MaxBytes = 1 << 30

// MaxStringBytes is how long a string or binary data may be that the server makes. It is twice what fits into a query.
const MaxStringBytes = 256 << 20

// What an element of an array and a field of an object count beside what is below them. In a tree they take 24 and 40 bytes,
// in an encoding less. They count for more because memory with pointers in it costs the collector more than text does: 16
// million elements are a second of one processor for each collection.
const (
	elemBytes  = 64
	fieldBytes = 80
)

// TooBigError is the error of a value that is larger than MaxBytes.
func TooBigError() error {
	return errorf(Resource, "Value over size limit of %d bytes.", MaxBytes)
}

// CheckString returns the error of a string or binary data of n bytes if that is too long.
func CheckString(n int) error {
	if n > MaxStringBytes {
		return errorf(Resource, "String over size limit of %d bytes.", MaxStringBytes)
	}
	return nil
}

// Bytes returns about how many bytes v takes beside its own 24, without looking at what is below it.
func (v Value) Bytes() int {
	switch v.kind() {
	case KindString, KindBinary:
		return int(v.n)
	case KindArray, KindObject, KindGeometry:
		return int(v.n >> 32)
	}
	return 0
}

// Light reports whether v has no more than limit bytes and has not lost its contents.
func (v Value) Light(limit int) bool { return v.Bytes() <= limit && v.depth() <= MaxDepth }

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
