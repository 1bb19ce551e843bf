package datum

import (
	"slices"
	"strings"
)

// Field is one field of an object.
type Field struct {
	Key string
	Val Value
}

// Object returns an object of fields, which belong to the value from then on and are sorted by it. The caller
// guarantees that no key occurs twice, and uses FromPseudo if there may be a $reql_type$.
func Object(fields []Field) Value {
	sortFields(fields)
	return sortedObject(fields)
}

func sortFields(fields []Field) {
	if len(fields) > 24 {
		if !fieldsSorted(fields) {
			slices.SortFunc(fields, func(a, b Field) int { return strings.Compare(a.Key, b.Key) })
		}
		return
	}
	for i := 1; i < len(fields); i++ {
		f := fields[i]
		j := i
		for ; j > 0 && fields[j-1].Key > f.Key; j-- {
			fields[j] = fields[j-1]
		}
		if j < i {
			fields[j] = f
		}
	}
}

func sortedObject(fields []Field) Value {
	v := Value{header: header(KindObject), ptr: fieldsPointer(fields)}
	size := fieldBytes * len(fields)
	for i := range fields {
		v.contain(fields[i].Val.header)
		size += len(fields[i].Key) + fields[i].Val.Bytes()
	}
	return v.bounded(len(fields), size)
}

func fieldsSorted(fields []Field) bool {
	for i := 1; i < len(fields); i++ {
		if fields[i-1].Key >= fields[i].Key {
			return false
		}
	}
	return true
}

// searchFields returns where key is in the sorted fields, or where it would be.
func searchFields(fields []Field, key string) (int, bool) {
	lo, hi := 0, len(fields)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		switch k := fields[mid].Key; {
		case k < key:
			lo = mid + 1
		case k == key:
			return mid, true
		default:
			hi = mid
		}
	}
	return lo, false
}

// appendFields appends the fields of the object v.
func appendFields(dst []Field, v Value) []Field {
	if !v.has(flagView) {
		return append(dst, v.fields()...)
	}
	for i := range v.count() {
		k, f := v.viewFieldAt(i)
		dst = append(dst, Field{k, f})
	}
	return dst
}

// ObjectBuilder collects the fields of an object. The zero builder is empty.
type ObjectBuilder struct {
	fields []Field // sorted
}

// BuilderOf returns a builder that has the fields of the object v.
func BuilderOf(v Value) *ObjectBuilder {
	return &ObjectBuilder{fields: appendFields(make([]Field, 0, v.Len()+4), v)}
}

// Add adds a field unless there is one of that name, which it reports.
func (b *ObjectBuilder) Add(key string, val Value) (dup bool) {
	i, found := b.search(key)
	if !found {
		b.fields = slices.Insert(b.fields, i, Field{key, val})
	}
	return found
}

// Overwrite adds a field or replaces the one of that name.
func (b *ObjectBuilder) Overwrite(key string, val Value) {
	i, found := b.search(key)
	if found {
		b.fields[i].Val = val
		return
	}
	b.fields = slices.Insert(b.fields, i, Field{key, val})
}

// Delete removes the field of that name and reports whether there was one.
func (b *ObjectBuilder) Delete(key string) bool {
	i, found := b.search(key)
	if found {
		b.fields = slices.Delete(b.fields, i, i+1)
	}
	return found
}

// Get returns the field of that name.
func (b *ObjectBuilder) Get(key string) (Value, bool) {
	if i, found := b.search(key); found {
		return b.fields[i].Val, true
	}
	return Value{}, false
}

// Len returns the number of fields.
func (b *ObjectBuilder) Len() int { return len(b.fields) }

// Value returns the object and leaves the builder empty.
func (b *ObjectBuilder) Value() Value {
	fields := b.fields
	b.fields = nil
	return sortedObject(fields)
}

// search tries the end first: fields often come in order.
func (b *ObjectBuilder) search(key string) (int, bool) {
	if n := len(b.fields); n == 0 || b.fields[n-1].Key < key {
		return n, false
	}
	return searchFields(b.fields, key)
}

// WithField returns the object v with the field key set to val. Other fields of a view stay encoded.
func (v Value) WithField(key string, val Value) Value { return v.Edit([]Field{{key, val}}, nil) }

// WithoutField returns the object v without the field key.
func (v Value) WithoutField(key string) Value {
	if _, found := v.Get(key); !found {
		return v
	}
	return v.Edit(nil, []string{key})
}

// retag gives the object v, made from old, the pseudo-type that old had if its $reql_type$ is still there.
func retag(old, v Value) Value {
	if old.kind() != KindGeometry && !old.has(flagLiteral) {
		return v
	}
	if t, ok := v.Get(typeKey); ok && t.kind() == KindString {
		switch t.str() {
		case geometryType:
			v.setKind(KindGeometry)
		case literalType:
			v.set(flagLiteral | flagHasLiteral)
		}
	}
	return v
}
