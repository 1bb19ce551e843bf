package storage

import (
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// budget is how large the caches are. The engine's cache cannot be made larger, but parts of it can be reserved for others: so it is opened as
// large as it may ever be, which costs nothing until it is filled, and what it is not to use is reserved. It has a few more shards than one of
// the present size would have on a machine with many processors. Memtables stay as they are: they are an eighth of the size at the start.
type budget struct {
	max   int64 // set by Open
	bytes atomic.Int64

	mu      sync.Mutex // guards release
	release func()     // of the reservation
}

// makeCaches makes the caches of a store that is being opened.
func (s *Store) makeCaches(o Options) {
	bytes := max(o.CacheBytes, minCacheBytes)
	if o.CacheBytes == 0 {
		bytes = defaultCacheBytes
	}
	s.budget.max = max(o.MaxCacheBytes, bytes)
	s.rows = newRowCache(0)
	s.cache = pebble.NewCache(engineBytes(s.budget.max))
	s.ResizeCache(bytes)
}

// engineBytes is what the engine gets of a budget for blocks and memtables.
func engineBytes(budget int64) int64 { return blockCacheBytes(budget - rowCacheBytes(budget)) }

// ResizeCache changes the memory for the caches, and returns what it is then: not less than 16 MB, and not more than MaxCacheBytes. What has no room
// any more goes at once.
func (s *Store) ResizeCache(bytes int64) int64 {
	b := &s.budget
	b.mu.Lock()
	defer b.mu.Unlock()
	bytes = min(max(bytes, minCacheBytes), b.max)
	b.bytes.Store(bytes)
	s.rows.resize(rowCacheBytes(bytes))
	if b.release != nil {
		b.release() // before the new one: both together would drive out more than they have to
		b.release = nil
	}
	if rest := engineBytes(b.max) - engineBytes(bytes); rest > 0 {
		b.release = s.cache.Reserve(int(rest))
	}
	return bytes
}
