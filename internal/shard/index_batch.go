package shard

import (
	"slices"

	"rethinkdb/internal/datum"
)

// indexBatch is some entries with their rows.
type indexBatch struct {
	list []batchEntry
	buf  []byte // keys of the entries
	rows []byte // transient rows
	at   int    // the next to return
	left int    // how often it still comes
	lazy bool   // rows are looked up when they are returned
}

type batchEntry struct {
	valueKey   []byte
	primaryKey []byte
	of         int // the number of the range
	copies     int // how often the row comes
	times      int // of that, because of the range
	row        datum.Value
	value      datum.Value // only with options.Values, and of a cut one
	read       bool
}

func (e *batchEntry) cut() bool { return len(e.valueKey) == MaxValueKeyBytes }

// reset empties the batch. The memory behind the end of the list holds no rows: batches of long scans are used again by short ones,
// which should not have to clear all of it.
func (b *indexBatch) reset() {
	clear(b.list)
	*b = indexBatch{list: b.list[:0], buf: b.buf[:0], rows: b.rows[:0]}
}

func (b *indexBatch) anyCut() bool {
	return slices.ContainsFunc(b.list, func(e batchEntry) bool { return e.cut() })
}

// last returns the entry that was returned last.
func (b *indexBatch) last() *batchEntry {
	if i := b.at; b.left > 0 {
		return &b.list[i]
	} else if i > 0 {
		return &b.list[i-1]
	}
	return nil
}

// keepLast leaves only the entry that was returned last, if it is to come again.
func (b *indexBatch) keepLast() {
	if b.left == 0 {
		b.reset()
		return
	}
	e := b.list[b.at]
	e.row = datum.View(datum.AppendEncoded(nil, e.row))
	clear(b.list)
	b.list, b.at = append(b.list[:0], e), 0
}

// next returns the next entry to return the row of.
func (b *indexBatch) next() *batchEntry {
	for b.at < len(b.list) {
		e := &b.list[b.at]
		if b.left == 0 {
			b.left = e.copies
			if b.left == 0 { // left out
				b.at++
				continue
			}
		}
		if b.left--; b.left == 0 {
			b.at++
		}
		return e
	}
	return nil
}
