package catalog

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync/atomic"

	"rethinkdb/internal/access"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// Snapshot is the catalog at one moment. It never changes; a change of the catalog publishes a new one that shares
// what is the same.
type Snapshot struct {
	databases map[DatabaseID]*Database
	byName    map[string]*Database
	tables    map[TableID]*Table
	server    Server // this one
	members   map[ServerID]Server
	removed   map[ServerID]string // names of those that were members
	connected map[ServerID]bool   // of the others; a value that is replaced
	primaries *primaries          // of all snapshots
	cluster   Cluster
	clusterID string
	level     Level
	nextGroup storage.GroupID // the number of the next group
	access    access.Lists
}

// Database is a database with its tables, as of one snapshot.
type Database struct {
	ID   DatabaseID
	Name string

	tables map[string]*Table // by name
}

// Table is a table that users see, as of one snapshot: its configuration and the open table behind it. The same
// table.Table serves all snapshots from the creation of the table to its end.
type Table struct {
	*table.Table
	Config       TableConfig
	DatabaseName string

	parts   []*table.Part                    // in the order of the groups of the layout in use; constant
	next    *table.Table                     // what a move copies the rows into; nil: nothing yet; constant
	handles map[uint32]*indexHandle          // of the indexes, by number; constant
	keeping map[storage.GroupID]*atomic.Bool // the keeper is changing a group; constant
	copies  *copies                          // of its parts to other groups, by this server
	ended   chan struct{}                    // closed when the rows of a dropped table are removed, or that has failed
}

// ID returns the table's UUID.
func (t *Table) ID() string { return string(t.Config.ID) }

// Name returns the table's name.
func (t *Table) Name() string { return t.Config.Name }

// DB returns the name of the table's database.
func (t *Table) DB() string { return t.DatabaseName }

// PrimaryKey returns the name of the field that is the primary key.
func (t *Table) PrimaryKey() string { return t.Config.PrimaryKey }

// WriteHook returns the table's write hook, absent when there is none.
func (t *Table) WriteHook() datum.Value { return t.Config.WriteHook }

// DocCountEstimates estimates how many of the table's rows are in each of its shards. Shards of one part count as equal, and all of them do while the rows are
// being copied.
func (t *Table) DocCountEstimates(ctx context.Context) ([]int64, error) {
	counts, err := t.PartCounts(ctx)
	if err != nil {
		return nil, err
	}
	layout := t.Config.Present()
	if t.Config.Move != nil || len(counts) != len(layout.Groups) {
		all := int64(0)
		for _, n := range counts {
			all += n
		}
		layout, counts = Layout{Shards: t.Config.Shards}, []int64{all}
	}
	estimates := make([]int64, len(layout.Shards))
	for at, n := range counts {
		var shards []int
		for i := range layout.Shards {
			if layout.Part(i) == at {
				shards = append(shards, i)
			}
		}
		for i, shard := range shards {
			estimates[shard] = share(n, i, len(shards))
		}
	}
	return estimates, nil
}

// share is what the i-th of some has when n things are divided evenly among them.
func share(n int64, i, among int) int64 {
	return n*int64(i+1)/int64(among) - n*int64(i)/int64(among)
}

// Database returns the database called name.
func (s *Snapshot) Database(name string) (*Database, bool) {
	d, ok := s.byName[name]
	return d, ok
}

// DatabaseByID returns the database with that identifier.
func (s *Snapshot) DatabaseByID(id DatabaseID) (*Database, bool) {
	d, ok := s.databases[id]
	return d, ok
}

// DatabaseName returns the name of a database for people, also when it is gone.
func (s *Snapshot) DatabaseName(id DatabaseID) string {
	if d, ok := s.databases[id]; ok {
		return d.Name
	}
	return DeletedDatabase
}

// Databases returns all databases in the order of their names.
func (s *Snapshot) Databases() []*Database {
	return slices.SortedFunc(maps.Values(s.databases), func(a, b *Database) int { return cmp.Compare(a.Name, b.Name) })
}

// TableByID returns the table with that identifier.
func (s *Snapshot) TableByID(id TableID) (*Table, bool) {
	t, ok := s.tables[id]
	return t, ok
}

// Tables returns all tables in the order of their identifiers.
func (s *Snapshot) Tables() []*Table {
	return slices.SortedFunc(maps.Values(s.tables), compareTableIDs)
}

// Table returns the table called name.
func (d *Database) Table(name string) (*Table, bool) {
	t, ok := d.tables[name]
	return t, ok
}

// Tables returns the database's tables in the order of their identifiers.
func (d *Database) Tables() []*Table {
	return slices.SortedFunc(maps.Values(d.tables), compareTableIDs)
}

// TableNames returns the names of the database's tables, sorted.
func (d *Database) TableNames() []string { return slices.Sorted(maps.Keys(d.tables)) }

// Server returns this server's configuration.
func (s *Snapshot) Server() Server { return s.server }

// Servers returns the connected servers, this one included, in the order of their names.
func (s *Snapshot) Servers() []Server {
	var list []Server
	for id, server := range s.members {
		if s.Connected(id) {
			list = append(list, server)
		}
	}
	slices.SortFunc(list, func(a, b Server) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list
}

// Members returns all servers of the cluster, in the order of their identifiers.
func (s *Snapshot) Members() []Server {
	return slices.SortedFunc(maps.Values(s.members), func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
}

// Connected tells whether a server is this one, or connected with it.
func (s *Snapshot) Connected(id ServerID) bool { return id == s.server.ID || s.connected[id] }

// ServerByID returns the connected server with that identifier.
func (s *Snapshot) ServerByID(id ServerID) (Server, bool) {
	server, ok := s.members[id]
	return server, ok && s.Connected(id)
}

// Member returns the server with that identifier, connected or not.
func (s *Snapshot) Member(id ServerID) (Server, bool) {
	server, ok := s.members[id]
	return server, ok
}

// ClusterID is the identifier of the cluster, a UUID, which a server that joins takes over.
func (s *Snapshot) ClusterID() string { return s.clusterID }

// Cluster returns the settings of the cluster.
func (s *Snapshot) Cluster() Cluster { return s.cluster }

// Access returns the networks that the ports serve, as the table access_config has them.
func (s *Snapshot) Access() access.Lists { return s.access }

func compareTableIDs(a, b *Table) int { return cmp.Compare(a.Config.ID, b.Config.ID) }

// edit returns a copy whose maps the caller may change before it is published. The databases in it are still shared.
func (s *Snapshot) edit() *Snapshot {
	n := *s
	n.databases = maps.Clone(s.databases)
	n.byName = maps.Clone(s.byName)
	n.tables = maps.Clone(s.tables)
	n.members = maps.Clone(s.members)
	n.removed = maps.Clone(s.removed)
	return &n
}

// putDatabase adds or renames a database of an unpublished snapshot.
func (s *Snapshot) putDatabase(id DatabaseID, name string) {
	d := &Database{ID: id, Name: name, tables: map[string]*Table{}}
	if old, ok := s.databases[id]; ok {
		delete(s.byName, old.Name)
		for tableName, t := range old.tables {
			moved := *t
			moved.DatabaseName = name
			d.tables[tableName] = &moved
			s.tables[t.Config.ID] = &moved
		}
	}
	s.databases[id] = d
	s.byName[name] = d
}

func (s *Snapshot) deleteDatabase(id DatabaseID) {
	if d, ok := s.databases[id]; ok {
		delete(s.byName, d.Name)
		delete(s.databases, id)
	}
}

// putTable adds t to an unpublished snapshot, in place of the table with the same identifier if there is one.
func (s *Snapshot) putTable(open *table.Table, c TableConfig) *Table {
	t := &Table{Table: open, Config: c, DatabaseName: s.DatabaseName(c.Database)}
	old, ok := s.tables[c.ID]
	t.keeping = keepingOf(&c, old)
	if !ok {
		t.ended, t.copies, t.parts = make(chan struct{}), newCopies(), open.Parts()
	} else {
		t.handles, t.ended, t.copies, t.parts, t.next = old.handles, old.ended, old.copies, old.parts, old.next
		if len(t.handles) > len(c.Indexes) {
			t.handles = maps.Clone(t.handles)
			maps.DeleteFunc(t.handles, func(number uint32, _ *indexHandle) bool {
				return !slices.ContainsFunc(c.Indexes, func(x Index) bool { return x.Number == number })
			})
		}
	}
	s.deleteTable(c.ID)
	s.tables[c.ID] = t
	s.editDatabase(c.Database, func(tables map[string]*Table) { tables[c.Name] = t })
	return t
}

// keepingOf gives each group of a table its mark; old may be nil.
func keepingOf(c *TableConfig, old *Table) map[storage.GroupID]*atomic.Bool {
	marks := map[storage.GroupID]*atomic.Bool{}
	present := c.Present()
	for _, g := range slices.Concat(present.Groups, c.Groups) {
		if old != nil && old.keeping[g] != nil {
			marks[g] = old.keeping[g]
		} else if marks[g] == nil {
			marks[g] = new(atomic.Bool)
		}
	}
	return marks
}

func (s *Snapshot) deleteTable(id TableID) {
	t, ok := s.tables[id]
	if !ok {
		return
	}
	delete(s.tables, id)
	s.editDatabase(t.Config.Database, func(tables map[string]*Table) { delete(tables, t.Config.Name) })
}

// editDatabase replaces a database by a copy with other tables.
func (s *Snapshot) editDatabase(id DatabaseID, edit func(tables map[string]*Table)) {
	old, ok := s.databases[id]
	if !ok {
		return // the database is gone; the table is only reachable by its identifier
	}
	d := &Database{ID: id, Name: old.Name, tables: maps.Clone(old.tables)}
	edit(d.tables)
	s.databases[id] = d
	s.byName[d.Name] = d
}
