package system

import (
	"context"

	"rethinkdb/internal/datum"
)

// Usage is what this server takes of its machine at the moment.
type Usage struct {
	MemoryBytes      int64 // of the process, resident
	MemoryTotalBytes int64 // of the machine, or what its control group allows
	DiskFreeBytes    int64 // of the file system that the data is in, for the server's user
	DiskTotalBytes   int64
}

// serverUsage is server_usage: what each connected server takes of its machine. The table stats has what servers do, with the fields that RethinkDB
// has and no others.
type serverUsage struct {
	s *System
	readOnly
}

func (t serverUsage) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "server_usage", v, t)
	return rows, err
}

func (t serverUsage) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

// own is one row: the memory of the process, the cache of all tables together, and the disk. There is none when nobody knows.
func (t serverUsage) own(_ context.Context, v view) ([]datum.Value, error) {
	if t.s.usage == nil {
		return nil, nil
	}
	snap, usage, store := t.s.catalog.Snapshot(), t.s.usage(), t.s.store.Metrics()
	id := snap.Server().ID
	return []datum.Value{object(
		field("id", str(id)),
		field("server", v.format.server(snap, id)),
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
	)}, nil
}
