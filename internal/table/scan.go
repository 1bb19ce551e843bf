package table

import (
	"bytes"
	"context"
	"errors"
	"sort"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// Scan returns the rows of a range in the order of the primary key. Those of each shard are of one state of it from the first one on,
// and again from the first one after each Park. Close them.
func (t *Table) Scan(_ context.Context, o ScanOptions) (Rows, error) {
	so, err := shardOptions(o)
	if err != nil {
		return nil, err
	}
	if t.follows != nil {
		return t.follows.scanRuns(t.layout.Load().runs, so, o.Read.Mode), nil
	}
	return t.scan(so, o.Read.Mode), nil
}

func shardOptions(o ScanOptions) (shard.ScanOptions, error) {
	b, err := keyBounds(o.Range)
	return shard.ScanOptions{Bounds: b, Descending: o.Descending, Transient: o.Transient, At: o.At}, err
}

func (t *Table) scan(o shard.ScanOptions, m ReadMode) *tableRows {
	return &tableRows{table: t, mode: m, left: o, ended: empty(o.Bounds)}
}

func empty(b shard.Bounds) bool {
	return b.Low != nil && b.High != nil && bytes.Compare(b.Low, b.High) >= 0
}

// tableRows are the rows of a table in the order of the primary key: those of one run of the layout after those of another. Whatever becomes
// of the layout meanwhile, what is left to be read is what is behind the last row.
type tableRows struct {
	table *Table
	mode  ReadMode
	left  shard.ScanOptions // what is still to be read when the present run is begun

	// The present run.
	layout *layout
	run    *run       // nil: none has begun
	local  shard.Rows // of it
	sure   bool       // the rows were there when its iterator was opened
	parked bool
	remote RemoteRows  // instead of local
	row    datum.Value // the last one of remote

	try   attempt
	ended bool
}

// Next returns the next row; ok is false at the end.
func (r *tableRows) Next(ctx context.Context) (row datum.Value, ok bool, err error) {
	if r.sure {
		if row, ok, err = r.local.Next(ctx); ok || err != nil {
			return row, ok, err
		}
		err = r.leave()
	}
	for err == nil && !r.ended {
		if err = r.enter(ctx); err == nil && !r.ended {
			row, ok, err = r.begin(ctx)
		}
		switch {
		case ok:
			return row, true, nil
		case err == nil:
			err = r.leave()
			continue
		}
		err = r.try.resume(ctx, r.table, r.layout, r.inShard(err), r.giveUp)
	}
	return datum.Value{}, false, err
}

// inShard makes an error of the present run one of the shard that was to be read.
func (r *tableRows) inShard(err error) error {
	if r.run == nil {
		return err
	}
	key := r.run.low
	if low := r.left.Bounds.Low; !r.left.Descending && bytes.Compare(low, key) > 0 {
		key = low
	}
	return r.table.inShard(key, err)
}

// enter begins the run that the next row may be in, unless it has begun.
func (r *tableRows) enter(ctx context.Context) error {
	at := r.left.At != nil // a state in which the rows were where the layout says that was found first
	if r.run != nil && !(r.parked && r.layout.moved() && !at) {
		return nil
	}
	if err := r.giveUp(); err != nil {
		return err
	}
	if r.layout == nil || !at {
		r.layout = r.table.layout.Load()
	}
	if r.layout.of != nil && r.layout.moved() && !at {
		return ErrMoved
	}
	run, b := r.layout.next(r.left.Bounds, r.left.Descending)
	if run == nil {
		r.ended = true
		return nil
	}
	r.run = run
	o := r.left
	o.Bounds = b
	if t, p := r.table, r.run.part; o.At == nil && !t.here(p, r.mode) {
		r.remote = t.shared.remote.Scan(ctx, t.address(p), r.mode, RemoteScan{Bounds: b, Descending: o.Descending})
		return nil
	}
	r.local.Begin(r.run.part.shard, o)
	return nil
}

// next gives the first run that has keys within bounds, or the last one when the scan is descending, and which of them it has.
func (l *layout) next(b shard.Bounds, descending bool) (*run, shard.Bounds) {
	i := 0
	switch {
	case descending && b.High != nil: // the last one that begins before
		i = sort.Search(len(l.runs), func(i int) bool { return bytes.Compare(l.runs[i].low, b.High) >= 0 }) - 1
	case descending:
		i = len(l.runs) - 1
	case b.Low != nil:
		i = l.runOf(b.Low)
	}
	if i < 0 || i == len(l.runs) {
		return nil, b
	}
	r := &l.runs[i]
	if b = r.within(b); empty(b) {
		return nil, b
	}
	return r, b
}

// within gives the bounds that are within both the run's and others.
func (r *run) within(b shard.Bounds) shard.Bounds {
	if r.low != nil && bytes.Compare(b.Low, r.low) < 0 {
		b.Low = r.low
	}
	if r.high != nil && (b.High == nil || bytes.Compare(b.High, r.high) > 0) {
		b.High = r.high
	}
	return b
}

// begin reads the first row after the run was begun, or after the scan was parked in it.
func (r *tableRows) begin(ctx context.Context) (row datum.Value, ok bool, err error) {
	if r.remote != nil {
		return r.beginRemote(ctx)
	}
	r.parked = false
	if row, ok, err = r.local.Next(ctx); err != nil {
		return datum.Value{}, false, err
	}
	if r.left.At == nil {
		if err := r.table.still(r.layout, r.run.part, r.mode); err != nil {
			return datum.Value{}, false, err
		}
	}
	r.sure, r.try = true, attempt{}
	return row, ok, nil
}

// beginRemote is begin for a run on another server, and reads its other rows as well.
func (r *tableRows) beginRemote(ctx context.Context) (row datum.Value, ok bool, err error) {
	if row, _, ok, err = r.remote.Next(ctx); err != nil {
		return datum.Value{}, false, errors.Join(err, r.goBehind())
	}
	r.row, r.try = row, attempt{}
	return row, ok, nil
}

// goBehind makes what is behind the last row of another server what is left.
func (r *tableRows) goBehind() error {
	if r.row.IsAbsent() {
		return nil
	}
	pk, _ := r.row.Get(r.table.primaryKey)
	key, err := appendPrimaryKey(nil, pk)
	if err != nil {
		return err
	}
	r.setLeft(key)
	return nil
}

// setLeft makes what is behind a row what is left.
func (r *tableRows) setLeft(key []byte) {
	if r.left.Descending {
		r.left.Bounds.High = append(r.left.Bounds.High[:0:0], key...)
	} else {
		r.left.Bounds.Low = append(append(r.left.Bounds.Low[:0:0], key...), 0)
	}
}

// leave ends a run that was read to its end.
func (r *tableRows) leave() error {
	if r.run == nil {
		return nil
	}
	if r.left.Descending {
		r.left.Bounds.High = r.run.low
		r.ended = r.run.low == nil
	} else {
		r.left.Bounds.Low = r.run.high
		r.ended = r.run.high == nil
	}
	r.ended = r.ended || empty(r.left.Bounds)
	return r.giveUp()
}

// giveUp ends a run. What is left is as it was when the scan was parked.
func (r *tableRows) giveUp() error {
	if r.run == nil {
		return nil
	}
	r.run, r.sure, r.parked = nil, false, false
	if r.remote != nil {
		r.remote.Close()
		r.remote, r.row = nil, datum.Value{}
		return nil
	}
	return r.local.Close()
}

// Park implements Parker.
func (r *tableRows) Park() error {
	if r.run == nil || r.parked || r.remote != nil { // the other server parks by itself
		return nil
	}
	err := r.local.Park()
	if key := r.local.Parked(); key != nil {
		r.sure, r.parked = false, true
		r.setLeft(key)
	}
	return err
}

// Close ends the scan.
func (r *tableRows) Close() error {
	r.ended = true
	return r.giveUp()
}
