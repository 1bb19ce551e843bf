package server

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"

	"rethinkdb/internal/storage"
)

// The garbage collector. Rows on their way to a client are Go memory, and so are cached blocks and memtables in a program
// that was built without cgo; with cgo they are C memory (storage.HeapBytes).
//
// With the default GOGC=100 a server whose cache is full would grow to twice the cache before each collection; and an empty
// one, with a heap of ten megabytes, would collect hundreds of times per second under a load that allocates gigabytes. So the
// pace is set by a limit instead: the heap may grow to gcPercent over what is alive while it is small, and is held at the limit
// once the cache is full.
//
// Measured with 50,000 documents of 1 KB in two tables, --cache-size 512, on two busy cores, in µs of CPU per operation and
// MB resident at the end:
//
//	GOGC   get   insert.soft   update.soft   stream   resident
//	 100   19    51            36            3.1      244
//	 400   22    44            28            1.8      265
//	1000   21    33            24            1.6      364
//
// 400 has most of the gain for little memory. With --cache-size 256, loading and streaming a million such documents peaks at
// 358 MB.
const gcPercent = 400

// memoryLimit leaves, beyond the cache, an eighth of it for what the cache needs besides blocks, and a fixed part for
// connections, queries and garbage. It is a target of the collector, not a cap: a query that needs more gets it.
func memoryLimit(cacheBytes int64) int64 {
	const workBytes = 192 * megabyte
	return storage.HeapBytes(cacheBytes) + cacheBytes/8 + workBytes
}

// queryLimit is how large the heap may grow before queries that want more get an error: as much again as the cache, so that the
// rule for the automatic size of the cache leaves room for it, but not less than what one large query needs.
func queryLimit(cacheBytes int64) int64 { return memoryLimit(cacheBytes) + max(cacheBytes, 2*gigabyte) }

func tuneGC(cacheBytes int64) *gcPace {
	debug.SetGCPercent(gcPercent)
	p := &gcPace{base: memoryLimit(cacheBytes), live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.limit = p.base
	debug.SetMemoryLimit(p.limit)
	p.watch()
	return p
}

// resize follows a change of the size of the cache.
func (p *gcPace) resize(cacheBytes int64) {
	p.mu.Lock()
	p.base = memoryLimit(cacheBytes)
	p.mu.Unlock()
	p.adjust()
}

// gcPace moves the limit of the heap up while queries hold so much that the collector could not keep it: it would collect
// without a pause, and make everybody who allocates help. A query that collected 16 million numbers made small writes of others
// wait for two seconds.
//
// Only tuneGC makes one, and after that the runtime's goroutine for cleanups uses it, and whoever changes the size of the cache.
type gcPace struct {
	mu    sync.Mutex // guards the rest; the world is stopped under it
	base  int64      // the limit in ordinary times
	limit int64      // the limit now
	live  []metrics.Sample
}

// watch adjusts the limit after the next collection, and after each one that follows.
func (p *gcPace) watch() {
	type garbage struct{ p *gcPace } // has a pointer, so that it has a place of its own in the heap
	runtime.AddCleanup(&garbage{p}, func(p *gcPace) {
		p.adjust()
		p.watch()
	}, p)
}

func (p *gcPace) adjust() {
	p.mu.Lock()
	defer p.mu.Unlock()
	metrics.Read(p.live)
	want := pacedLimit(p.base, int64(p.live[0].Value.Uint64()))
	if want != p.limit {
		p.limit = want
		debug.SetMemoryLimit(want)
	}
}

// pacedLimit is the limit for a heap of which so many bytes are in use.
func pacedLimit(base, live int64) int64 {
	const step = 64 * megabyte // setting it stops the world for a moment
	if live+live/4 <= base {
		return base
	}
	return (live + live/2 + step) / step * step
}
