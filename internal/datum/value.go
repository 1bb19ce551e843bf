package datum

import (
	"math"
	"unsafe"
)

// Kind is the type of a Value. The Go order of the kinds is ReQL's order between values of different types.
type Kind uint8

const (
	KindAbsent Kind = iota // no value at all: a row or a field that is not there
	KindMinVal
	KindArray
	KindBool
	KindNull
	KindNumber
	KindObject
	KindBinary
	KindGeometry // an object whose $reql_type$ is GEOMETRY
	KindTime
	KindString
	KindMaxVal
)

var kindNames = [...]string{
	KindAbsent: "UNINITIALIZED", KindMinVal: "MINVAL", KindArray: "ARRAY", KindBool: "BOOL", KindNull: "NULL",
	KindNumber: "NUMBER", KindObject: "OBJECT", KindBinary: "PTYPE<BINARY>", KindTime: "PTYPE<TIME>",
	KindGeometry: "PTYPE<GEOMETRY>", KindString: "STRING", KindMaxVal: "MAXVAL",
}

// String returns the name that error texts and type_of use.
func (k Kind) String() string { return kindNames[k] }

// MaxDepth is how deeply arrays and objects may nest. It bounds the recursion of everything that walks a value
// (50,000 levels need about 15 MB of stack), and is more than twice what the reference server is known to take.
const MaxDepth = 50_000

// Value is any value of ReQL. It is immutable and may be copied and shared. The zero Value is absent.
//
// A value is either a tree (arrays and objects are Go slices) or a view of encoded bytes (see View); a tree may
// have views below it. Both behave the same.
type Value struct {
	_ [0]func() // values are compared with Equal, never with ==

	header

	// Bits of the float64, 1 for true, or length: bytes of a string, elements of a container. For a container the
	// upper half has its size in bytes, the lower half the number of elements. The size of a view is that of its encoding;
	// that of a tree is a bound for its encoding and, as far as the tree shares nothing, for its memory: see Bytes.
	n uint64

	ptr unsafe.Pointer
}

var (
	Null  = Value{header: header(KindNull)}
	True  = Value{header: header(KindBool), n: 1}
	False = Value{header: header(KindBool)}
	Min   = Value{header: header(KindMinVal)} // r.minval
	Max   = Value{header: header(KindMaxVal)} // r.maxval
)

// Bool returns True or False.
func Bool(b bool) Value {
	if b {
		return True
	}
	return False
}

// Number returns f as a value. The caller knows that f is finite.
func Number(f float64) Value { return Value{header: header(KindNumber), n: math.Float64bits(f)} }

// NewNumber is Number for a result that may have overflowed.
func NewNumber(f float64) (Value, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return Value{}, errorf(Logic, "Non-finite number: %s", FormatNumber(f))
	}
	return Number(f), nil
}

// Int returns i as a number; beyond ±2^53 it is rounded.
func Int(i int64) Value { return Number(float64(i)) }

// Array returns an array of elems, which belongs to the value from then on.
func Array(elems []Value) Value {
	v := Value{header: header(KindArray), ptr: valuesPointer(elems)}
	size := elemBytes * len(elems)
	for i := range elems {
		v.contain(elems[i].header)
		size += elems[i].Bytes()
	}
	return v.bounded(len(elems), size)
}

// Time returns a time. The epoch time is rounded to milliseconds; the zone is in minutes east of UTC.
func Time(epoch float64, tzMinutes int) Value {
	return Value{header: header(KindTime) | zoneHeader(tzMinutes), n: math.Float64bits(roundMillis(epoch))}
}

// Depths beyond MaxDepth mark containers that have lost their contents because of a limit.
const (
	depthTooDeep = MaxDepth + 1
	depthTooBig  = MaxDepth + 2
)

// bounded completes a container of count elements and size bytes. It counts the container itself in its depth, after all
// children have been counted, and drops what is below it if that is too deep or too large.
func (v Value) bounded(count, size int) Value {
	d := v.depth()
	switch {
	case d < MaxDepth && size <= MaxBytes:
		v.n = uint64(size)<<32 | uint64(count)
		v.setDepth(d + 1)
		return v
	case d > MaxDepth: // as a child was
	case d == MaxDepth:
		d = depthTooDeep
	default:
		d = depthTooBig
	}
	return Value{header: header(v.kind()) | depthHeader(d)}
}

// LimitError returns an error if v nests deeper than MaxDepth or is larger than MaxBytes. Such a value has lost its
// contents: it is empty, and whatever produces output from it (JSON, keys, rows) fails with this error.
func (v Value) LimitError() error {
	switch d := v.depth(); {
	case d <= MaxDepth:
		return nil
	case d == depthTooBig:
		return TooBigError()
	}
	return errTooDeep()
}

func errTooDeep() error {
	return errorf(Resource, "Nesting depth limit exceeded (max %d levels).", MaxDepth)
}

// Kind returns the kind of v.
func (v Value) Kind() Kind { return v.kind() }

// IsAbsent reports whether v is no value at all.
func (v Value) IsAbsent() bool { return v.kind() == KindAbsent }

// IsLiteral reports whether v is what r.literal() returns.
func (v Value) IsLiteral() bool { return v.has(flagLiteral) }

// ContainsLiteral reports whether v is what r.literal() returns or has one anywhere below it.
func (v Value) ContainsLiteral() bool { return v.depth() > 0 && v.has(flagHasLiteral) }

// IsObject reports whether v is an object or geometry, which is an object with a $reql_type$.
func (v Value) IsObject() bool { return v.kind() == KindObject || v.kind() == KindGeometry }

// Truthy reports whether v counts as true in a condition: everything but false and null.
func (v Value) Truthy() bool {
	switch v.kind() {
	case KindBool:
		return v.n != 0
	case KindNull, KindAbsent:
		return false
	}
	return true
}

// AsBool returns the value of a bool; false for other kinds.
func (v Value) AsBool() bool { return v.kind() == KindBool && v.n != 0 }

// AsNumber returns the value of a number; 0 for other kinds.
func (v Value) AsNumber() float64 {
	if v.kind() != KindNumber {
		return 0
	}
	return math.Float64frombits(v.n)
}

// AsString returns the bytes of a string; "" for other kinds. The string of a borrowed value lives as long as the
// buffer that the value is a view of.
func (v Value) AsString() string {
	if v.kind() != KindString {
		return ""
	}
	return v.str()
}

// AsBinary returns the bytes of binary data, which the caller must not change; nil for other kinds.
func (v Value) AsBinary() []byte {
	if v.kind() != KindBinary {
		return nil
	}
	return v.bytes()
}

// TimeParts returns the epoch time in seconds and the zone in minutes east of UTC; zeros for other kinds.
func (v Value) TimeParts() (epoch float64, tzMinutes int) {
	if v.kind() != KindTime {
		return 0, 0
	}
	return math.Float64frombits(v.n), v.zone()
}

// Len returns the number of elements of an array, of fields of an object or geometry, or of bytes of a string or
// binary data; 0 for other kinds.
func (v Value) Len() int {
	switch v.kind() {
	case KindArray, KindObject, KindGeometry:
		return v.count()
	case KindString, KindBinary:
		return int(v.n)
	}
	return 0
}

// At returns element i of an array. It panics when i is out of range.
func (v Value) At(i int) Value {
	if v.kind() != KindArray {
		panic("datum: At of " + v.TypeName())
	}
	if v.has(flagView) {
		return v.viewAt(i)
	}
	return v.elems()[i]
}

// FieldAt returns field i of an object or geometry, in the order of the keys. It panics when i is out of range.
func (v Value) FieldAt(i int) (key string, val Value) {
	if !v.IsObject() {
		panic("datum: FieldAt of " + v.TypeName())
	}
	if v.has(flagView) {
		return v.viewFieldAt(i)
	}
	f := &v.fields()[i]
	return f.Key, f.Val
}

// Get returns the field of that name of an object, geometry or time.
func (v Value) Get(key string) (Value, bool) {
	switch v.kind() {
	case KindObject, KindGeometry:
		if v.has(flagView) {
			return v.viewGet(key)
		}
		fields := v.fields()
		if i, found := searchFields(fields, key); found {
			return fields[i].Val, true
		}
	case KindTime:
		return v.timeField(key)
	}
	return Value{}, false
}

// TypeName returns the name of the type as error texts and type_of have it, e.g. "PTYPE<TIME>".
func (v Value) TypeName() string {
	if v.kind() == KindObject && v.has(flagLiteral) {
		return "PTYPE<LITERAL>"
	}
	if v.kind() == KindObject {
		if t, ok := v.Get(typeKey); ok && t.kind() == KindString {
			return "PTYPE<" + t.str() + ">" // e.g. GROUPED_DATA, which only the server makes
		}
	}
	return v.kind().String()
}

// Numbers from -2^53 to 2^53 are those between which a float64 has every integer.
const maxExactInt = 1 << 53

// Int64 returns a number as an integer, or the error of a value that is none.
func (v Value) Int64() (int64, error) {
	if v.kind() != KindNumber {
		return 0, ExpectedType(KindNumber, v)
	}
	f := math.Float64frombits(v.n)
	if i, ok := exactInt(f); ok {
		return i, nil
	}
	hint := ""
	switch {
	case f < -maxExactInt:
		hint = " (<-2^53)"
	case f > maxExactInt:
		hint = " (>2^53)"
	}
	return 0, errorf(Logic, "Number not an integer%s: %s", hint, FormatNumber(f))
}

func exactInt(f float64) (int64, bool) {
	if f >= -maxExactInt && f <= maxExactInt {
		i := int64(f)
		return i, float64(i) == f
	}
	return 0, false
}
