package table

import (
	"context"

	"rethinkdb/internal/shard"
)

// ErrNotAlone is the error of loading rows into a part that several servers may have replicas of.
var ErrNotAlone = shard.ErrNotAlone

// A Loader takes many new rows of a part, in the order of their keys, when the table is to be divided in another way. See shard.Load for what it asks of its user. One goroutine uses it.
type Loader interface {
	// Add takes a row as it is stored. Both slices are the caller's again when it returns.
	Add(ctx context.Context, key, row []byte) error
	// Finish makes the rows part of the table. They are on disk when it returns nil. Without that nobody knows what is there.
	Finish(ctx context.Context) error
	// Abort ends it without success. It does nothing after Finish.
	Abort() error
}

// Load begins to load rows into a part of the table. An error that is no ErrNotPrimary says that they have to be written in another way. The Loader ends with ctx.
func (t *Table) Load(ctx context.Context, part int) (Loader, error) {
	p := t.layout.Load().parts[part]
	if !t.here(p, ReadSingle) {
		return t.shared.remote.Load(ctx, t.address(p))
	}
	l, err := p.shard.Load()
	if err != nil {
		return nil, err
	}
	return l, nil
}

// A KeyRange is the encoded primary keys from Low to before High. A nil bound is none.
type KeyRange struct {
	Low, High []byte
	Part      int // that has them
}

// KeyRanges are those of the parts, in ascending order. Neighbours are in different parts.
func (t *Table) KeyRanges() []KeyRange {
	l := t.layout.Load()
	list := make([]KeyRange, len(l.runs))
	for i, r := range l.runs {
		list[i] = KeyRange{Low: r.low, High: r.high, Part: l.partAt(r.part)}
	}
	return list
}

// Stored begins a scan of what the part has of a range. It reads with NextStored alone.
func (p *Part) Stored(r KeyRange) *StoredRows {
	return p.shard.Scan(shard.ScanOptions{Bounds: shard.Bounds{Low: r.Low, High: r.High}, Transient: true})
}

// StoredRows are rows as they are stored.
type StoredRows = shard.Rows
