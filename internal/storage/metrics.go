package storage

// Metrics is a picture of the store for statistics and monitoring.
type Metrics struct {
	DiskBytes          int64 // all files of the store
	LogBytes           int64 // write-ahead log, live part
	CacheBytes         int64 // blocks and rows in the cache
	CacheCapacityBytes int64 // CacheBytes of Options, or what ResizeCache has made of it
	MemtableBytes      int64
	CacheHits          int64
	CacheMisses        int64
	Flushes            int64
	Compactions        int64
	CompactionDebt     int64 // estimate of the bytes that compactions have yet to rewrite
	ReadAmplification  int   // sorted runs that a read may have to look at
	WriteStalls        int64
	BackgroundErrors   int64
	Corruptions        int64
	SyncedBatches      int64
}

// Metrics returns the present figures. It takes some microseconds.
func (s *Store) Metrics() Metrics {
	m := s.db.Metrics()
	return Metrics{
		DiskBytes:          int64(m.DiskSpaceUsage()),
		LogBytes:           int64(m.WAL.Size),
		CacheBytes:         m.BlockCache.Size + s.rows.size(),
		CacheCapacityBytes: s.budget.bytes.Load(),
		MemtableBytes:      int64(m.MemTable.Size),
		CacheHits:          m.BlockCache.Hits,
		CacheMisses:        m.BlockCache.Misses,
		Flushes:            m.Flush.Count,
		Compactions:        m.Compact.Count,
		CompactionDebt:     int64(m.Compact.EstimatedDebt),
		ReadAmplification:  m.ReadAmp(),
		WriteStalls:        s.stalls.Load(),
		BackgroundErrors:   s.bgErrors.Load(),
		Corruptions:        s.corrupt.Load(),
		SyncedBatches:      int64(s.sync.durableBatches.Load()),
	}
}

// ApproximateSize estimates the bytes on disk of the keys in [lower, upper). What is not yet flushed does not count.
func (s *Store) ApproximateSize(lower, upper []byte) (int64, error) {
	n, err := s.db.EstimateDiskUsage(lower, upper)
	return int64(n), err
}
