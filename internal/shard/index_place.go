package shard

import (
	"bytes"
	"cmp"

	"rethinkdb/internal/datum"
)

// A Place is where a scan of an index is: behind some of the times that the row of an entry comes.
type Place struct {
	Entry    []byte      // its key, without the prefix of the index
	ValueLen int         // so many bytes of that are the value
	Value    datum.Value // the value itself, if it was cut
	Given    int         // how often the row has come
}

// Cut tells whether the entry does not have all of the value.
func (p *Place) Cut() bool { return p.ValueLen == MaxValueKeyBytes }

// Compare gives the order of two places in an ascending scan, but for how often their rows have come.
func (p *Place) Compare(o *Place) int {
	if p.Cut() && o.Cut() && bytes.Equal(p.Entry[:p.ValueLen], o.Entry[:o.ValueLen]) {
		return cmp.Or(datum.Compare(p.Value, o.Value), bytes.Compare(p.Entry, o.Entry))
	}
	return bytes.Compare(p.Entry, o.Entry)
}

// Set makes p the same as o, in memory of its own.
func (p *Place) Set(o *Place) {
	*p = Place{Entry: append(p.Entry[:0], o.Entry...), ValueLen: o.ValueLen, Value: o.Value, Given: o.Given}
}

// Place sets p to where the scan is, in memory of p's own; ok is false if there was no row yet. Call it before Park.
func (r *IndexRows) Place(p *Place) (ok bool) {
	b := r.batch
	e := b.last()
	if e == nil {
		return false
	}
	*p = Place{Entry: append(append(p.Entry[:0], e.valueKey...), e.primaryKey...), ValueLen: len(e.valueKey), Given: e.copies - b.left}
	if !e.cut() || r.index.config.Geo {
		return true
	}
	p.Value = e.value.Own()
	at := b.at
	if b.left == 0 {
		at--
	}
	for i := at - 1; i >= 0 && bytes.Equal(b.list[i].valueKey, e.valueKey) && bytes.Equal(b.list[i].primaryKey, e.primaryKey) && datum.Equal(b.list[i].value, e.value); i-- {
		p.Given += b.list[i].copies // the elements of an array that are equal
	}
	return true
}

// TakeCopies leaves out the other times that the last row comes because of its entry, and returns how many these are.
func (r *IndexRows) TakeCopies() int {
	n := r.batch.left
	if n > 0 {
		r.batch.left = 0
		r.batch.at++
	}
	return n
}
