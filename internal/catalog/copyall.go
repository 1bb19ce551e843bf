package catalog

import (
	"bytes"
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/pace"
	"rethinkdb/internal/table"
)

// bulk is the first pass of a copier: all rows once, in the order of their keys, as they are when it comes to them. A new group with one replica is sent the rows of each of its ranges as sorted files (table.Loader);
// one with several is written to in batches.
//
//	rows up to at are in the new groups, or on their way; rows behind it are in none.
//
// So of the keys that change meanwhile those up to at have to be copied once more, when nothing is on its way, and the others will be read as they are then.
type bulk struct {
	k       *copier
	crowded func() bool // so many keys have changed that it is time to copy their rows
	pace    *pace.Pace
	budget  float64
	window  *window

	rows *table.StoredRows // of the present range
	into sink              // what takes them
	at   []byte            // the last key
	seen int               // bytes since look
}

// sink takes the rows of a range for the new group that has it.
type sink interface {
	add(ctx context.Context, key, row []byte) error
	// end sends what is left on its way, and rest waits until it makes no work any more.
	end(ctx context.Context) error
	rest() error
	abort() error
}

// lookBytes is how many bytes of rows are read between two looks at what else there is to do.
const lookBytes = 256 << 10

// copyAll copies all rows once.
func (k *copier) copyAll(ctx context.Context) error { return newBulk(k).run(ctx) }

func newBulk(k *copier) *bulk {
	return &bulk{k: k, crowded: k.keys.Crowded, pace: pace.New(k.clients), budget: pace.Budget / float64(len(k.table.parts)), window: newWindow()} // that many are copied at the same time
}

func (b *bulk) run(ctx context.Context) error {
	for _, r := range b.k.ranges() {
		if err := b.copy(ctx, r); err != nil {
			return errors.Join(err, b.abort())
		}
	}
	return b.window.drain()
}

// ranges are those of the group, divided as the new groups are.
func (k *copier) ranges() (list []table.KeyRange) {
	for _, old := range k.table.KeyRanges() {
		if old.Part != k.at {
			continue
		}
		for _, r := range k.table.next.KeyRanges() {
			if old.Low != nil && bytes.Compare(r.Low, old.Low) < 0 {
				r.Low = old.Low
			}
			if r.High == nil || old.High != nil && bytes.Compare(old.High, r.High) < 0 {
				r.High = old.High
			}
			if r.High == nil || bytes.Compare(r.Low, r.High) < 0 {
				list = append(list, r)
			}
		}
	}
	return list
}

// copy copies a range.
func (b *bulk) copy(ctx context.Context, r table.KeyRange) (err error) {
	b.rows = b.k.part.Stored(r)
	before := b.k.copied.Load()
	defer func() {
		err = errors.Join(err, b.rows.Close())
		b.k.read += b.k.copied.Load() - before
	}()
	for over := false; !over; {
		if b.into, err = b.open(ctx, r.Part); err != nil {
			return err
		}
		if over, err = b.fill(ctx); err != nil {
			return err
		}
		into := b.into
		b.into = nil
		if err := into.end(ctx); err != nil {
			return err
		}
		if over {
			return nil
		}
		if err := b.catchUp(ctx); err != nil {
			return err
		}
	}
	return nil
}

// fill reads rows until the range is over, or so many have changed meanwhile that their keys take too much memory.
func (b *bulk) fill(ctx context.Context) (over bool, err error) {
	for {
		key, row, ok, err := b.rows.NextStored(ctx)
		if err != nil || !ok {
			return true, err
		}
		if err := b.into.add(ctx, key, row); err != nil {
			return false, err
		}
		b.at = append(b.at[:0], key...)
		b.k.copied.Add(1)
		if b.seen += len(key) + len(row); b.seen < lookBytes {
			continue
		}
		if err := b.look(ctx); err != nil {
			return false, err
		}
		if b.crowded() {
			return false, nil
		}
	}
}

// look makes way for clients when it is time for that.
func (b *bulk) look(ctx context.Context) error {
	b.seen = 0
	if err := b.k.checkEpoch(); err != nil {
		return err
	}
	if !b.pace.Due() {
		return nil
	}
	if err := errors.Join(b.rows.Park(), b.into.rest()); err != nil {
		return err
	}
	return b.pace.Rest(ctx, b.budget)
}

// catchUp copies those rows once more that have changed behind the copier.
func (b *bulk) catchUp(ctx context.Context) error {
	if err := errors.Join(b.rows.Park(), b.window.drain()); err != nil { // the scan goes on with what is there after the keys were taken
		return err
	}
	keys := b.k.keys.Take()
	n := 0
	for n < len(keys) && bytes.Compare(keys[n], b.at) <= 0 {
		n++
	}
	return b.k.copyChanged(ctx, keys[:n])
}

// open gives the sink for rows of a new group.
func (b *bulk) open(ctx context.Context, to int) (sink, error) {
	next := b.k.table.next
	for {
		l, err := next.Load(ctx, to)
		switch {
		case err == nil:
			return &loadSink{loader: l, window: b.window}, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !errors.Is(err, table.ErrNotPrimary): // it has several replicas, or is on a server that knows no loads
			return &batchSink{b: b, to: next.Only(to), batch: new(batch)}, nil
		}
		if err := pace.Sleep(ctx, retryCopy); err != nil {
			return nil, err
		}
	}
}

// abort ends what is on its way, after an error.
func (b *bulk) abort() (err error) {
	if b.into != nil {
		err = b.into.abort()
	}
	return errors.Join(err, b.window.drain())
}

// loadSink takes rows as files.
type loadSink struct {
	loader table.Loader
	window *window
}

func (s *loadSink) add(ctx context.Context, key, row []byte) error {
	return s.loader.Add(ctx, key, row)
}
func (s *loadSink) rest() error  { return nil } // little is on its way
func (s *loadSink) abort() error { return s.loader.Abort() }

func (s *loadSink) end(ctx context.Context) error {
	return s.window.put(ctx, func() error { return s.loader.Finish(ctx) })
}

// batchSink takes rows as writes.
type batchSink struct {
	b     *bulk
	to    *table.Table
	batch *batch
}

func (s *batchSink) add(ctx context.Context, _, row []byte) error {
	v := datum.View(bytes.Clone(row))
	key, _ := v.Get(s.to.PrimaryKey())
	s.batch.add(key, v)
	if !s.batch.full() {
		return nil
	}
	return s.end(ctx)
}

func (s *batchSink) end(ctx context.Context) error {
	full := s.batch
	s.batch = new(batch)
	return s.b.window.put(ctx, func() error { return s.b.k.write(ctx, s.to, full, true) })
}

func (s *batchSink) rest() error  { return s.b.window.drain() }
func (s *batchSink) abort() error { return nil }
