package system

import "rethinkdb/internal/datum"

// Usage is what this server takes of its machine at the moment.
type Usage struct {
	MemoryBytes      int64 // of the process, resident
	MemoryTotalBytes int64 // of the machine, or what its control group allows
	DiskFreeBytes    int64 // of the file system that the data is in, for the server's user
	DiskTotalBytes   int64
}

// usageFields are what the server's row of stats has beside RethinkDB's fields: the memory of the process, the cache of all tables
// together, and the disk. There are none when nobody knows.
func (s *System) usageFields() []datum.Field {
	if s.usage == nil {
		return nil
	}
	usage, store := s.usage(), s.store.Metrics()
	return []datum.Field{
		field("process", object(
			field("memory_bytes", datum.Int(usage.MemoryBytes)),
			field("memory_total_bytes", datum.Int(usage.MemoryTotalBytes)),
		)),
		field("storage_engine", object(
			field("cache", object(
				field("in_use_bytes", datum.Int(store.CacheBytes)),
				field("size_bytes", datum.Int(store.CacheCapacityBytes)),
			)),
			field("disk", object(
				field("used_bytes", datum.Int(store.DiskBytes)),
				field("free_bytes", datum.Int(usage.DiskFreeBytes)),
				field("total_bytes", datum.Int(usage.DiskTotalBytes)),
			)),
		)),
	}
}
