package storage

import (
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// MaxBatchBytes is the largest batch that Apply takes. Pebble's own limit is 4 GiB; a batch is held in memory several times.
const MaxBatchBytes = 1 << 30

// A Batch collects changes that are applied together or not at all. It is not safe for concurrent use.
type Batch struct {
	pb *pebble.Batch

	// What the row cache has to know of the batch.
	cache *rowCache
	rows  []uint64 // hashes of the rows that it changes
	// row is the key and the value of the only one that it changes, if it replaces it and the cache takes it.
	row      []byte
	keyBytes int // in row
	// wholeRange: it removes a range that may have rows.
	wholeRange bool
}

// NewBatch returns an empty batch. Close returns its memory.
func (s *Store) NewBatch() *Batch { return &Batch{pb: s.db.NewBatch(), cache: s.rows} }

// Set writes the value of a key. Both are copied.
func (b *Batch) Set(key, value []byte) {
	b.note(key)
	must(b.pb.Set(key, value, nil))
}

// SetJoined is Set for a value in two parts.
func (b *Batch) SetJoined(key, head, tail []byte) {
	b.note(key)
	op := b.pb.SetDeferred(len(key), len(head)+len(tail))
	copy(op.Key, key)
	copy(op.Value[copy(op.Value, head):], tail)
	must(op.Finish())
}

// Replace is Set for a row that is there. If it is all that the batch changes, the cache keeps it: who changes a row often reads
// it soon, if only to change it again. A row that is new would cost an insert a tenth of its time for that.
func (b *Batch) Replace(key, value []byte) {
	b.Set(key, value)
	if isRow(key) && len(b.rows) == 1 && b.cache.takes(len(key)+len(value)) {
		b.row, b.keyBytes = slices.Concat(key, value), len(key)
	}
}

// Delete removes a key.
func (b *Batch) Delete(key []byte) {
	b.note(key)
	must(b.pb.Delete(key, nil))
}

// note remembers that a row changes.
func (b *Batch) note(key []byte) {
	if isRow(key) {
		b.rows, b.row = append(b.rows, b.cache.hash(key)), nil
	}
}

// DeleteRange removes all keys in [lower, upper) that were there before this batch.
func (b *Batch) DeleteRange(lower, upper []byte) {
	b.noteRange(lower)
	must(b.pb.DeleteRange(lower, upper, nil))
}

// noteRange remembers that a range which may have rows is removed.
func (b *Batch) noteRange(lower []byte) {
	b.wholeRange = b.wholeRange || len(lower) < PrefixLen || isRow(lower)
}

// SetMeta and DeleteMeta change a key of the metadata.
func (b *Batch) SetMeta(key string, value []byte) { b.Set(metaKey(key), value) }
func (b *Batch) DeleteMeta(key string)            { b.Delete(metaKey(key)) }

// Append adds the changes of another batch of the same store, which are copied, behind those that there are.
func (b *Batch) Append(other *Batch) {
	if b.row = nil; len(b.rows) == 0 {
		b.row, b.keyBytes = other.row, other.keyBytes
	}
	b.rows = append(b.rows, other.rows...)
	b.wholeRange = b.wholeRange || other.wholeRange
	must(b.pb.Apply(other.pb, nil))
}

// Len is the size of the batch in bytes.
func (b *Batch) Len() int { return b.pb.Len() }

// Empty reports whether the batch changes nothing.
func (b *Batch) Empty() bool { return b.pb.Empty() }

// Reset empties the batch for reuse.
func (b *Batch) Reset() {
	b.pb.Reset()
	b.rows, b.row, b.wholeRange = b.rows[:0], nil, false
}

// Close gives the memory of the batch back. The batch must not be used any more.
func (b *Batch) Close() {
	must(b.pb.Close())
	b.pb = nil
}

// must is for errors that only misuse of Pebble's batch brings about (a closed or a committed batch).
func must(err error) {
	if err != nil {
		panic(err)
	}
}
