package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/table"
)

// initialRows are the rows that a feed begins with, before its steps.
type initialRows interface {
	// next gives a row, and how often it comes. A single row that is not there is absent.
	next(fr *frame) (row datum.Value, copies int, ok bool, err error)
	park() error
	close()
}

// firstRows are the first rows of an order, which the subscription has.
type firstRows struct{ sub *feed.Subscription }

func (firstRows) next(*frame) (datum.Value, int, bool, error) { return datum.Value{}, 0, false, nil }
func (firstRows) park() error                                 { return nil }
func (firstRows) close()                                      {}

// snapshotRows are rows of one state of a table.
type snapshotRows struct {
	source *feedSource
	point  []byte
	snap   *table.Snapshot

	at   int        // in the source's keys
	rows table.Rows // of the source's scan
	done bool
}

func (r *snapshotRows) next(fr *frame) (row datum.Value, copies int, ok bool, err error) {
	f := r.source
	switch {
	case r.done:
		return row, 0, false, nil
	case r.point != nil:
		r.done = true
		row, err = r.snap.Get(r.point)
		return row, 1, err == nil, wrapRead(fr, err)
	case f.scan == nil:
		return r.nextKey(fr)
	}
	if r.rows == nil {
		src, err := f.scan.source(fr)
		if err != nil {
			return row, 0, false, err
		}
		o := f.scan.opts
		o.At, o.Transient = r.snap, false
		if r.rows, err = src.Scan(fr.q.ctx, o); err != nil {
			return row, 0, false, wrapRead(fr, err)
		}
	}
	row, ok, err = r.rows.Next(fr.q.ctx)
	r.done = !ok
	return row, 1, ok, wrapRead(fr, err)
}

// nextKey looks up the next key; the same one in succession gives a row several times.
func (r *snapshotRows) nextKey(fr *frame) (row datum.Value, copies int, ok bool, err error) {
	keys := r.source.keys
	for r.at < len(keys) {
		key, err := table.AppendPrimaryKey(nil, keys[r.at])
		if err != nil {
			return row, 0, false, err
		}
		copies := 1
		for r.at+copies < len(keys) && datum.Equal(keys[r.at], keys[r.at+copies]) {
			copies++
		}
		r.at += copies
		if row, err = r.snap.Get(key); err != nil {
			return row, 0, false, wrapRead(fr, err)
		}
		if !row.IsAbsent() {
			return row, copies, true, nil
		}
	}
	return row, 0, false, nil
}

func wrapRead(fr *frame, err error) error {
	if err == nil {
		return nil
	}
	return fr.readError(err)
}

func (r *snapshotRows) park() error {
	if p, ok := r.rows.(table.Parker); ok && !r.done {
		return p.Park()
	}
	return nil
}

func (r *snapshotRows) close() {
	r.done = true
	// An error of reading was reported, and of the rest nobody wants to know any more.
	if r.rows != nil {
		_ = r.rows.Close()
	}
	if r.snap != nil {
		_ = r.snap.Close()
		r.snap = nil
	}
}

// listedRows are the rows of a system table.
type listedRows struct {
	source *feedSource
	rows   []datum.Value
	found  bool
}

func (r *listedRows) next(*frame) (row datum.Value, copies int, ok bool, err error) {
	f := r.source
	for len(r.rows) > 0 {
		row, r.rows = r.rows[0], r.rows[1:]
		switch {
		case f.point.IsAbsent():
			if copies = f.copies(row); copies > 0 {
				return row, copies, true, nil
			}
		default:
			if key, _ := row.Get(f.table.PrimaryKey()); datum.Equal(key, f.point) {
				r.found = true
				return row, 1, true, nil
			}
		}
	}
	if !f.point.IsAbsent() && !r.found {
		r.found = true
		return datum.Value{}, 1, true, nil
	}
	return datum.Value{}, 0, false, nil
}

func (r *listedRows) park() error { return nil }
func (r *listedRows) close()      { r.rows = nil }
