package shard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// Errors of indexes.
var (
	// ErrIndexDropped is the error of reading an index after its end.
	ErrIndexDropped = errors.New("the index was dropped")

	// ErrCorruptIndex marks an index that does not fit its rows.
	ErrCorruptIndex = errors.New("an index entry is corrupt")
)

// IndexFunction computes what a row is indexed by. ok is false for a row that the index leaves out. The value may be a view
// of the row. It is safe for concurrent use and gives the same for the same row always: the entries of a row are found
// again, to delete them, by computing them again.
type IndexFunction func(row datum.Value) (value datum.Value, ok bool)

// CellFunction calls add with the key of each cell that covers a geometry; keys of cells are not the beginning of each
// other. A value that is no geometry is an error. It is safe for concurrent use.
type CellFunction func(v datum.Value, add func(cell []byte)) error

// IndexConfig describes an index. Only its Ready changes, and only from false to true.
type IndexConfig struct {
	Number   uint32 // never used again by this shard
	Multi    bool   // an array stands for each of its elements
	Geo      bool   // entries are those of Cells
	Unique   bool   // no two rows have the same value; not together with Geo
	Function IndexFunction
	Cells    CellFunction
	Name     func() string // the present name, for errors of a unique index
	Ready    bool          // the index is built
}

// An Index holds an entry for each value of each row, in the order of values and then of primary keys:
//
//	key:   prefix of the index, key encoding of the value, encoded primary key
//	value: length of the primary key, and how many equal values the row has if that is not 1 (both as varints)
//
// A value's encoding is cut after MaxValueKeyBytes. Entries with cut values are not in order among themselves and not all of
// a value's entries have the value, so whoever reads them computes the value from the row again.
//
// See build.go for how an index comes about.
type Index struct {
	// Set by AddIndex, then constant.
	shard  *Shard
	config IndexConfig
	prefix []byte // of the entries
	upper  []byte
	marks  []byte // prefix of the keys of rows that were touched during the build

	floor   atomic.Pointer[[]byte] // nil: nobody keeps it
	dropped atomic.Bool
	scanned atomic.Int64 // rows that the build has looked at
	expect  atomic.Int64 // rows that it will have looked at
}

// MaxValueKeyBytes is where the encoding of an indexed value is cut. Longer keys would fill the blocks that lead to them.
const MaxValueKeyBytes = 4096

// entries are the entries of one row without the prefix of the index, in the order of their keys.
type entries struct {
	buf   []byte
	list  []entry
	whole bool // values are not cut
}

type entry struct {
	start, end int // in buf
	copies     int
}

func (e *entries) reset() { e.buf, e.list = e.buf[:0], e.list[:0] }

func (e *entries) key(i int) []byte { return e.buf[e.list[i].start:e.list[i].end] }

// compute fills e with the entries of a row.
func (x *Index) compute(e *entries, primaryKey []byte, row datum.Value) {
	e.reset()
	if row.IsAbsent() {
		return
	}
	v, ok := x.config.Function(row)
	if !ok {
		return
	}
	if x.config.Multi && v.Kind() == datum.KindArray {
		for i := range v.Len() {
			if !x.add(e, v.At(i), primaryKey) {
				e.reset()
				return
			}
		}
	} else if !x.add(e, v, primaryKey) {
		e.reset()
		return
	}
	if len(e.list) > 1 {
		e.sort()
	}
}

// add appends the entries of one value. ok is false when the value makes the index leave out the whole row.
func (x *Index) add(e *entries, v datum.Value, primaryKey []byte) (ok bool) {
	if x.config.Geo {
		if x.config.Cells == nil {
			return false
		}
		err := x.config.Cells(v, func(cell []byte) {
			start := len(e.buf)
			e.buf = append(append(e.buf, cell...), primaryKey...)
			e.list = append(e.list, entry{start, len(e.buf), 1})
		})
		return err == nil
	}
	if !Indexable(v) {
		return true
	}
	start := len(e.buf)
	if e.whole {
		e.buf = appendWholeValueKey(e.buf, v)
	} else {
		e.buf = appendValueKey(e.buf, v)
	}
	e.buf = append(e.buf, primaryKey...)
	e.list = append(e.list, entry{start, len(e.buf), 1})
	return true
}

// Index returns the index with a number, if the shard has it.
func (s *Shard) Index(number uint32) (*Index, bool) {
	for _, u := range s.indexes.Load().uses {
		if u.index.config.Number == number {
			return u.index, true
		}
	}
	return nil, false
}

// Number names the index among those of its shard.
func (x *Index) Number() uint32 { return x.config.Number }

// Indexable reports whether an index that is not geospatial has entries for a value.
func Indexable(v datum.Value) bool {
	switch v.Kind() {
	case datum.KindNumber, datum.KindString, datum.KindBool, datum.KindTime, datum.KindBinary:
		return true
	case datum.KindArray:
		return datum.CheckIndexKey(v) == nil
	}
	return false
}

// appendValueKey appends the key encoding of an indexable value, cut if it is too long.
func appendValueKey(dst []byte, v datum.Value) []byte {
	start := len(dst)
	dst = appendWholeValueKey(dst, v)
	return dst[:min(len(dst), start+MaxValueKeyBytes)]
}

func appendWholeValueKey(dst []byte, v datum.Value) []byte {
	dst, err := datum.AppendKey(dst, v)
	if err != nil {
		panic(err) // only what nests too deeply has no encoding, and a stored row does not
	}
	return dst
}

// sort orders the entries and makes one of equal ones.
func (e *entries) sort() {
	slices.SortFunc(e.list, func(a, b entry) int { return bytes.Compare(e.buf[a.start:a.end], e.buf[b.start:b.end]) })
	n := 0
	for i := 1; i < len(e.list); i++ {
		if bytes.Equal(e.key(n), e.key(i)) {
			e.list[n].copies += e.list[i].copies
			continue
		}
		n++
		e.list[n] = e.list[i]
	}
	e.list = e.list[:n+1]
}

// appendEntryValue appends the value that is stored for an entry.
func appendEntryValue(dst []byte, primaryKeyLen, copies int) []byte {
	dst = binary.AppendUvarint(dst, uint64(primaryKeyLen))
	if copies != 1 {
		dst = binary.AppendUvarint(dst, uint64(copies))
	}
	return dst
}

// splitEntry takes an entry apart, whose key comes without the prefix of the index.
func splitEntry(key, value []byte) (valueKey, primaryKey []byte, copies int, err error) {
	n, w := binary.Uvarint(value)
	if w <= 0 || n > uint64(len(key)) {
		return nil, nil, 0, ErrCorruptIndex
	}
	copies = 1
	if len(value) > w {
		c, w2 := binary.Uvarint(value[w:])
		if w2 <= 0 || c == 0 || c > 1<<40 {
			return nil, nil, 0, ErrCorruptIndex
		}
		copies = int(c)
	}
	at := len(key) - int(n)
	return key[:at], key[at:], copies, nil
}

// indexScratch is the memory of a writer for the entries of one row.
type indexScratch struct {
	old, new entries
	key      []byte
	value    []byte
}

// update adds to the batch what has to change when the row of this primary key turns from old into new; either may be
// absent. Entries that stay are not written. With mark, a row whose entries change leaves a note for the builder.
func (x *Index) update(b *storage.Batch, s *indexScratch, primaryKey []byte, old, new datum.Value, mark bool) {
	x.compute(&s.old, primaryKey, old)
	x.compute(&s.new, primaryKey, new)
	if !x.diff(b, s, len(primaryKey)) || !mark {
		return
	}
	s.key = append(append(s.key[:0], x.marks...), primaryKey...)
	b.Set(s.key, nil)
}

// diff writes the difference between s.old and s.new.
func (x *Index) diff(b *storage.Batch, s *indexScratch, primaryKeyLen int) (changed bool) {
	i, j := 0, 0
	for i < len(s.old.list) || j < len(s.new.list) {
		var c int
		switch {
		case i == len(s.old.list):
			c = 1
		case j == len(s.new.list):
			c = -1
		default:
			c = bytes.Compare(s.old.key(i), s.new.key(j))
		}
		switch {
		case c < 0:
			s.key = append(append(s.key[:0], x.prefix...), s.old.key(i)...)
			b.Delete(s.key)
			changed = true
			i++
			continue
		case c == 0 && s.old.list[i].copies == s.new.list[j].copies:
			i++
			j++
			continue
		case c == 0:
			i++
		}
		s.key = append(append(s.key[:0], x.prefix...), s.new.key(j)...)
		s.value = appendEntryValue(s.value[:0], primaryKeyLen, s.new.list[j].copies)
		b.Set(s.key, s.value)
		changed = true
		j++
	}
	return changed
}
