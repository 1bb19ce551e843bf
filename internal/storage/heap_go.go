//go:build !cgo

package storage

// HeapBytes is how much of the cache's budget is Go memory.
func HeapBytes(budget int64) int64 { return budget }

// blockCacheBytes is what the engine may cache out of the budget.
func blockCacheBytes(budget int64) int64 { return budget }
