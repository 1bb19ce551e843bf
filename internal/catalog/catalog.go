package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// Options configure Open.
type Options struct {
	Store *storage.Store
	Log   *slog.Logger
	// NewServer is the identity of a server whose data directory is new. An empty ID is replaced by a random one.
	NewServer Server
	// Compile makes the functions of secondary indexes. Without it no table may have any.
	Compile IndexCompiler
	// History limits the change history of tables without limits of their own. Zero means DefaultHistory.
	History HistoryLimits
	// Cells makes the cells of geospatial indexes. Without it they are empty.
	Cells table.CellFunction
}

// Catalog is the cluster's metadata and the open tables.
//
// A change is made in three steps under mu: check it against the current snapshot, write its record, publish the new
// snapshot. So the disk is never behind what a query could have seen, and a crash between two steps leaves either the
// old or the new state. mu is held across the write to disk on purpose: changes of the catalog are rare, and their
// order on disk must be the order in which they become visible. Readers never take it.
//
// The beginning and the end of a table have two parts that cannot be one write: the record that users see, and rows,
// possibly millions. Rows without a record mean nothing and are swept away when the catalog is opened. So a new table's
// storage is made before its record, and an old one's is removed after it: the write of the record is the moment at
// which the table begins or ends.
type Catalog struct {
	store   *storage.Store
	log     *slog.Logger
	compile IndexCompiler
	cells   table.CellFunction
	history HistoryLimits

	background context.Context // of the builds of indexes and of trimHistories; Close ends it
	end        context.CancelFunc
	tasks      sync.WaitGroup // in the background
	buildSlots chan struct{}

	current atomic.Pointer[Snapshot]
	next    atomic.Pointer[chan struct{}] // closed when current is replaced

	mu sync.Mutex // guards changes of current
}

// Open reads the catalog, removes rows that belong to no table and opens all tables. Close it before the store.
func Open(ctx context.Context, o Options) (_ *Catalog, err error) {
	c := &Catalog{store: o.Store, log: o.Log, compile: o.Compile, cells: o.Cells, history: o.History, buildSlots: make(chan struct{}, maxBuilds)}
	c.background, c.end = context.WithCancel(context.WithoutCancel(ctx))
	c.mu.Lock() // builds that begin now end by changing the catalog
	defer func() {
		if err != nil {
			c.end()
		}
		c.mu.Unlock()
		if err != nil {
			c.tasks.Wait()
		}
	}()
	if c.history == (HistoryLimits{}) {
		c.history = DefaultHistory
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	s := &Snapshot{
		databases: map[DatabaseID]*Database{},
		byName:    map[string]*Database{},
		tables:    map[TableID]*Table{},
		cluster:   Cluster{HeartbeatTimeout: DefaultHeartbeatTimeout},
	}
	if err := c.loadServer(ctx, s, o.NewServer); err != nil {
		return nil, err
	}
	if err := c.loadSettings(s); err != nil {
		return nil, err
	}
	if err := c.loadTables(ctx, s); err != nil {
		return nil, err
	}
	c.publish(s)
	c.tasks.Go(c.trimHistories)
	return c, nil
}

// Snapshot returns the catalog as it is now.
func (c *Catalog) Snapshot() *Snapshot { return c.current.Load() }

// Changed returns a channel that is closed by the next change of the catalog.
func (c *Catalog) Changed() <-chan struct{} { return *c.next.Load() }

// publish makes s what everybody sees. The caller holds mu.
func (c *Catalog) publish(s *Snapshot) {
	c.current.Store(s)
	fresh := make(chan struct{})
	if old := c.next.Swap(&fresh); old != nil {
		close(*old)
	}
}

func (c *Catalog) loadServer(ctx context.Context, s *Snapshot, fresh Server) error {
	b, found, err := c.store.MetaGet(keyServer)
	if err != nil {
		return fmt.Errorf("read catalog record %s: %w", keyServer, err)
	}
	if found {
		s.server, err = decodeServer(b)
		return err
	}
	if fresh.ID == "" {
		fresh.ID = ServerID(NewUUID())
	}
	if !ValidName(fresh.Name) {
		return fmt.Errorf("the server name %q is invalid (%s)", fresh.Name, ValidNameHint)
	}
	fresh.Tags = normalTags(fresh.Tags)
	s.server = fresh
	return c.set(ctx, keyServer, encodeServer(fresh))
}

func (c *Catalog) loadSettings(s *Snapshot) error {
	b, found, err := c.store.MetaGet(keyCluster)
	if err != nil {
		return fmt.Errorf("read catalog record %s: %w", keyCluster, err)
	}
	if found {
		if s.cluster, err = decodeCluster(b); err != nil {
			return err
		}
	}
	if b, found, err = c.store.MetaGet(keyAccess); err != nil {
		return fmt.Errorf("read catalog record %s: %w", keyAccess, err)
	}
	if found {
		if s.access, err = decodeAccess(b); err != nil {
			return err
		}
	}
	return c.store.MetaScan(keyDatabase, func(key string, value []byte) error {
		name, err := decodeDatabase(key, value)
		if err != nil {
			return err
		}
		s.putDatabase(DatabaseID(strings.TrimPrefix(key, keyDatabase)), name)
		return nil
	})
}

func (c *Catalog) loadTables(ctx context.Context, s *Snapshot) error {
	var configs []TableConfig
	err := c.store.MetaScan(keyTable, func(key string, value []byte) error {
		cfg, err := decodeTable(TableID(strings.TrimPrefix(key, keyTable)), value)
		configs = append(configs, cfg)
		return err
	})
	if err != nil {
		return err
	}
	live := make([]table.Config, len(configs))
	for i, cfg := range configs {
		live[i] = tableConfig(cfg)
	}
	swept, err := table.Sweep(ctx, c.store, live)
	if err != nil {
		return err
	}
	if swept > 0 {
		c.log.Info("Removed the rows of tables whose creation or end was interrupted.", "groups", swept)
	}
	for i, cfg := range configs {
		t, err := table.Open(c.store, live[i])
		if err != nil {
			return err
		}
		t.LimitHistory(c.historyLimits(&cfg))
		if err := c.openIndexes(ctx, s.putTable(t, cfg)); err != nil {
			return err
		}
	}
	return nil
}

// tableConfig is the part of a configuration that package table works with.
func tableConfig(cfg TableConfig) table.Config {
	c := table.Config{ID: string(cfg.ID), PrimaryKey: cfg.PrimaryKey, Durability: table.DurabilityHard}
	if cfg.Durability == Soft {
		c.Durability = table.DurabilitySoft
	}
	for _, g := range cfg.Groups {
		c.Shards = append(c.Shards, table.ShardConfig{Group: g})
	}
	return c
}

// Writes do not stop when the client goes away: a record whose fate is unknown would make the catalog in memory differ
// from the one on disk.

func (c *Catalog) set(ctx context.Context, key string, value []byte) error {
	if err := c.store.MetaSet(context.WithoutCancel(ctx), key, value); err != nil {
		return fmt.Errorf("write catalog record %s: %w", key, err)
	}
	return nil
}

func (c *Catalog) delete(ctx context.Context, key string) error {
	if err := c.store.MetaDelete(context.WithoutCancel(ctx), key); err != nil {
		return fmt.Errorf("delete catalog record %s: %w", key, err)
	}
	return nil
}

// CreateDatabase makes an empty database. An empty id is replaced by a random one.
func (c *Catalog) CreateDatabase(ctx context.Context, id DatabaseID, name string) (*Database, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	if _, taken := s.byName[name]; taken || name == SystemDatabase {
		return nil, DatabaseExists(name)
	}
	if id == "" {
		id = DatabaseID(NewUUID())
	}
	if err := c.set(ctx, keyDatabase+string(id), encodeDatabase(name)); err != nil {
		return nil, err
	}
	n := s.edit()
	n.putDatabase(id, name)
	c.publish(n)
	return n.databases[id], nil
}

// RenameDatabase gives a database another name.
func (c *Catalog) RenameDatabase(ctx context.Context, id DatabaseID, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	d, ok := s.databases[id]
	if !ok {
		return databaseAlreadyDeleted()
	}
	if d.Name == name {
		return nil
	}
	if _, taken := s.byName[name]; taken || name == SystemDatabase {
		return databaseRenameTaken(d.Name, name)
	}
	if err := c.set(ctx, keyDatabase+string(id), encodeDatabase(name)); err != nil {
		return err
	}
	n := s.edit()
	n.putDatabase(id, name)
	c.publish(n)
	return nil
}

// DropDatabase drops a database's tables and then the database itself, and returns how many tables there were. A crash
// or an error in the middle leaves a database with fewer tables.
func (c *Catalog) DropDatabase(ctx context.Context, id DatabaseID) (tablesDropped int, err error) {
	gone, err := c.dropDatabase(ctx, id)
	for _, t := range gone {
		c.finishDrop(ctx, t)
	}
	return len(gone), err
}

func (c *Catalog) dropDatabase(ctx context.Context, id DatabaseID) (gone []*Table, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	d, ok := s.databases[id]
	if !ok {
		return nil, databaseAlreadyDeleted()
	}
	n := s.edit()
	for _, t := range d.Tables() {
		if err := c.delete(ctx, keyTable+t.ID()); err != nil {
			c.publish(n)
			return gone, err
		}
		n.deleteTable(t.Config.ID)
		gone = append(gone, t)
	}
	if err := c.delete(ctx, keyDatabase+string(id)); err != nil {
		c.publish(n)
		return gone, err
	}
	n.deleteDatabase(id)
	c.publish(n)
	return gone, nil
}

// CreateTable makes an empty table. cfg.Groups are chosen here, and an empty cfg.ID is replaced by a random one.
func (c *Catalog) CreateTable(ctx context.Context, cfg TableConfig) (*Table, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	d, ok := s.databases[cfg.Database]
	if !ok {
		return nil, NoDatabase(s.DatabaseName(cfg.Database))
	}
	if _, taken := d.tables[cfg.Name]; taken {
		return nil, TableExists(d.Name, cfg.Name)
	}
	if cfg.ID == "" {
		cfg.ID = TableID(NewUUID())
	}
	indexes, err := c.newIndexes(&cfg, 0)
	if err != nil {
		return nil, err
	}
	open, err := table.Create(ctx, c.store, tableConfig(cfg))
	if err != nil {
		return nil, err
	}
	cfg.Groups = nil
	for _, shard := range open.Config().Shards {
		cfg.Groups = append(cfg.Groups, shard.Group)
	}
	if err := c.set(ctx, keyTable+string(cfg.ID), encodeTable(cfg)); err != nil {
		return nil, errors.Join(err, open.Drop(ctx))
	}
	open.LimitHistory(c.historyLimits(&cfg))
	n := s.edit()
	t := n.putTable(open, cfg)
	if err := c.addIndexes(ctx, t, indexes); err != nil {
		return nil, errors.Join(err, c.delete(ctx, keyTable+string(cfg.ID)), open.Drop(ctx))
	}
	c.publish(n)
	return t, nil
}

// UpdateTable replaces a table's configuration by what edit makes of a copy of it; edit runs under the lock of changes
// and may not change ID, Groups or PrimaryKey. It returns the table before and after.
func (c *Catalog) UpdateTable(ctx context.Context, id TableID, edit func(s *Snapshot, cfg *TableConfig) error) (before, after *Table, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.background.Err() != nil {
		return nil, nil, errCatalogClosed
	}
	s := c.current.Load()
	before, ok := s.tables[id]
	if !ok {
		return nil, nil, ErrTableGone
	}
	cfg := before.Config.Clone()
	if err := edit(s, &cfg); err != nil {
		return nil, nil, err
	}
	if cfg.ID != id || !slices.Equal(cfg.Groups, before.Config.Groups) || cfg.PrimaryKey != before.Config.PrimaryKey {
		panic(fmt.Sprintf("catalog: update of table %s changed what is fixed: %+v became %+v", id, before.Config, cfg))
	}
	if len(cfg.SplitPoints) != len(cfg.Shards)-1 {
		panic(fmt.Sprintf("catalog: update of table %s has %d shards and %d split points", id, len(cfg.Shards), len(cfg.SplitPoints)))
	}
	d, ok := s.databases[cfg.Database]
	if !ok {
		return nil, nil, NoDatabase(s.DatabaseName(cfg.Database))
	}
	if taken, ok := d.tables[cfg.Name]; ok && taken.Config.ID != id {
		return nil, nil, tableRenameTaken(before.DatabaseName, before.Config.Name, d.Name, cfg.Name)
	}
	indexes, err := c.newIndexes(&cfg, before.Config.LastIndex)
	if err != nil {
		return nil, nil, err
	}
	if err := c.set(ctx, keyTable+string(id), encodeTable(cfg)); err != nil {
		return nil, nil, err
	}
	n := s.edit()
	after = n.putTable(before.Table, cfg)
	if err := c.addIndexes(ctx, after, indexes); err != nil {
		return nil, nil, errors.Join(err, c.set(ctx, keyTable+string(id), encodeTable(before.Config)))
	}
	before.Table.SetDurability(tableConfig(cfg).Durability)
	before.Table.LimitHistory(c.historyLimits(&cfg))
	c.publish(n)
	return before, after, nil
}

// ErrTableGone is returned for an identifier that no table has (any more).
var ErrTableGone = errors.New("the table does not exist")

// DropTable ends a table. When it returns without an error the table is gone for good; its rows may still be on disk
// if their removal failed, which is then logged and tried again at the next start.
func (c *Catalog) DropTable(ctx context.Context, id TableID) (*Table, error) {
	t, err := c.dropTable(ctx, id)
	if err != nil {
		return nil, err
	}
	c.finishDrop(ctx, t)
	return t, nil
}

func (c *Catalog) dropTable(ctx context.Context, id TableID) (*Table, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	t, ok := s.tables[id]
	if !ok {
		return nil, ErrTableGone
	}
	if err := c.delete(ctx, keyTable+string(id)); err != nil {
		return nil, err
	}
	n := s.edit()
	n.deleteTable(id)
	c.publish(n)
	return t, nil
}

// finishDrop removes the rows of a table that has no record any more. The client that asked for it may go away in the
// meantime; that does not stop the removal.
func (c *Catalog) finishDrop(ctx context.Context, t *Table) {
	t.stopBuilds()
	if err := t.Table.Drop(context.WithoutCancel(ctx)); err != nil {
		c.log.Error("The rows of a dropped table could not be removed. This is tried again when the server starts.",
			"table", t.ID(), "error", err)
	}
}

// SetServer changes this server's name, tags and cache size.
func (c *Catalog) SetServer(ctx context.Context, server Server) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	server.ID = s.server.ID
	server.Tags = normalTags(server.Tags)
	if server.equal(s.server) {
		return nil
	}
	if err := c.set(ctx, keyServer, encodeServer(server)); err != nil {
		return err
	}
	n := *s
	n.server = server
	c.publish(&n)
	return nil
}

// SetCluster changes the settings of the cluster.
func (c *Catalog) SetCluster(ctx context.Context, cluster Cluster) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.current.Load()
	if cluster == s.cluster {
		return nil
	}
	if err := c.set(ctx, keyCluster, encodeCluster(cluster)); err != nil {
		return err
	}
	n := *s
	n.cluster = cluster
	c.publish(&n)
	return nil
}

// Descending returns ids in the order in which the reference lists servers.
func Descending(ids []ServerID) []ServerID {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b ServerID) int { return strings.Compare(string(b), string(a)) })
	return out
}
