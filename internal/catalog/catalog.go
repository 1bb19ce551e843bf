package catalog

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// Options configure Open.
type Options struct {
	Store *storage.Store
	// Metadata is where everything is kept that is not of this server alone.
	Metadata *metadata.Store
	Log      *slog.Logger
	// NewServer is the identity of a server whose data directory is new. An empty ID is replaced by a random one.
	NewServer Server
	// Compile makes the functions of secondary indexes. Without it no table may have any.
	Compile IndexCompiler
	// History limits the change history of tables without limits of their own. Zero means DefaultHistory.
	History HistoryLimits
	// Host runs the groups of tables with several replicas; nil for a server that has no others.
	Host *replication.Host
	// Elsewhere is set on a proxy, which is no member of the cluster and has no tables of its own. NewServer is then what it is called, which is
	// not written down.
	Elsewhere Elsewhere
	// Remote reaches the parts of tables on other servers; nil for a server that has no others.
	Remote table.Remote
	// Leads is told when this server gets the primary replica of a group, for the other servers (see HeardOf). It must not wait. nil: there are none.
	Leads func(Lead)
	// Cells makes the cells of geospatial indexes. Without it they are empty.
	Cells table.CellFunction
}

// Catalog is the cluster's metadata and the open tables.
//
// A change is decided on the current snapshot and goes to the metadata as the records that become different (change.go). From there
// it comes back, like the changes of other servers: MetadataChanged makes the next snapshot of the last one and publishes it. So the disk
// is never behind what a query could have seen, and all servers go through the same snapshots.
//
// The beginning and the end of a table have two parts that cannot be one write: the record that users see, and rows,
// possibly millions. Rows without a record mean nothing and are swept away after the next start (orphans.go). So the
// write of the record is the moment at which a table begins or ends: its storage is made when the record is seen (founding.go), and removed when its end is. Only
// groups that rows are to be copied into are made before their record (mover.go).
type Catalog struct {
	store    *storage.Store
	metadata *metadata.Store
	log      *slog.Logger
	compile  IndexCompiler
	cells    table.CellFunction
	history  HistoryLimits
	host     *replication.Host
	remote   table.Remote
	leads    func(Lead) // nil: nobody is told

	elsewhere Elsewhere // of a proxy

	keeperCalls *keeperCalls
	stepSlots   chan struct{} // has an element for each group that the keeper is changing
	noting      atomic.Bool   // it is being noted that groups have begun

	background context.Context // of the builds of indexes, of what ends tables, and of trimHistories; Close ends it
	end        context.CancelFunc
	tasks      sync.WaitGroup // in the background
	buildSlots chan struct{}

	current atomic.Pointer[Snapshot]
	next    atomic.Pointer[chan struct{}] // closed when current is replaced

	mu       sync.Mutex                      // guards the replacement of current; readers never take it
	prepared map[storage.GroupID]*table.Part // under mu: made, but without a record yet
	waiting  []func()                        // under mu: what later was given
}

// Open reads the catalog, removes rows that belong to no table and opens all tables. Close it before the store.
func Open(ctx context.Context, o Options) (_ *Catalog, err error) {
	c := &Catalog{store: o.Store, metadata: o.Metadata, log: o.Log, compile: o.Compile, cells: o.Cells, history: o.History, host: o.Host, remote: o.Remote, leads: o.Leads, elsewhere: o.Elsewhere, keeperCalls: newKeeperCalls(), stepSlots: make(chan struct{}, maxSteps),
		buildSlots: make(chan struct{}, maxBuilds), prepared: map[storage.GroupID]*table.Part{}}
	c.background, c.end = context.WithCancel(context.WithoutCancel(ctx))
	if c.history == (HistoryLimits{}) {
		c.history = DefaultHistory
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.load(ctx, o.NewServer); err != nil {
		c.end()
		c.tasks.Wait()
		return nil, err
	}
	c.tasks.Go(c.trimHistories)
	if c.host != nil {
		c.tasks.Go(c.keepGroups)
	}
	if c.elsewhere != nil {
		return c, nil
	}
	if err := c.introduce(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// load makes the first snapshot. Builds that begin meanwhile end by changing the catalog, which waits for it.
func (c *Catalog) load(ctx context.Context, fresh Server) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.metadata.Watch(c)
	s := &Snapshot{
		databases: map[DatabaseID]*Database{},
		byName:    map[string]*Database{},
		tables:    map[TableID]*Table{},
		members:   map[ServerID]Server{},
		removed:   map[ServerID]string{},
		primaries: newPrimaries(),
		cluster:   Cluster{HeartbeatTimeout: DefaultHeartbeatTimeout},
	}
	var err error
	if c.elsewhere != nil {
		s.server = fresh
	} else if s.server, err = Self(ctx, c.store, fresh); err != nil {
		return err
	}
	for _, prefix := range []string{keyLevel, keyCluster, keyClusterID, keyAccess, keyNextGroup, keyMember, keyRemoved, keyDatabase} {
		err := c.metadata.MetaScan(prefix, func(key string, value []byte) error {
			return c.apply(s, set(key, append([]byte{}, value...)))
		})
		if err != nil {
			return err
		}
	}
	if err := c.loadTables(ctx, s); err != nil {
		return err
	}
	c.publish(s)
	return nil
}

// Snapshot returns the catalog as it is now.
func (c *Catalog) Snapshot() *Snapshot { return c.current.Load() }

// Version is the version of the metadata that Snapshot has, or an older one. Await waits until it has a version.
func (c *Catalog) Version() metadata.Version { return c.metadata.Version() }
func (c *Catalog) Await(ctx context.Context, v metadata.Version) error {
	return c.metadata.Await(ctx, v)
}

// Changed returns a channel that is closed by the next change of the catalog.
func (c *Catalog) Changed() <-chan struct{} { return *c.next.Load() }

// publish makes s what everybody sees, and starts what has to be done in the background for it, which decides on s or a later
// snapshot. The caller holds mu.
func (c *Catalog) publish(s *Snapshot) {
	c.current.Store(s)
	for _, task := range c.waiting {
		if c.background.Err() == nil { // else everything is about to close
			c.tasks.Go(task)
		}
	}
	c.waiting = nil
	fresh := make(chan struct{})
	if old := c.next.Swap(&fresh); old != nil {
		close(*old)
	}
}

// later has something done in the background once the snapshot in the making is published, unless the catalog is about to close. The
// caller holds mu.
func (c *Catalog) later(task func()) { c.waiting = append(c.waiting, task) }

func (c *Catalog) loadTables(ctx context.Context, s *Snapshot) error {
	var configs []TableConfig
	err := c.metadata.MetaScan(keyTable, func(key string, value []byte) error {
		cfg, err := decodeTable(TableID(strings.TrimPrefix(key, keyTable)), value)
		configs = append(configs, cfg)
		return err
	})
	if err != nil {
		return err
	}
	live := []storage.GroupID{metadata.Group}
	for _, cfg := range configs {
		live = append(live, cfg.groups()...)
	}
	orphans, err := table.Orphans(c.store, live)
	switch {
	case err != nil:
		return err
	case c.metadata.Raft() == nil:
		err = c.sweep(ctx, orphans)
	case len(orphans) > 0:
		c.later(func() { c.sweepShared(orphans) })
	}
	if err != nil {
		return err
	}
	for _, cfg := range configs {
		open, err := c.openTable(ctx, s.server.ID, &cfg)
		if err != nil {
			return err
		}
		t := s.putTable(open, cfg)
		if err := c.openIndexes(ctx, t); err != nil {
			return err
		}
		if err := c.openNext(ctx, s.server.ID, t); err != nil {
			return err
		}
	}
	return nil
}

// openTable opens what this server has of a table in the layout in use.
func (c *Catalog) openTable(ctx context.Context, self ServerID, cfg *TableConfig) (*table.Table, error) {
	present := cfg.Present()
	parts, err := c.openParts(ctx, self, cfg, present)
	if err != nil {
		return nil, err
	}
	return c.assemble(cfg, present, parts)
}

// assemble makes a table of open parts.
func (c *Catalog) assemble(cfg *TableConfig, l Layout, parts []*table.Part) (*table.Table, error) {
	t, err := table.New(tableConfig(cfg, l), parts)
	if err == nil && c.remote != nil {
		t.UseRemote(c.remote)
	}
	return t, err
}

// Descending returns ids in the order in which the reference lists servers.
func Descending(ids []ServerID) []ServerID {
	out := slices.Clone(ids)
	slices.SortFunc(out, func(a, b ServerID) int { return cmp.Compare(b, a) })
	return out
}
