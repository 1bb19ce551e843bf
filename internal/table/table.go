package table

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

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
	ErrMoved          = shard.ErrMoved
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

	// The layout. Groups are those of the parts, Splits the encoded primary keys at which shards 1, 2, … begin, and Parts says for each
	// shard which group has it. Parts may be nil when there is only one group.
	Groups []storage.GroupID
	Splits []string
	Parts  []int

	// Where the rows were before, the oldest division first, and where the histories of Groups begin. See Division.
	Past   []Division
	Starts []HistoryPlace
}

// A Table is safe for concurrent use.
type Table struct {
	// Set by New, then constant.
	id         string
	primaryKey string
	shared     *shared
	follows    *Table // of a view of Share: the table; nil for others

	layout atomic.Pointer[layout]
}

// shared is what a table and its views have in common.
type shared struct {
	config atomic.Pointer[Config]
	remote Remote // nil for a server that has no others; constant once the table is used
}

// New returns a table whose parts, in the order of the groups, are open.
func New(c Config, parts []*Part) (*Table, error) {
	l, err := newLayout(&c, parts)
	if err != nil {
		return nil, err
	}
	t := &Table{id: c.ID, primaryKey: c.PrimaryKey, shared: new(shared)}
	t.layout.Store(l)
	t.shared.config.Store(&c)
	return t, nil
}

// Create makes the data of a new table, whose groups nobody else has had, and returns the table. Its Config must be kept for Open:
// data that no kept configuration mentions is what Sweep removes.
func Create(ctx context.Context, store *storage.Store, c Config) (*Table, error) {
	return assemble(c, func(g storage.GroupID) (*Part, error) { return CreatePart(ctx, store, g, c.PrimaryKey) })
}

// Open returns a table that Create has made.
func Open(store *storage.Store, c Config) (*Table, error) {
	return assemble(c, func(g storage.GroupID) (*Part, error) { return OpenPart(store, g, c.PrimaryKey, nil) })
}

// OpenReplica returns a table of one part, whose rows are those of a group that is open, or absent.
func OpenReplica(store *storage.Store, g replication.Group, c Config) (*Table, error) {
	return assemble(c, func(number storage.GroupID) (*Part, error) { return OpenPart(store, number, c.PrimaryKey, g) })
}

func assemble(c Config, part func(storage.GroupID) (*Part, error)) (*Table, error) {
	var parts []*Part
	for _, g := range c.Groups {
		p, err := part(g)
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", c.ID, err)
		}
		parts = append(parts, p)
	}
	return New(c, parts)
}

// first is the only part of a table, or a view, that has no others.
func (t *Table) first() *Part { return t.layout.Load().parts[0] }

// Group returns the group that has the rows of a table with one part. SetGroup replaces it by one of another kind, and Reload reads again
// what is remembered of rows that others have written.
func (t *Table) Group() replication.Group     { return t.first().Group() }
func (t *Table) SetGroup(g replication.Group) { t.first().SetGroup(g) }
func (t *Table) Reload() error                { return t.first().Reload() }

// Ready makes sure that a read in a mode sees what it has to: with ReadMajority, everything that was acknowledged anywhere before the call.
// What is asked of other servers is made sure there.
func (t *Table) Ready(ctx context.Context, m ReadMode) error {
	if m != ReadMajority {
		return nil
	}
	for {
		l := t.layout.Load()
		err := t.readyParts(ctx, l)
		if !errors.Is(err, ErrMoved) || l.of != nil || !l.moved() {
			return err
		}
	}
}

func (t *Table) readyParts(ctx context.Context, l *layout) error {
	for _, p := range l.parts {
		if g, ok := p.Group().(*replication.Raft); ok && (t.shared.remote == nil || p.Here()) {
			if err := g.ReadIndex(ctx); err != nil {
				return err
			}
		}
		if p.Here() {
			if err := p.AwaitOpen(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// Orphans are the groups in the store that are not among these: what is left of a Create or a Drop that a crash interrupted. Sweep removes their data.
func Orphans(store *storage.Store, live []storage.GroupID) ([]storage.GroupID, error) {
	groups, err := store.Groups()
	if err != nil {
		return nil, fmt.Errorf("look for data of dropped tables: %w", err)
	}
	return slices.DeleteFunc(groups, func(g storage.GroupID) bool { return slices.Contains(live, g) }), nil
}

// Sweep removes the data of groups that no table has.
func Sweep(ctx context.Context, store *storage.Store, orphans []storage.GroupID) error {
	b := store.NewBatch()
	defer b.Close()
	for _, g := range orphans {
		b.DeleteGroup(g)
	}
	if err := store.Commit(ctx, b, true); err != nil {
		return fmt.Errorf("remove data of dropped tables: %w", err)
	}
	return nil
}

// Drop removes the table's data. First make sure that no configuration mentions it any more: then a crash in between leaves
// nothing but work for Sweep. Later writes fail with ErrDropped, scans that have begun go on.
func (t *Table) Drop(ctx context.Context) error {
	var failed error
	for _, p := range t.layout.Load().parts {
		if err := p.Drop(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("drop table %s: %w", t.id, err))
		}
	}
	return failed
}

// ID returns the table's uuid.
func (t *Table) ID() string { return t.id }

// PrimaryKey returns the name of the primary key's field.
func (t *Table) PrimaryKey() string { return t.primaryKey }

// Config returns the present configuration.
func (t *Table) Config() Config { return *t.shared.config.Load() }

// SetDurability changes what writes without a durability of their own wait for.
func (t *Table) SetDurability(d Durability) {
	for {
		old := t.shared.config.Load()
		c := *old
		c.Durability = d
		if t.shared.config.CompareAndSwap(old, &c) {
			return
		}
	}
}

// Durable reports whether a write of that durability waits for the disk.
func (t *Table) Durable(d Durability) bool {
	if d == DurabilityDefault {
		d = t.shared.config.Load().Durability
	}
	return d != DurabilitySoft
}

// Stats are totals since the table was opened.
type Stats struct {
	RowsRead    int64
	RowsWritten int64 // changed rows
}

// Stats returns the totals of this server.
func (t *Table) Stats() Stats {
	var sum Stats
	for _, p := range t.layout.Load().parts {
		one := p.Stats()
		sum.RowsRead += one.RowsRead
		sum.RowsWritten += one.RowsWritten
	}
	return sum
}

// EstimatedBytes returns about how much of this server's disk the table takes. What is not yet flushed does not count.
func (t *Table) EstimatedBytes() (int64, error) {
	sum := int64(0)
	for _, p := range t.layout.Load().parts {
		n, err := p.EstimatedBytes()
		if err != nil {
			return 0, fmt.Errorf("estimate the size of table %s: %w", t.id, err)
		}
		sum += n
	}
	return sum, nil
}
