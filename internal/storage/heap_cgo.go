//go:build cgo

package storage

// HeapBytes is how much of the cache's budget is Go memory. Cached blocks and memtables are C memory, which Go's collector
// does not count; rows are Go memory.
func HeapBytes(budget int64) int64 { return rowCacheBytes(budget) }

// blockCacheBytes is what the engine may cache out of the budget. Blocks come in all sizes, and the C library's allocator
// needs half as much again as what it hands out: with the whole budget of 256 MB a scan of a million documents of 1 KB was
// measured at 490 MB outside of Go's heap.
func blockCacheBytes(budget int64) int64 { return budget - budget/3 }
