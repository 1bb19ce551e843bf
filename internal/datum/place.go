package datum

import (
	"strings"
	"sync/atomic"
)

// A Place is where a field was found in the last of many objects. The rows of a table mostly have the same fields, so that it is
// there in the next one, too. To look there first costs one comparison. A binary search among 16 fields costs four, and each
// is in another part of the row, which is not in the processor's cache. The zero Place is usable. It is safe for concurrent use.
type Place struct{ field atomic.Uint32 }

// GetAt is Get for many objects.
func (v Value) GetAt(p *Place, key string) (Value, bool) {
	if !v.has(flagView) || v.kind() != KindObject {
		return v.Get(key)
	}
	b := v.encoded()
	start, width := v.table()
	if i := int(p.field.Load()); i < v.count() {
		entry := b[elementOffset(b, start, width, i):]
		if name, _, n := decodeKey(entry); aliasString(name) == key {
			val, _ := decode(entry[n:])
			return val, true
		}
	}
	i, entry, found := searchView(b, start, width, v.count(), key)
	if !found {
		return Value{}, false
	}
	p.field.Store(uint32(i))
	val, _ := decode(entry)
	return val, true
}

// viewGet is Get of a view.
func (v Value) viewGet(key string) (Value, bool) {
	start, width := v.table()
	_, entry, found := searchView(v.encoded(), start, width, v.count(), key)
	if !found {
		return Value{}, false
	}
	val, _ := decode(entry)
	return val, true
}

// searchView finds a field of the encoding of an object with that table and count of fields. val is what begins with its value.
func searchView(b []byte, start, width, count int, key string) (i int, val []byte, found bool) {
	lo, hi := 0, count
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		entry := b[elementOffset(b, start, width, mid):]
		name, _, n := decodeKey(entry)
		switch c := strings.Compare(aliasString(name), key); {
		case c < 0:
			lo = mid + 1
		case c > 0:
			hi = mid
		default:
			return mid, entry[n:], true
		}
	}
	return lo, nil, false
}
