package system

import (
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// scratchTable is _debug_scratch: rows that live in this process only.
type scratchTable struct {
	mu   sync.Mutex // guards rows
	rows map[string]datum.Value
}

func (t *scratchTable) list(context.Context, view) ([]datum.Value, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.rows)), nil
}

func (t *scratchTable) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	k, err := datum.PrimaryKey(key)
	if err != nil {
		return datum.Value{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows[string(k)], nil
}

func (t *scratchTable) write(_ context.Context, _ view, w rowWrite) (datum.Value, error) {
	k, err := datum.PrimaryKey(w.key)
	if err != nil {
		return datum.Value{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if w.new.IsAbsent() {
		delete(t.rows, string(k))
	} else {
		t.rows[string(k)] = w.new.Own()
	}
	return w.new, nil
}

// debugStats is _debug_stats: figures of the storage engine and the process, for whoever looks into a problem.
type debugStats struct {
	s *System
	readOnly
}

func (t debugStats) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "_debug_stats", v, t)
	return rows, err
}

func (t debugStats) own(context.Context, view) ([]datum.Value, error) {
	server := t.s.catalog.Snapshot().Server()
	m := t.s.store.Metrics()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	replicas, awake := t.s.catalog.Replicas()
	count := func(key string, n int64) datum.Field { return field(key, datum.Int(n)) }
	return []datum.Value{object(
		field("id", str(server.ID)),
		field("name", str(server.Name)),
		field("stats", object(
			field("query_engine", object(
				count("client_connections", int64(t.s.sessions.Sessions())),
				count("clients_active", int64(t.s.sessions.Active())),
				count("queries_total", t.s.counters.queries.Load()),
			)),
			field("storage_engine", object(
				count("disk_bytes", m.DiskBytes),
				count("log_bytes", m.LogBytes),
				count("cache_bytes", m.CacheBytes),
				count("cache_capacity_bytes", m.CacheCapacityBytes),
				count("cache_hits", m.CacheHits),
				count("cache_misses", m.CacheMisses),
				count("memtable_bytes", m.MemtableBytes),
				count("flushes", m.Flushes),
				count("compactions", m.Compactions),
				count("compaction_debt_bytes", m.CompactionDebt),
				count("read_amplification", int64(m.ReadAmplification)),
				count("write_stalls", m.WriteStalls),
				count("background_errors", m.BackgroundErrors),
			)),
			field("replication", object( // of groups with several replicas
				count("replicas", int64(replicas)),
				count("awake", int64(awake)),
			)),
			field("process", object(
				count("goroutines", int64(runtime.NumGoroutine())),
				count("heap_bytes", int64(mem.HeapAlloc)),
				count("memory_bytes", int64(mem.Sys)),
				count("garbage_collections", int64(mem.NumGC)),
			)),
		)),
	)}, nil
}

func (t debugStats) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

// debugTableStatus is _debug_table_status: where the shards of each table begin and which groups of storage hold them.
type debugTableStatus struct {
	s *System
	readOnly
}

func (t debugTableStatus) row(snap *catalog.Snapshot, c catalog.TableConfig, f Format) datum.Value {
	splits := make([]datum.Value, len(c.SplitPoints))
	for i, s := range c.SplitPoints {
		splits[i] = datum.Binary([]byte(s))
	}
	groups := make([]datum.Value, len(c.Groups))
	for i, g := range c.Groups {
		groups[i] = datum.Int(int64(g))
	}
	return object(
		field("id", str(c.ID)),
		field("db", f.database(snap, c.Database)),
		field("name", str(c.Name)),
		field("config", tableConfigRow(snap, c, f)),
		field("shard_scheme", object(field("split_points", datum.Array(splits)))),
		field("table_server_status", datum.Array([]datum.Value{object(
			field("server", str(snap.Server().ID)),
			field("groups", datum.Array(groups)),
		)})),
	)
}

func (t debugTableStatus) list(_ context.Context, v view) ([]datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	var rows []datum.Value
	for _, table := range snap.Tables() {
		rows = append(rows, t.row(snap, table.Config, v.format))
	}
	return rows, nil
}

func (t debugTableStatus) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}
