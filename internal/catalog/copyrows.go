package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/pace"
	"rethinkdb/internal/table"
)

const (
	// copyRows and copyBytes bound a batch: enough that the wait for the disk and the network is shared by many rows. With 256 rows and 256 KB, one batch at a time, a copy
	// was mostly waiting.
	copyRows  = 1024
	copyBytes = 512 << 10
	// copyBatches is how many are on their way at a time, while the next one is read.
	copyBatches = 4
)

// clients is how many rows others have read and written here.
func (k *copier) clients() int64 {
	stats := k.part.Stats()
	return stats.RowsRead - k.read + stats.RowsWritten
}

// checkEpoch makes sure that nobody else has decided on the rows since the copying began.
func (k *copier) checkEpoch() error {
	if e, err := k.part.Group().Epoch(); err != nil || e != k.epoch {
		return errEpochOver
	}
	return nil
}

// copyChanged copies the rows with some encoded keys as they are now. Nothing else is on its way.
func (k *copier) copyChanged(ctx context.Context, keys [][]byte) error {
	for len(keys) > 0 {
		some := keys[:min(copyRows, len(keys))]
		keys = keys[len(some):]
		rows, err := k.part.Rows(ctx, some)
		if err != nil {
			return err
		}
		k.read += int64(len(some))
		var b batch
		for i, encoded := range some {
			key, _, err := datum.DecodeKey(encoded)
			if err != nil {
				return fmt.Errorf("a changed row has an impossible key: %w", err)
			}
			b.add(key, rows[i])
		}
		if err := k.put(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}

// window is what is on its way at the same time: different rows.
type window struct {
	slots chan struct{} // has an element for each
	wg    sync.WaitGroup

	mu  sync.Mutex
	err error // the first one
}

func newWindow() *window { return &window{slots: make(chan struct{}, copyBatches)} }

// put has something done as soon as there is room. The error may be that of what was put earlier.
func (w *window) put(ctx context.Context, f func() error) error {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := w.failed(nil); err != nil {
		<-w.slots
		return err
	}
	w.wg.Go(func() {
		defer func() { <-w.slots }()
		_ = w.failed(f()) // whoever waits asks for it
	})
	return nil
}

// failed takes note of an error, and returns the first one.
func (w *window) failed(err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	return w.err
}

// drain waits until nothing is on its way.
func (w *window) drain() error {
	w.wg.Wait()
	return w.failed(nil)
}

// batch is some rows that are written together; an absent row is one that is to be deleted.
type batch struct {
	keys, rows []datum.Value
	bytes      int
}

func (b *batch) add(key, row datum.Value) {
	b.keys, b.rows = append(b.keys, key), append(b.rows, row)
	b.bytes += row.SizeHint()
}

func (b *batch) full() bool { return len(b.keys) >= copyRows || b.bytes >= copyBytes }

// put writes a batch to the new groups, to all of them at the same time. It returns nil when everything is on disk there.
func (k *copier) put(ctx context.Context, b *batch) error {
	if err := k.checkEpoch(); err != nil {
		return err
	}
	next := k.table.next
	shares := make([]batch, len(next.Parts()))
	for i, key := range b.keys {
		encoded, err := datum.PrimaryKey(key)
		if err != nil {
			return err
		}
		shares[next.PartOf(encoded)].add(key, b.rows[i])
	}
	errs := make([]error, len(shares))
	var wg sync.WaitGroup
	for i := range shares {
		if len(shares[i].keys) > 0 {
			wg.Go(func() { errs[i] = k.write(ctx, next.Only(i), &shares[i], false) })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// write writes a batch to one group. What was certainly not done is tried again. Of fresh rows there is nothing in the group yet.
func (k *copier) write(ctx context.Context, to *table.Table, b *batch, fresh bool) error {
	var generated []bool
	if fresh { // then nobody need look
		generated = slices.Repeat([]bool{true}, len(b.keys))
	}
	for {
		results, err := to.Write(ctx, table.WriteRequest{Keys: b.keys, Durability: table.DurabilityHard, Generated: generated, Copied: true,
			Update: func(i int, _ datum.Value) (datum.Value, error) { return b.rows[i], nil }})
		if errors.Is(err, table.ErrNotPrimary) {
			if err := pace.Sleep(ctx, retryCopy); err != nil {
				return err
			}
			continue
		}
		for _, r := range results {
			if err == nil {
				err = r.Err
			}
		}
		return err
	}
}
