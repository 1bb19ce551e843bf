package system

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// counters are what the table stats is made of beside the tables' own totals. Totals only grow; rates come from
// differences that one goroutine takes every second, so that counting costs queries nothing but an addition.
type counters struct {
	queries atomic.Int64

	mu   sync.Mutex // guards the rest
	last sample
	rate rates
}

// sample is all totals at one time.
type sample struct {
	at      time.Time
	queries int64
	tables  map[catalog.TableID]table.Stats
}

// rates are per second, over the time between the last two samples.
type rates struct {
	queries float64
	tables  map[catalog.TableID]docRates
}

type docRates struct{ read, written float64 }

func (r docRates) plus(o docRates) docRates { return docRates{r.read + o.read, r.written + o.written} }

// sampleEvery is the time that rates are averaged over.
const sampleEvery = time.Second

// sample takes the totals and works out the rates since the last time.
func (c *counters) sample(now time.Time, snap *catalog.Snapshot) {
	s := sample{at: now, queries: c.queries.Load(), tables: map[catalog.TableID]table.Stats{}}
	for _, t := range snap.Tables() {
		s.tables[t.Config.ID] = t.Stats()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rate = rates{tables: map[catalog.TableID]docRates{}}
	if seconds := s.at.Sub(c.last.at).Seconds(); seconds > 0 && !c.last.at.IsZero() {
		c.rate.queries = float64(s.queries-c.last.queries) / seconds
		for id, now := range s.tables {
			before := c.last.tables[id] // zero for a table that is new
			c.rate.tables[id] = docRates{
				read:    float64(now.RowsRead-before.RowsRead) / seconds,
				written: float64(now.RowsWritten-before.RowsWritten) / seconds,
			}
		}
	}
	c.last = s
}

func (c *counters) rates() rates {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rate // its map is never changed after it was made
}

// sampleLoop runs until ctx ends.
func (s *System) sampleLoop(ctx context.Context) {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		s.counters.sample(s.now(), s.catalog.Snapshot())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// statsTable is the table stats: what each server and each replica does, and sums of that.
type statsTable struct {
	s *System
	readOnly
}

func (t statsTable) own(_ context.Context, v view) ([]datum.Value, error) {
	snap, rate := t.s.catalog.Snapshot(), t.s.counters.rates()
	rows := []datum.Value{t.server(snap, v.format, rate)}
	cache := t.s.store.Metrics().CacheBytes
	tables := slices.DeleteFunc(snap.Tables(), func(t *catalog.Table) bool {
		return len(t.ReplicaStates(snap)) == 0
	})
	sizes, all := make([]int64, len(tables)), int64(0)
	for i, tbl := range tables {
		size, err := tbl.EstimatedBytes()
		if err != nil {
			return nil, err
		}
		sizes[i] = size
		all += size
	}
	for i, tbl := range tables {
		share := 0.0
		if all > 0 {
			share = float64(cache) * float64(sizes[i]) / float64(all)
		}
		rows = append(rows, tableServerStats(snap, tbl, v.format, rate, int64(share), sizes[i]))
	}
	return rows, nil
}

func (t statsTable) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, silent, err := t.s.everywhere(ctx, "stats", v, t)
	if err != nil {
		return nil, err
	}
	snap := t.s.catalog.Snapshot()
	sums := []datum.Value{clusterStats(rows)}
	for _, tbl := range snap.Tables() {
		sums = append(sums, tableStats(snap, tbl, v.format, rows))
	}
	return append(append(rows, sums...), noStats(snap, v.format, silent)...), nil
}

// noStats are the rows of servers that do not answer.
func noStats(snap *catalog.Snapshot, f Format, silent []catalog.ServerID) []datum.Value {
	timedOut := field("error", str("Timed out. Unable to retrieve stats."))
	var rows []datum.Value
	for _, id := range silent {
		rows = append(rows, object(statsID("server", string(id)), field("server", f.server(snap, id)), timedOut))
		for _, t := range snap.Tables() {
			if slices.Contains(servers(&t.Config), id) {
				rows = append(rows, object(append(tableStatsFields(snap, t, f, "table_server", t.ID(), string(id)),
					field("server", f.server(snap, id)), timedOut)...))
			}
		}
	}
	return rows
}

func (t statsTable) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	if key.Kind() != datum.KindArray {
		return datum.Value{}, nil
	}
	return getByListing(ctx, t, v, key)
}

func statsID(parts ...string) datum.Field { return field("id", strArray(parts)) }

func perSecond(f float64) datum.Value { return datum.Number(f) }

// sumOf adds up a number of query_engine in the rows of a kind; subject is the second part of their keys, empty for all.
func sumOf(rows []datum.Value, kind, subject, key string) datum.Value {
	sum := 0.0
	for _, row := range rows {
		id, _ := row.Get(primaryKey)
		if id.Kind() != datum.KindArray || id.Len() < 2 || !datum.Equal(id.At(0), str(kind)) || subject != "" && !datum.Equal(id.At(1), str(subject)) {
			continue
		}
		sum += number(row, "query_engine", key)
	}
	return datum.Number(sum)
}

func clusterStats(rows []datum.Value) datum.Value {
	var sums []datum.Field
	for _, key := range []string{"client_connections", "clients_active", "queries_per_sec", "read_docs_per_sec", "written_docs_per_sec"} {
		sums = append(sums, field(key, sumOf(rows, "server", "", key)))
	}
	return object(statsID("cluster"), field("query_engine", object(sums...)))
}

func (r rates) all(snap *catalog.Snapshot) docRates {
	var sum docRates
	for _, t := range snap.Tables() {
		sum = sum.plus(r.tables[t.Config.ID])
	}
	return sum
}

func (t statsTable) server(snap *catalog.Snapshot, f Format, r rates) datum.Value {
	docs := r.all(snap)
	var total table.Stats
	for _, tbl := range snap.Tables() {
		one := tbl.Stats()
		total.RowsRead += one.RowsRead
		total.RowsWritten += one.RowsWritten
	}
	id := snap.Server().ID
	return object(
		statsID("server", string(id)),
		field("server", f.server(snap, id)),
		field("query_engine", object(
			field("client_connections", datum.Int(int64(t.s.sessions.Sessions()))),
			field("clients_active", datum.Int(int64(t.s.sessions.Active()))),
			field("queries_per_sec", perSecond(r.queries)),
			field("queries_total", datum.Int(t.s.counters.queries.Load())),
			field("read_docs_per_sec", perSecond(docs.read)),
			field("read_docs_total", datum.Int(total.RowsRead)),
			field("written_docs_per_sec", perSecond(docs.written)),
			field("written_docs_total", datum.Int(total.RowsWritten)),
		)),
	)
}

func tableStats(snap *catalog.Snapshot, t *catalog.Table, f Format, rows []datum.Value) datum.Value {
	return object(append(tableStatsFields(snap, t, f, "table", t.ID()), field("query_engine", object(
		field("read_docs_per_sec", sumOf(rows, "table_server", t.ID(), "read_docs_per_sec")),
		field("written_docs_per_sec", sumOf(rows, "table_server", t.ID(), "written_docs_per_sec")),
	)))...)
}

// tableStatsFields are what rows about a table begin with.
func tableStatsFields(snap *catalog.Snapshot, t *catalog.Table, f Format, id ...string) []datum.Field {
	return []datum.Field{statsID(id...), field("db", f.database(snap, t.Config.Database)), field("table", f.pick(t.Name(), t.ID()))}
}

// tableServerStats has what one server does for one table. All tables share the store's files and cache, so what
// cannot be told apart is 0, and the use of the cache is shared out by the size of the tables.
func tableServerStats(snap *catalog.Snapshot, t *catalog.Table, f Format, r rates, cacheBytes, dataBytes int64) datum.Value {
	docs, total := r.tables[t.Config.ID], t.Stats()
	id := snap.Server().ID
	zero := datum.Int(0)
	return object(append(tableStatsFields(snap, t, f, "table_server", t.ID(), string(id)),
		field("server", f.server(snap, id)),
		field("query_engine", object(
			field("read_docs_per_sec", perSecond(docs.read)),
			field("read_docs_total", datum.Int(total.RowsRead)),
			field("written_docs_per_sec", perSecond(docs.written)),
			field("written_docs_total", datum.Int(total.RowsWritten)),
		)),
		field("storage_engine", object(
			field("cache", object(field("in_use_bytes", datum.Int(cacheBytes)))),
			field("disk", object(
				field("read_bytes_per_sec", zero),
				field("read_bytes_total", zero),
				field("written_bytes_per_sec", zero),
				field("written_bytes_total", zero),
				field("space_usage", object(
					field("data_bytes", datum.Int(dataBytes)),
					field("garbage_bytes", zero),
					field("metadata_bytes", zero),
					field("preallocated_bytes", zero),
				)),
			)),
		)),
	)...)
}
