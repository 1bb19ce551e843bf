package datum

import (
	"math"
	"unsafe"
)

// This file is the only one that uses unsafe. A Value is 24 bytes because it keeps one pointer and a length
// instead of an interface or one field per kind (which would be 64 bytes): an array of 100,000 numbers takes
// 2.4 MB instead of 6.4 MB, and a row of 16 fields is built in 640 bytes instead of 1,280.
//
// Everything read through ptr goes through a slice or string of the length that the Value has recorded, so
// that Go checks the bounds of every access, also of corrupt encodings.

// String returns s as a value, without a copy.
func String(s string) Value {
	return Value{header: header(KindString), n: uint64(len(s)), ptr: unsafe.Pointer(unsafe.StringData(s))}
}

// PlainString is String for a string of which JSON need escape nothing: see PlainPrefix.
func PlainString(s string) Value {
	v := String(s)
	v.set(flagPlain)
	return v
}

// Binary returns b as a value, without a copy; it belongs to the value from then on.
func Binary(b []byte) Value {
	return Value{header: header(KindBinary), n: uint64(len(b)), ptr: unsafe.Pointer(unsafe.SliceData(b))}
}

func valuesPointer(elems []Value) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(elems)) }
func fieldsPointer(fields []Field) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(fields))
}
func bytesPointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// str returns the bytes of a string or of binary data as a string.
func (v Value) str() string { return unsafe.String((*byte)(v.ptr), int(v.n)) }

func (v Value) bytes() []byte { return unsafe.Slice((*byte)(v.ptr), int(v.n)) }

// count returns the number of elements or fields of a container.
func (v Value) count() int { return int(uint32(v.n)) }

// encoded returns the bytes of a view.
func (v Value) encoded() []byte { return unsafe.Slice((*byte)(v.ptr), int(v.n>>32)) }

// elems returns the elements of an array that is a tree.
func (v Value) elems() []Value { return unsafe.Slice((*Value)(v.ptr), v.count()) }

// fields returns the fields of an object that is a tree.
func (v Value) fields() []Field { return unsafe.Slice((*Field)(v.ptr), v.count()) }

// aliasString returns b as a string that shares its bytes.
func aliasString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// aliasBytes returns s as a slice that shares its bytes, for reading only.
func aliasBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func (v Value) float() float64 { return math.Float64frombits(v.n) }
