package datum

import (
	"encoding/binary"
	"math"
	"strings"
)

// Edit returns the object v with the fields of set, and without the fields that remove names. Both are in the order of
// the keys, and no key is in both.
//
// The result of editing a view is a view: the fields that stay are copied as they are, many at a time. To change a field of
// a row of 1 KB and encode the row takes 290 ns instead of the 475 ns by way of a tree.
func (v Value) Edit(set []Field, remove []string) Value {
	if v.has(flagView) && v.kind() == KindObject && !v.has(flagHasLiteral) {
		if depth, ok := editable(v, set); ok {
			return v.editView(set, remove, depth)
		}
	}
	b := BuilderOf(v)
	for _, key := range remove {
		b.Delete(key)
	}
	for _, f := range set {
		b.Overwrite(f.Key, f.Val)
	}
	return retag(v, b.Value())
}

// maxEditBytes is the size from which a tree that shares what is below it is cheaper than a copy.
const maxEditBytes = 1 << 20

// editable reports whether editView can set these fields, and how deep the result is.
func editable(v Value, set []Field) (depth uint32, ok bool) {
	depth = v.depth()
	size := v.Bytes()
	for i := range set {
		val := &set[i].Val
		if val.ContainsLiteral() {
			return 0, false
		}
		depth = max(depth, val.depth()+1)
		size += val.Bytes()
	}
	return depth, depth <= MaxDepth && size <= maxEditBytes
}

func (v Value) editView(set []Field, remove []string, depth uint32) Value {
	e := editorOf(v)
	var spliceBuf [8]splice
	splices := spliceBuf[:0]
	var enc []byte // encodings of the new fields
	if len(set) > 0 {
		enc = make([]byte, 0, 32*len(set))
	}
	for len(set) > 0 || len(remove) > 0 {
		if len(set) == 0 || len(remove) > 0 && remove[0] < set[0].Key {
			if at, found := e.find(remove[0]); found {
				splices = append(splices, splice{at: at, drop: true})
			}
			remove = remove[1:]
			continue
		}
		f := &set[0]
		at, found := e.find(f.Key)
		from := len(enc)
		enc = AppendEncoded(appendEncodedKey(enc, f.Key), f.Val)
		splices = append(splices, splice{at: at, drop: found, from: from, to: len(enc)})
		set = set[1:]
	}
	return e.build(splices, enc, depth)
}

// editor makes the encoding of an edited view.
type editor struct {
	old          Value
	b            []byte // encoding of old
	start, width int    // of its table
}

func editorOf(v Value) editor {
	e := editor{old: v, b: v.encoded()}
	e.start, e.width = v.table()
	return e
}

// key returns the name of field i.
func (e *editor) key(i int) []byte {
	name, _, _ := decodeKey(e.b[e.offset(i):])
	return name
}

// field returns the encoding of field i, its name and its value.
func (e *editor) field(i int) []byte { return e.b[e.offset(i):e.offset(i+1)] }

// splice is one change: before field at of the old object come the bytes enc[from:to] of a new one, and if drop is set
// field at itself is left out.
type splice struct {
	at       int
	drop     bool
	from, to int
}

// find returns where key is among the fields, or where it would be.
func (e *editor) find(key string) (at int, found bool) {
	lo, hi := 0, e.old.count()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		switch c := strings.Compare(aliasString(e.key(mid)), key); {
		case c < 0:
			lo = mid + 1
		case c > 0:
			hi = mid
		default:
			return mid, true
		}
	}
	return lo, false
}

// offset returns the position of field i, or of the end.
func (e *editor) offset(i int) int {
	if i == e.old.count() {
		return len(e.b)
	}
	return elementOffset(e.b, e.start, e.width, i)
}

// build writes the new object, in one allocation.
func (e *editor) build(splices []splice, enc []byte, depth uint32) Value {
	count, body := e.old.count(), len(e.b)-e.offset(0)
	for _, s := range splices {
		body += s.to - s.from
		if s.to > s.from {
			count++
		}
		if s.drop {
			body -= e.offset(s.at+1) - e.offset(s.at)
			count--
		}
	}
	out, c := newObject(count, body, depth)
	next := 0 // old field that is to be copied next
	n := 0    // new fields so far
	for _, s := range splices {
		out, n = e.copy(out, &c, n, next, s.at)
		next = s.at
		if s.to > s.from {
			c.put(out, n, len(out))
			n++
			out = append(out, enc[s.from:s.to]...)
		}
		if s.drop {
			next++
		}
	}
	out, _ = e.copy(out, &c, n, next, e.old.count())
	v, _ := decodeContainer(out)
	v.header &^= flagBorrowed // nobody else has the buffer
	return v
}

// copy appends the old fields from i up to j, the first of which is field n of the new object.
func (e *editor) copy(out []byte, c *offsetTable, n, i, j int) ([]byte, int) {
	if i >= j {
		return out, n
	}
	from := e.offset(i)
	shift := len(out) - from
	for k := i; k < j; k++ {
		c.put(out, n, e.offset(k)+shift)
		n++
	}
	return append(out, e.b[from:e.offset(j)]...), n
}

// offsetTable is where the offsets of a new object are.
type offsetTable struct{ start, width int }

func (t *offsetTable) put(out []byte, i, offset int) {
	switch at := t.start + i*t.width; t.width {
	case 1:
		out[at] = byte(offset)
	case 2:
		binary.LittleEndian.PutUint16(out[at:], uint16(offset))
	default:
		binary.LittleEndian.PutUint32(out[at:], uint32(offset))
	}
}

// newObject allocates an object of count fields whose entries take body bytes, and writes its header.
func newObject(count, body int, depth uint32) ([]byte, offsetTable) {
	tag := byte(tagContainer + containerObject<<containerShift)
	fixed := 1
	if depth > shallowDepth {
		tag |= containerDeep
		fixed = 5
	}
	t := offsetTable{width: 4}
	switch entries := count + 2; {
	case fixed+body+entries <= math.MaxUint8:
		t.width = 1
	case fixed+body+2*entries <= math.MaxUint16:
		t.width = 2
		tag |= 1
	default:
		tag |= 2
	}
	size := fixed + body + t.width*(count+2)
	if size > math.MaxUint32 {
		panic("datum: encoding of 4 GiB or more")
	}
	out := make([]byte, fixed+t.width*(count+2), size)
	out[0] = tag
	if depth > shallowDepth {
		binary.LittleEndian.PutUint32(out[1:], depth)
	}
	t.start = fixed
	t.put(out, 0, size)
	t.put(out, 1, count)
	t.start += 2 * t.width
	return out, t
}
