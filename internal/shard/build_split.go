package shard

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
)

// splitBytes is the size of a piece up to which it is not worth its file to divide it.
const splitBytes = 1 << 20

// writeRest writes what the workers of a scan have left, all of them at the same time. Each has entries with all values of the
// index: as one file of each worker they would overlap, and the store would soon merge them, which costs as much as the whole
// build. So the entries are divided anew, by their keys, and each worker gets the entries between two of them.
func (x *Index) writeRest(ctx context.Context, runs []*run) error {
	runs = slices.DeleteFunc(runs, func(r *run) bool { return r == nil || len(r.list) == 0 })
	switch len(runs) {
	case 0:
		return nil
	case 1:
		return runs[0].write(ctx)
	}
	total, entries := 0, 0
	for _, r := range runs {
		total += len(r.buf)
		entries += len(r.list)
	}
	pivots := pivotsOf(runs, min(len(runs), 1+total/splitBytes))
	errs := make([]error, len(pivots)+1)
	var wg sync.WaitGroup
	for i := range errs {
		var low, high []byte // nil: no bound
		if i > 0 {
			low = pivots[i-1]
		}
		if i < len(pivots) {
			high = pivots[i]
		}
		wg.Go(func() {
			// A quarter more than the mean, so that most need not grow.
			part := &run{index: x, buf: make([]byte, 0, total/len(errs)*5/4), list: make([]runEntry, 0, entries/len(errs)*5/4)}
			for _, r := range runs {
				part.take(r, low, high)
			}
			errs[i] = part.write(ctx)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// pivotSamples is how many keys are looked at for each part. With 32, parts of random keys differ by a fifth.
const pivotSamples = 32

// pivotsOf returns n-1 keys, ascending, that divide the entries of all runs into n parts of about the same size.
func pivotsOf(runs []*run, n int) [][]byte {
	if n == 1 {
		return nil
	}
	var sample [][]byte
	for _, r := range runs {
		step := max(1, len(r.list)*len(runs)/(n*pivotSamples))
		for i := 0; i < len(r.list); i += step {
			sample = append(sample, r.key(&r.list[i]))
		}
	}
	slices.SortFunc(sample, bytes.Compare)
	var pivots [][]byte
	for i := 1; i < n; i++ {
		pivots = append(pivots, sample[len(sample)*i/n])
	}
	return pivots
}

// take adds the entries of another run with low ≤ key < high.
func (r *run) take(from *run, low, high []byte) {
	for i := range from.list {
		e := from.list[i]
		key := from.key(&e)
		if low != nil && bytes.Compare(key, low) < 0 || high != nil && bytes.Compare(key, high) >= 0 {
			continue
		}
		at := len(r.buf)
		r.buf = append(r.buf, from.buf[e.at:e.at+e.keyLen+e.valLen]...)
		e.at = uint32(at)
		r.list = append(r.list, e)
	}
}
