//go:build !cgo

package storage

// CacheOffHeap tells that cached blocks and memtables are C memory, which Go's collector does not count.
const CacheOffHeap = false

// blockCacheBytes is what the engine may cache out of the budget.
func blockCacheBytes(budget int64) int64 { return budget }
