package datum

import (
	"encoding/binary"
	"math"
)

// The storage encoding of a value is one tag byte and what DESIGN.md says follows it. All integers are little
// endian. A container has a table of the positions of its elements, so that a field is found by binary search and
// an element by its number, without reading the others.
const (
	tagAbsent   = 0x00 // only as a whole encoding
	tagMin      = 0x01
	tagMax      = 0x02
	tagNull     = 0x03
	tagFalse    = 0x04
	tagTrue     = 0x05
	tagInt16    = 0x06
	tagInt32    = 0x07
	tagFloat    = 0x08
	tagPlain8   = 0x09 // string that needs no escaping in JSON, length of 1 byte
	tagPlain32  = 0x0A
	tagString8  = 0x0B // string that needs escaping
	tagString32 = 0x0C
	tagBinary8  = 0x0D
	tagBinary32 = 0x0E
	tagTime     = 0x0F // float64, int16 minutes

	// Containers are the tags from 0x20 to 0x5F, made of the bits below.
	tagContainer     = 0x20
	tagContainerEnd  = 0x60
	containerWidth   = 0x03 // log2 of the width of size, count and offsets: 0, 1 or 2
	containerDeep    = 0x04 // an explicit depth of 4 bytes follows the tag
	containerLiteral = 0x08 // there is a literal in it or below it
	containerShift   = 4    // of the kind of the container
	containerArray   = 0
	containerObject  = 1
	containerGeo     = 2
	containerLit     = 3

	tagShort     = 0x60 // short plain strings; the length is tag - tagShort
	maxShort     = tagSmallInt - tagShort - 1
	tagSmallInt  = 0xC0 // small integers; the value is tag - tagSmallInt
	maxSmallInt  = 0xFF - tagSmallInt
	shallowDepth = 32 // the depth that containers without an explicit one have at most

	// Keys have a byte with their length, or longKey and 4 bytes of length, and keyEscapes if JSON must escape them.
	longKey    = 0x7F
	keyEscapes = 0x80
)

// AppendEncoded appends the storage encoding of v. Views, also those below a tree, are copied as they are.
func AppendEncoded(dst []byte, v Value) []byte {
	switch v.kind() {
	case KindAbsent:
		return append(dst, tagAbsent)
	case KindMinVal:
		return append(dst, tagMin)
	case KindMaxVal:
		return append(dst, tagMax)
	case KindNull:
		return append(dst, tagNull)
	case KindBool:
		return append(dst, tagFalse+byte(v.n))
	case KindNumber:
		return appendEncodedNumber(dst, v.n)
	case KindString:
		return appendEncodedString(dst, v)
	case KindBinary:
		return append(appendLength(dst, tagBinary8, tagBinary32, v.n), v.bytes()...)
	case KindTime:
		dst = binary.LittleEndian.AppendUint64(append(dst, tagTime), v.n)
		return binary.LittleEndian.AppendUint16(dst, uint16(v.zone()))
	}
	if v.has(flagView) {
		return append(dst, v.encoded()...)
	}
	if v.kind() == KindArray {
		return appendEncodedArray(dst, v)
	}
	return appendEncodedObject(dst, v)
}

// Encoded returns the storage encoding of a view without copying it; ok is false for what AppendEncoded has to make.
func (v Value) Encoded() (b []byte, ok bool) {
	if v.has(flagView) {
		return v.encoded(), true
	}
	return nil, false
}

func appendEncodedNumber(dst []byte, bits uint64) []byte {
	f := math.Float64frombits(bits)
	// Casting before checking the range is fine: whatever comes out is compared with f, and -0 has other bits.
	if i := int32(f); math.Float64bits(float64(i)) == bits {
		switch {
		case 0 <= i && i <= maxSmallInt:
			return append(dst, tagSmallInt+byte(i))
		case math.MinInt16 <= i && i <= math.MaxInt16:
			return append(dst, tagInt16, byte(i), byte(i>>8))
		}
		return binary.LittleEndian.AppendUint32(append(dst, tagInt32), uint32(i))
	}
	return binary.LittleEndian.AppendUint64(append(dst, tagFloat), bits)
}

func appendEncodedString(dst []byte, v Value) []byte {
	s := v.str()
	if !v.has(flagPlain) && !isPlain(s) {
		return append(appendLength(dst, tagString8, tagString32, v.n), s...)
	}
	if len(s) <= maxShort {
		return append(append(dst, tagShort+byte(len(s))), s...)
	}
	return append(appendLength(dst, tagPlain8, tagPlain32, v.n), s...)
}

func appendLength(dst []byte, tag8, tag32 byte, n uint64) []byte {
	if n <= math.MaxUint8 {
		return append(dst, tag8, byte(n))
	}
	if n > math.MaxUint32 {
		panic("datum: string or binary data of 4 GiB or more")
	}
	return binary.LittleEndian.AppendUint32(append(dst, tag32), uint32(n))
}

func appendEncodedArray(dst []byte, v Value) []byte {
	elems := v.elems()
	var bound sizeBound
	for i := range elems {
		bound.add(&elems[i])
	}
	c := beginContainer(dst, v, containerArray, bound)
	for i := range elems {
		c.element(i)
		c.dst = AppendEncoded(c.dst, elems[i])
	}
	return c.end()
}

func appendEncodedObject(dst []byte, v Value) []byte {
	kind := byte(containerObject)
	switch {
	case v.kind() == KindGeometry:
		kind = containerGeo
	case v.has(flagLiteral):
		kind = containerLit
	}
	fields := v.fields()
	var bound sizeBound
	for i := range fields {
		bound.n += 5 + len(fields[i].Key)
		bound.add(&fields[i].Val)
	}
	c := beginContainer(dst, v, kind, bound)
	for i := range fields {
		c.element(i)
		c.dst = appendEncodedKey(c.dst, fields[i].Key)
		c.dst = AppendEncoded(c.dst, fields[i].Val)
	}
	return c.end()
}

func appendEncodedKey(dst []byte, key string) []byte {
	flag := byte(0)
	if !isPlain(key) {
		flag = keyEscapes
	}
	if len(key) < longKey {
		dst = append(dst, flag|byte(len(key)))
	} else {
		dst = binary.LittleEndian.AppendUint32(append(dst, flag|longKey), uint32(len(key)))
	}
	return append(dst, key...)
}

// sizeBound adds up the sizes of the elements of a container.
type sizeBound struct {
	n     int  // at least the size, unless it is a guess
	guess bool // there is a tree among the elements, of unknown size
}

func (s *sizeBound) add(v *Value) {
	switch v.kind() {
	case KindNumber:
		s.n += 9
	case KindString, KindBinary:
		s.n += 5 + int(v.n)
	case KindTime:
		s.n += 11
	case KindArray, KindObject, KindGeometry:
		if v.has(flagView) {
			s.n += int(v.n >> 32)
			return
		}
		s.n += 8 + 24*v.count()
		s.guess = true
	default:
		s.n++
	}
}

// containerWriter writes one container at the end of dst.
type containerWriter struct {
	dst    []byte
	start  int // of the container in dst
	header int // position of size, relative to start
	width  int // of size, count and offsets
	count  int
}

func beginContainer(dst []byte, v Value, kind byte, bound sizeBound) containerWriter {
	c := containerWriter{start: len(dst), header: 1, count: v.count()}
	tag := tagContainer + kind<<containerShift
	if v.has(flagHasLiteral) {
		tag |= containerLiteral
	}
	deep := v.depth() > shallowDepth
	if deep {
		tag |= containerDeep
		c.header = 5
	}
	switch table := c.count + 2; {
	case !bound.guess && 5+bound.n+table <= math.MaxUint8:
		c.width = 1
	case 5+bound.n+2*table <= math.MaxUint16:
		c.width = 2
		tag |= 1
	default:
		c.width = 4
		tag |= 2
	}
	dst = append(dst, tag)
	if deep {
		dst = binary.LittleEndian.AppendUint32(dst, v.depth())
	}
	c.dst = extend(dst, c.width*(c.count+2))
	return c
}

// beginObject begins an object of that many fields, which is not deep and has no literals. bytes is about the size of the fields.
func beginObject(dst []byte, count, bytes int) containerWriter {
	c := containerWriter{start: len(dst), header: 1, count: count, width: 4}
	tag := byte(tagContainer + containerObject<<containerShift)
	switch table := count + 2; {
	case 1+bytes+table <= math.MaxUint8:
		c.width = 1
	case 1+bytes+2*table <= math.MaxUint16:
		c.width = 2
		tag |= 1
	default:
		tag |= 2
	}
	c.dst = extend(append(dst, tag), c.width*(count+2))
	return c
}

// extend lengthens dst by n bytes of any content.
func extend(dst []byte, n int) []byte {
	if cap(dst)-len(dst) < n {
		return append(dst, make([]byte, n)...)
	}
	return dst[:len(dst)+n]
}

// element says that element i comes next.
func (c *containerWriter) element(i int) {
	pos := len(c.dst) - c.start
	table := c.dst[c.start+c.header:]
	switch c.width {
	case 1:
		table[2+i] = byte(pos)
	case 2:
		binary.LittleEndian.PutUint16(table[2*(2+i):], uint16(pos))
	default:
		binary.LittleEndian.PutUint32(table[4*(2+i):], uint32(pos))
	}
}

func (c *containerWriter) end() []byte {
	size := len(c.dst) - c.start
	if c.width == 1 && size > math.MaxUint8 || c.width == 2 && size > math.MaxUint16 {
		c.widen()
		size = len(c.dst) - c.start
	}
	if size > math.MaxUint32 {
		panic("datum: encoding of 4 GiB or more")
	}
	header := c.dst[c.start+c.header:]
	switch c.width {
	case 1:
		header[0], header[1] = byte(size), byte(c.count)
	case 2:
		binary.LittleEndian.PutUint16(header, uint16(size))
		binary.LittleEndian.PutUint16(header[2:], uint16(c.count))
	default:
		binary.LittleEndian.PutUint32(header, uint32(size))
		binary.LittleEndian.PutUint32(header[4:], uint32(c.count))
	}
	return c.dst
}

// widen makes room for offsets of 4 bytes when the guess of the size was too low, and computes the offsets anew: the
// old ones may have overflowed.
func (c *containerWriter) widen() {
	extra := (4 - c.width) * (c.count + 2)
	body := c.start + c.header + c.width*(c.count+2)
	end := len(c.dst)
	c.dst = extend(c.dst, extra)
	copy(c.dst[body+extra:], c.dst[body:end])
	c.dst[c.start] = c.dst[c.start]&^containerWidth | 2
	c.width = 4
	isObject := (c.dst[c.start]-tagContainer)>>containerShift != containerArray
	at := body + extra
	for i := range c.count {
		binary.LittleEndian.PutUint32(c.dst[c.start+c.header+4*(2+i):], uint32(at-c.start))
		if isObject {
			_, _, n := decodeKey(c.dst[at:])
			at += n
		}
		at += encodedSize(c.dst[at:])
	}
}
