package table

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync/atomic"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
)

// Errors that the write path and the stored rows bring about.
var (
	ErrUnknownOutcome = shard.ErrUnknownOutcome
	ErrPartlyWritten  = shard.ErrPartlyWritten
	ErrCorruptRow     = shard.ErrCorruptRow
	ErrDropped        = shard.ErrDropped
	ErrDiskFull       = storage.ErrDiskFull
	ErrFailed         = storage.ErrFailed
	ErrNotPrimary     = replication.ErrNotPrimary
	ErrNoQuorum       = replication.ErrNoQuorum
	ErrFateUnknown    = replication.ErrUnknownOutcome
)

// Config is what a table has to know about itself. The catalog keeps it.
type Config struct {
	ID         string // uuid
	PrimaryKey string // name of the field; never changes
	Durability Durability
	Shards     []ShardConfig // in the order of their key ranges
}

// ShardConfig is where a shard is.
type ShardConfig struct {
	Group storage.GroupID
}

// A Table is safe for concurrent use.
type Table struct {
	// Set by Create or Open, then constant.
	id         string
	primaryKey string
	shards     []*shard.Shard // one today; see route

	config atomic.Pointer[Config]
}

// Create makes the data of a new table, whose groups nobody else has had, and returns the table. Its Config must be kept for Open:
// data that no kept configuration mentions is what Sweep removes.
func Create(ctx context.Context, store *storage.Store, c Config) (*Table, error) {
	if len(c.Shards) != 1 {
		return nil, fmt.Errorf("create table %s: its configuration has %d shards, not 1", c.ID, len(c.Shards))
	}
	s, err := shard.Create(ctx, store, shard.Config{Group: c.Shards[0].Group, PrimaryKey: c.PrimaryKey})
	if err != nil {
		return nil, fmt.Errorf("create table %s: %w", c.ID, err)
	}
	return newTable(c, []*shard.Shard{s}), nil
}

// Open returns a table that Create has made.
func Open(store *storage.Store, c Config) (*Table, error) {
	if len(c.Shards) != 1 {
		return nil, fmt.Errorf("open table %s: its configuration has %d shards, not 1", c.ID, len(c.Shards))
	}
	s, err := shard.Open(store, shard.Config{Group: c.Shards[0].Group, PrimaryKey: c.PrimaryKey})
	if err != nil {
		return nil, fmt.Errorf("open table %s: %w", c.ID, err)
	}
	return newTable(c, []*shard.Shard{s}), nil
}

// OpenReplica returns a table whose rows are those of a group that is open, or absent.
func OpenReplica(store *storage.Store, g replication.Group, c Config) (*Table, error) {
	s, err := shard.OpenReplica(store, g, shard.Config{Group: c.Shards[0].Group, PrimaryKey: c.PrimaryKey})
	if err != nil {
		return nil, fmt.Errorf("open table %s: %w", c.ID, err)
	}
	return newTable(c, []*shard.Shard{s}), nil
}

// Group returns the group that has the rows. SetGroup replaces it by one of another kind, and Reload reads again what is remembered of
// rows that others have written.
func (t *Table) Group() replication.Group     { return t.shards[0].Group() }
func (t *Table) SetGroup(g replication.Group) { t.shards[0].SetGroup(g) }
func (t *Table) Reload() error                { return t.shards[0].Reload() }

// Ready makes sure that a read in a mode sees what it has to: with ReadMajority, everything that was acknowledged anywhere before the call.
func (t *Table) Ready(ctx context.Context, m ReadMode) error {
	if m != ReadMajority {
		return nil
	}
	if g, ok := t.Group().(*replication.Raft); ok {
		return g.ReadIndex(ctx)
	}
	return nil
}

func newTable(c Config, shards []*shard.Shard) *Table {
	t := &Table{id: c.ID, primaryKey: c.PrimaryKey, shards: shards}
	t.config.Store(&c)
	return t
}

// Sweep removes the data of groups that are not among these: what is left of a Create or a Drop that a crash interrupted. Call it
// before tables are opened.
func Sweep(ctx context.Context, store *storage.Store, live []storage.GroupID) (swept int, err error) {
	groups, err := store.Groups()
	if err != nil {
		return 0, fmt.Errorf("look for data of dropped tables: %w", err)
	}
	b := store.NewBatch()
	defer b.Close()
	for _, g := range groups {
		if !slices.Contains(live, g) {
			b.DeleteGroup(g)
			swept++
		}
	}
	if err := store.Commit(ctx, b, true); err != nil {
		return 0, fmt.Errorf("remove data of dropped tables: %w", err)
	}
	return swept, nil
}

// Drop removes the table's data. First make sure that no configuration mentions it any more: then a crash in between leaves
// nothing but work for Sweep. Later writes fail with ErrDropped, scans that have begun go on.
func (t *Table) Drop(ctx context.Context) error {
	for _, s := range t.shards {
		if err := s.Drop(ctx); err != nil {
			return fmt.Errorf("drop table %s: %w", t.id, err)
		}
	}
	return nil
}

// ID returns the table's uuid.
func (t *Table) ID() string { return t.id }

// PrimaryKey returns the name of the primary key's field.
func (t *Table) PrimaryKey() string { return t.primaryKey }

// Config returns the present configuration.
func (t *Table) Config() Config { return *t.config.Load() }

// SetDurability changes what writes without a durability of their own wait for.
func (t *Table) SetDurability(d Durability) {
	for {
		old := t.config.Load()
		c := *old
		c.Durability = d
		if t.config.CompareAndSwap(old, &c) {
			return
		}
	}
}

// Durable reports whether a write of that durability waits for the disk.
func (t *Table) Durable(d Durability) bool {
	if d == DurabilityDefault {
		d = t.config.Load().Durability
	}
	return d != DurabilitySoft
}

// route returns the shard that has a key. With one shard there is nothing to decide; with several, Write, Scan and
// ScanParallel have to ask each shard for its part too.
func (t *Table) route([]byte) *shard.Shard { return t.shards[0] }

// Get returns the row with a primary key, absent if there is none. A value that cannot be a primary key is a *datum.Error.
func (t *Table) Get(_ context.Context, pk datum.Value, _ ReadOptions) (datum.Value, error) {
	var buf [keyBytes]byte
	key, err := appendPrimaryKey(buf[:0], pk)
	if err != nil {
		return datum.Value{}, err
	}
	return t.route(key).Get(key)
}

// GetMany returns the rows of several primary keys, absent where there is none, all of one state of the table. It is cheaper
// than as many calls of Get. The first value that cannot be a primary key makes it fail with a *datum.Error.
func (t *Table) GetMany(ctx context.Context, pks []datum.Value, _ ReadOptions) ([]datum.Value, error) {
	keys := make([][]byte, len(pks))
	all := make([]byte, 0, keyBytes*len(pks))
	for i, pk := range pks {
		start := len(all)
		var err error
		if all, err = appendPrimaryKey(all, pk); err != nil {
			return nil, err
		}
		keys[i] = all[start:len(all):len(all)]
	}
	rows := make([]datum.Value, len(pks))
	return rows, t.shards[0].GetMany(ctx, keys, rows)
}

// Count returns the number of rows. It does not depend on their number.
func (t *Table) Count(context.Context) (int64, error) {
	n := int64(0)
	for _, s := range t.shards {
		n += s.Count()
	}
	return n, nil
}

// Sync returns when all writes that were acknowledged before the call are on disk.
func (t *Table) Sync(ctx context.Context) error {
	for _, s := range t.shards {
		if err := s.Sync(ctx); err != nil {
			return fmt.Errorf("sync table %s: %w", t.id, err)
		}
	}
	return nil
}

// Stats are totals since the table was opened.
type Stats struct {
	RowsRead    int64
	RowsWritten int64 // changed rows
}

// Stats returns the totals.
func (t *Table) Stats() Stats {
	var sum Stats
	for _, s := range t.shards {
		one := s.Stats()
		sum.RowsRead += one.RowsRead
		sum.RowsWritten += one.RowsWritten
	}
	return sum
}

// EstimatedBytes returns about how much of the disk the table takes. What is not yet flushed does not count.
func (t *Table) EstimatedBytes() (int64, error) {
	sum := int64(0)
	for _, s := range t.shards {
		n, err := s.EstimatedBytes()
		if err != nil {
			return 0, fmt.Errorf("estimate the size of table %s: %w", t.id, err)
		}
		sum += n
	}
	return sum, nil
}

// Write changes rows. Errors of a row are in its result. The error of Write itself says that nothing was written, except
// when it wraps ErrUnknownOutcome, and the results are there, too, or ErrPartlyWritten.
func (t *Table) Write(ctx context.Context, req WriteRequest) ([]WriteResult, error) {
	if len(req.Keys) == 1 {
		return t.writeOne(ctx, req)
	}
	return t.write(ctx, req, &shard.Request{
		Keys:    make([][]byte, len(req.Keys)),
		Results: make([]WriteResult, len(req.Keys)),
	}, make([]byte, 0, keyBytes*len(req.Keys)))
}

// writeOne is Write for one key. All that it needs is one allocation instead of four.
func (t *Table) writeOne(ctx context.Context, req WriteRequest) ([]WriteResult, error) {
	var m struct {
		request shard.Request
		key     [1][]byte
		result  [1]WriteResult
		encoded [keyBytes]byte
	}
	m.request.Keys = m.key[:]
	m.request.Results = m.result[:]
	return t.write(ctx, req, &m.request, m.encoded[:0])
}

// write encodes the keys into buf, if it is large enough, and writes.
func (t *Table) write(ctx context.Context, req WriteRequest, r *shard.Request, buf []byte) ([]WriteResult, error) {
	r.Values = req.Keys
	r.Update = req.Update
	r.Fresh = req.Generated
	r.Durable = t.Durable(req.Durability)
	for i, v := range r.Values {
		start := len(buf)
		longer, err := appendPrimaryKey(buf, v)
		if err != nil {
			r.Results[i].Err = err
			continue
		}
		buf = longer
		r.Keys[i] = buf[start:len(buf):len(buf)]
	}
	return r.Results, t.shards[0].Write(ctx, r)
}

// keyBytes is room for usual primary keys: a uuid takes 38 bytes.
const keyBytes = 48

// appendPrimaryKey appends the encoding of a primary key, or returns the error of a value that cannot be one.
func appendPrimaryKey(dst []byte, v datum.Value) ([]byte, error) {
	switch v.Kind() {
	case datum.KindNumber, datum.KindBool:
		// always a valid key
	default:
		if err := datum.CheckPrimaryKey(v); err != nil {
			return nil, err
		}
	}
	return datum.AppendKey(dst, v)
}

// Scan returns the rows of a range in the order of the primary key. They are of one state of the table from the first row on,
// and again from the first row after each Park. Close them.
func (t *Table) Scan(_ context.Context, o ScanOptions) (Rows, error) {
	so, err := shardOptions(o)
	if err != nil {
		return nil, err
	}
	return t.shards[0].Scan(so), nil
}

// ScanParallel calls each for up to n workers, concurrently when the range has more than a few hundred rows. Every row of the
// range, of one snapshot, comes to exactly one worker, in no defined order. The first error ends the scan. A worker that
// returns early without an error forgoes only its own rows. Worker 0 runs in the caller's goroutine; ScanParallel returns
// after all of them.
func (t *Table) ScanParallel(_ context.Context, o ScanOptions, n int, each func(worker int, rows Rows) error) error {
	so, err := shardOptions(o)
	if err != nil {
		return err
	}
	return t.shards[0].ScanParallel(so, n, func(worker int, rows *shard.ParallelRows) error { return each(worker, rows) })
}

func shardOptions(o ScanOptions) (shard.ScanOptions, error) {
	b, err := keyBounds(o.Range)
	return shard.ScanOptions{Bounds: b, Descending: o.Descending, Transient: o.Transient, At: o.At}, err
}

// keyBounds turns a range of values into one of keys. A closed high bound, and an open low one, end after their key: the
// smallest key that is greater than k is k followed by a zero byte.
func keyBounds(r Range) (b shard.Bounds, err error) {
	empty := shard.Bounds{Low: []byte{0xff}, High: []byte{0}}
	switch r.Low.Kind() {
	case datum.KindAbsent, datum.KindMinVal: // unbounded
	case datum.KindMaxVal:
		return empty, nil
	default:
		if b.Low, err = appendPrimaryKey(nil, r.Low); err != nil {
			return b, err
		}
		if r.LowOpen {
			b.Low = append(b.Low, 0)
		}
	}
	switch r.High.Kind() {
	case datum.KindAbsent, datum.KindMaxVal: // unbounded
	case datum.KindMinVal:
		return empty, nil
	default:
		if b.High, err = appendPrimaryKey(nil, r.High); err != nil {
			return b, err
		}
		if !r.HighOpen {
			b.High = append(b.High, 0)
		}
	}
	if b.Low != nil && b.High != nil && bytes.Compare(b.Low, b.High) >= 0 {
		return empty, nil
	}
	return b, nil
}
