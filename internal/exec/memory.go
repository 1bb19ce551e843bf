package exec

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// heavyBytes is the size from which on a value is looked at before the query goes on: below it millions of values are made
// and dropped again in a second, and looking would cost more than they do.
const heavyBytes = 1 << 20

// memory keeps queries from taking the memory that the server needs for everybody else, in two ways.
//
// What one query collects in rows to sort, groups, arrays and the like is counted and limited: see hoard. That is an estimate of
// the larger things only, for which values are still in use is known to the collector alone.
//
// So there is a limit on the heap of all as well: whoever makes something heavy while the heap is over it gets an error, and
// his memory with it is free again; small queries do not notice.
type memory struct {
	limit    atomic.Int64 // bytes of heap; 0 for none
	perQuery int64        // bytes that one query may collect; 0 for no limit. Set before the first query.

	mu        sync.Mutex
	collected time.Time // when check last collected garbage
	heap      []metrics.Sample
}

// collectInterval is how often being over the limit leads to a collection. One takes a second for each few gigabytes, on all
// processors.
const collectInterval = 250 * time.Millisecond

// check is the error of making something heavy when there is no memory for it.
func (m *memory) check() error {
	limit := m.limit.Load()
	if limit == 0 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	used := m.used()
	if used > limit && time.Since(m.collected) > collectInterval {
		runtime.GC() // some of it is garbage; who wants more has to wait for it
		m.collected = time.Now()
		used = m.used()
	}
	if used > limit {
		return reql.Errorf(reql.ResourceLimit, "The server has no memory for this query: its queries use %d MB, of which there may be %d.",
			used>>20, limit>>20)
	}
	return nil
}

// used is the size of all objects of the heap, with garbage that has not been collected.
func (m *memory) used() int64 {
	if m.heap == nil {
		m.heap = []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	}
	metrics.Read(m.heap)
	return int64(m.heap[0].Value.Uint64())
}

// admit is the error of a value that is too large, or that there is no memory for. Every term's value that is not light comes
// by here.
func (fr *frame) admit(d datum.Value) error {
	if err := fr.rest(); err != nil { // making it took a while
		return err
	}
	if err := d.LimitError(); err != nil {
		return err
	}
	if k := d.Kind(); k == datum.KindString || k == datum.KindBinary {
		if err := datum.CheckString(d.Len()); err != nil {
			return err
		}
	}
	return fr.room(d.Bytes())
}

// reserve is the error of making something of n bytes.
func (fr *frame) reserve(n int) error {
	switch {
	case n < heavyBytes:
		return nil
	case n > datum.MaxBytes:
		return datum.TooBigError()
	}
	if err := fr.rest(); err != nil {
		return err
	}
	return fr.room(n)
}

// room is the error of having a value of n bytes, which need not be counted or is among what was left to the frame, when there
// is no memory for it.
func (fr *frame) room(n int) error {
	eng := fr.q.eng
	if eng == nil { // a term that is evaluated when compiling
		return nil
	}
	if limit := eng.memory.perQuery; limit > 0 && fr.q.held.Load()-int64(fr.left)+int64(n) > limit {
		return queryMemoryError(limit)
	}
	return eng.memory.check()
}

// Take counts n bytes that the query collects, or is the error of its collecting too much. It is part of extsort.Memory.
func (q *query) Take(n int) error {
	held := q.held.Add(int64(n))
	if q.eng == nil { // a term that is evaluated when compiling
		return nil
	}
	var err error
	if limit := q.eng.memory.perQuery; limit > 0 && held > limit {
		err = queryMemoryError(limit)
	} else if held/heavyBytes != (held-int64(n))/heavyBytes {
		err = q.eng.memory.check()
	}
	if err != nil {
		q.Give(n)
	}
	return err
}

// Give says that n of the bytes are not needed any more. It is part of extsort.Memory.
func (q *query) Give(n int) { q.held.Add(-int64(n)) }

func queryMemoryError(limit int64) error {
	return reql.Errorf(reql.ResourceLimit, "The query needs more than the %d MB of memory that a query may use.  Collect or return less at a time, use an index, or start the server with a larger --query-memory.", limit>>20)
}

// hoard counts the bytes of values that are being collected. Those of less than heavyBytes are not worth counting.
//
// What is collected is freed by the collector, at a time that nobody knows. So the count follows who can have it: a hoard that
// is a state of the query, such as groups, is freed by its owner, and one that becomes a value is left to the frame, until
// the row is done in whose evaluation that happened. Whoever keeps something of a row for longer, as collecting terms do, counts
// it in a hoard of its own.
type hoard struct {
	bytes int
	taken int // of the memory of the query
}

// valueBytes is what a value counts where it is collected, as in an array.
const valueBytes = 64

// add counts one more value, and is the error of collecting too much.
func (h *hoard) add(fr *frame, d datum.Value) error { return h.grow(fr, valueBytes+d.Bytes()) }

func (h *hoard) grow(fr *frame, n int) error {
	if h.bytes += n; h.bytes-h.taken < heavyBytes {
		return nil
	}
	if h.bytes > datum.MaxBytes {
		return datum.TooBigError()
	}
	if err := fr.q.Take(h.bytes - h.taken); err != nil {
		return err
	}
	h.taken = h.bytes
	return nil
}

// merge takes in what another hoard has counted.
func (h *hoard) merge(o *hoard) {
	h.bytes += o.bytes
	h.taken += o.taken
	*o = hoard{}
}

// free says that what was collected is not needed any more.
func (h *hoard) free(fr *frame) {
	if h.taken > 0 {
		fr.q.Give(h.taken)
	}
	*h = hoard{}
}

// leave says that what was collected is a value now, unless there is an error.
func (h *hoard) leave(fr *frame, err error) {
	if err != nil {
		h.free(fr)
	}
	fr.left += h.taken
	*h = hoard{}
}

// release frees what was left to the frame since it had left.
func (fr *frame) release(left int) {
	if fr.left > left {
		fr.q.Give(fr.left - left)
		fr.left = left
	}
}
