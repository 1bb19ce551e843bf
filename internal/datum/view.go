package datum

import (
	"encoding/binary"
	"math"
	"strings"
)

// View returns the value that b begins with, an encoding by AppendEncoded. Strings and containers are not copied:
// they share the bytes of b, which must not change as long as the value, or anything got from it, lives; see Own.
// That includes the strings that AsString and FieldAt return.
//
// View checks no more than it needs. Use Check first for bytes that may be damaged: on those View and the methods of
// its value may panic or answer nonsense, but they never read outside b.
func View(b []byte) Value {
	if len(b) == 0 {
		return Value{}
	}
	v, _ := decode(b)
	return v
}

// Own returns v, independent of any buffer that it is a view of. Only its own part of that buffer is copied, and
// what is not borrowed is returned as it is.
func (v Value) Own() Value {
	if !v.has(flagBorrowed) {
		return v
	}
	own := v
	own.header &^= flagBorrowed
	switch v.kind() {
	case KindString:
		own.ptr = String(strings.Clone(v.str())).ptr
	case KindBinary:
		own.ptr = bytesPointer(append([]byte(nil), v.bytes()...))
	case KindArray, KindObject, KindGeometry:
		switch {
		case v.has(flagView):
			own.ptr = bytesPointer(append([]byte(nil), v.encoded()...))
		case v.kind() == KindArray:
			elems := make([]Value, v.count())
			for i, e := range v.elems() {
				elems[i] = e.Own()
			}
			own.ptr = valuesPointer(elems)
		default:
			fields := make([]Field, v.count())
			for i, f := range v.fields() {
				fields[i] = Field{strings.Clone(f.Key), f.Val.Own()}
			}
			own.ptr = fieldsPointer(fields)
		}
	}
	return own
}

// decode returns the value that b begins with and the size of its encoding.
func decode(b []byte) (Value, int) {
	tag := b[0]
	switch {
	case tag >= tagSmallInt:
		return Number(float64(tag - tagSmallInt)), 1
	case tag >= tagShort:
		n := int(tag - tagShort)
		return borrowedString(b[1:1+n], flagBorrowed|flagPlain), 1 + n
	case tag >= tagContainer:
		return decodeContainer(b)
	}
	switch tag {
	case tagAbsent:
		return Value{}, 1
	case tagMin:
		return Min, 1
	case tagMax:
		return Max, 1
	case tagNull:
		return Null, 1
	case tagFalse:
		return False, 1
	case tagTrue:
		return True, 1
	case tagInt16:
		return Number(float64(int16(binary.LittleEndian.Uint16(b[1:])))), 3
	case tagInt32:
		return Number(float64(int32(binary.LittleEndian.Uint32(b[1:])))), 5
	case tagFloat:
		return Value{header: header(KindNumber), n: binary.LittleEndian.Uint64(b[1:])}, 9
	case tagPlain8, tagPlain32:
		s, n := sized(b, tag == tagPlain8)
		return borrowedString(s, flagBorrowed|flagPlain), n
	case tagString8, tagString32:
		s, n := sized(b, tag == tagString8)
		return borrowedString(s, flagBorrowed), n
	case tagBinary8, tagBinary32:
		s, n := sized(b, tag == tagBinary8)
		v := Binary(s)
		v.set(flagBorrowed)
		return v, n
	case tagTime:
		zone := int(int16(binary.LittleEndian.Uint16(b[9:])))
		return Value{header: header(KindTime) | zoneHeader(zone), n: binary.LittleEndian.Uint64(b[1:])}, 11
	}
	panic(corrupt("unknown tag"))
}

func borrowedString(b []byte, flags header) Value {
	v := String(aliasString(b))
	v.set(flags)
	return v
}

// sized returns the bytes of a string or of binary data, and the size of the encoding that b begins with.
func sized(b []byte, short bool) ([]byte, int) {
	if short {
		n := 2 + int(b[1])
		return b[2:n:n], n
	}
	n := 5 + int(binary.LittleEndian.Uint32(b[1:]))
	return b[5:n:n], n
}

// containerHeaders has the header of a view for each of the tags of containers.
var containerHeaders = func() (headers [tagContainerEnd - tagContainer]header) {
	for i := range headers {
		h := flagView | flagBorrowed | depthHeader(shallowDepth)
		switch i >> containerShift {
		case containerArray:
			h.setKind(KindArray)
		case containerObject:
			h.setKind(KindObject)
		case containerGeo:
			h.setKind(KindGeometry)
		case containerLit:
			h.setKind(KindObject)
			h.set(flagLiteral)
		}
		switch i & containerWidth {
		case 1:
			h.set(flagWidth2)
		case 2:
			h.set(flagWidth4)
		}
		if i&containerDeep != 0 {
			h.set(flagDeep)
		}
		if i&containerLiteral != 0 {
			h.set(flagHasLiteral)
		}
		headers[i] = h
	}
	return headers
}()

func decodeContainer(b []byte) (Value, int) {
	v := Value{header: containerHeaders[b[0]-tagContainer]}
	sizes := b[1:]
	if v.has(flagDeep) {
		v.setDepth(binary.LittleEndian.Uint32(sizes))
		sizes = sizes[4:]
	}
	var size, count uint64
	switch {
	case !v.has(flagWidth2 | flagWidth4):
		size, count = uint64(sizes[0]), uint64(sizes[1])
	case v.has(flagWidth2):
		h := binary.LittleEndian.Uint32(sizes)
		size, count = uint64(h&math.MaxUint16), uint64(h>>16)
	default:
		h := binary.LittleEndian.Uint64(sizes)
		size, count = h&math.MaxUint32, h>>32
	}
	if size > uint64(len(b)) {
		panic(corrupt("size of a container"))
	}
	v.n = size<<32 | count
	v.ptr = bytesPointer(b)
	return v, int(size)
}

// table returns where the offsets of a view begin, relative to it, and their width.
func (v Value) table() (start, width int) {
	width = 1
	switch {
	case v.has(flagWidth2):
		width = 2
	case v.has(flagWidth4):
		width = 4
	}
	start = 1 + 2*width
	if v.has(flagDeep) {
		start += 4
	}
	return start, width
}

// elementOffset returns where element i of a view begins, which must be behind the table: otherwise a damaged value could
// contain itself, and who walks it would never come to an end.
func elementOffset(b []byte, start, width, i int) int {
	at := loadOffset(b, start, width, i)
	if at < start {
		panic(corrupt("position of an element"))
	}
	return at
}

// loadOffset returns offset i of the table that begins at start.
func loadOffset(b []byte, start, width, i int) int {
	at := b[start+i*width:]
	switch width {
	case 1:
		return int(at[0])
	case 2:
		return int(binary.LittleEndian.Uint16(at))
	}
	return int(binary.LittleEndian.Uint32(at))
}

func (v Value) checkIndex(i int) {
	if uint(i) >= uint(v.count()) {
		panic("datum: index out of range")
	}
}

func (v Value) viewAt(i int) Value {
	v.checkIndex(i)
	b := v.encoded()
	start, width := v.table()
	e, _ := decode(b[elementOffset(b, start, width, i):])
	return e
}

// viewFieldAt marks every value as borrowed, also those that are not, because the key is: an object that is made of
// both must know.
func (v Value) viewFieldAt(i int) (string, Value) {
	v.checkIndex(i)
	b := v.encoded()
	start, width := v.table()
	b = b[elementOffset(b, start, width, i):]
	key, _, n := decodeKey(b)
	val, _ := decode(b[n:])
	val.set(flagBorrowed)
	return aliasString(key), val
}

// decodeKey returns the key that b begins with, whether JSON prints it as it is, and the size of its encoding.
func decodeKey(b []byte) (key []byte, plain bool, size int) {
	n := int(b[0] & longKey)
	plain = b[0]&keyEscapes == 0
	if n < longKey {
		return b[1 : 1+n], plain, 1 + n
	}
	n = 5 + int(binary.LittleEndian.Uint32(b[1:]))
	return b[5:n], plain, n
}

// encodedSize returns the size of the encoding that b begins with.
func encodedSize(b []byte) int {
	_, n := decode(b)
	return n
}

// corruptError is what decoding panics with on bytes that AppendEncoded did not write.
type corruptError string

func (e corruptError) Error() string { return "corrupt value: " + string(e) }

func corrupt(what string) error { return corruptError(what) }
