package system

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/login"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/selfcheck"
	"rethinkdb/internal/storage"
)

// Options are what the system database is made of.
type Options struct {
	Catalog *catalog.Catalog
	Store   *storage.Store
	Users   *auth.Users
	Tokens  *peer.Tokens // what join_tokens shows; without them there is no such table
	Peers   Peers        // the other servers; nil for a server alone
	Proxy   bool         // this server is no member of the cluster
	Keepers Keepers      // what metadata_status shows; without them there is no such table

	// The rest may be left out.

	Process  func() Process          // what server_status shows
	Log      Log                     // what logs shows
	Audit    *audit.Log              // what audit shows, and is told of changes
	Logger   *slog.Logger            // where changes of the server's configuration are noted
	Issues   func() []Issue          // what current_issues shows beside what this package finds itself
	Security func() selfcheck.Report // what security_status shows
	Sessions Sessions                // what jobs and stats show of clients
	LogIns   *login.Sessions         // what web_sessions shows; without them there is no such table
	// SlowQueries are what slow_queries shows; nil says that slow queries are not recorded.
	SlowQueries *exec.SlowQueries
	Usage       func() Usage // what server_usage shows
	// SetCache changes the size of the cache while the server runs; catalog.AutoCache lets the server choose. When it
	// returns an error the configuration is not changed.
	SetCache func(bytes int64) error
	Now      func() time.Time
	// Outcast tells whether the cluster has let this server know that it is no member any more. nil: it never has.
	Outcast func() bool

	Scripts Scripts // who may run JavaScript

	Allow         access.Lists // what the command line says about the networks that are served
	AccessChanged func()       // is called when access_config serves other networks than before
}

// System is the system database and the operations on all databases; it implements exec.Cluster.
type System struct {
	// Set by Start, then constant.
	catalog  *catalog.Catalog
	store    *storage.Store
	users    *auth.Users
	tokens   *peer.Tokens
	peers    Peers
	proxy    bool
	keepers  Keepers
	process  func() Process
	log      Log
	audit    *audit.Log // nil: none
	logger   *slog.Logger
	issues   func() []Issue
	security func() selfcheck.Report
	sessions Sessions
	logIns   *login.Sessions
	setCache func(bytes int64) error
	now      func() time.Time

	slowQueries *exec.SlowQueries // nil: they are not recorded
	usage       func() Usage      // nil: it is not known

	scripts       Scripts
	allow         access.Lists
	accessChanged func()
	outcast       func() bool

	tables map[string]*systemTable

	counters counters

	stop context.CancelFunc
	wg   sync.WaitGroup // the goroutines that take samples and follow the catalog
}

var _ exec.Cluster = (*System)(nil)

// Start makes the system database of a server. Stop it.
func Start(o Options) *System {
	s := &System{
		catalog: o.Catalog, store: o.Store, users: o.Users, tokens: o.Tokens, peers: o.Peers, keepers: o.Keepers, proxy: o.Proxy, process: o.Process, log: o.Log, audit: o.Audit, logger: o.Logger,
		issues: o.Issues, security: o.Security, sessions: o.Sessions, logIns: o.LogIns, setCache: o.SetCache, now: o.Now,
		slowQueries: o.SlowQueries, usage: o.Usage,
		scripts: o.Scripts, allow: o.Allow, accessChanged: o.AccessChanged, outcast: o.Outcast,
	}
	if s.peers == nil {
		s.peers = noPeers{}
	}
	if s.process == nil {
		s.process = func() Process { return Process{} }
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	if s.security == nil {
		s.security = func() selfcheck.Report { return selfcheck.Report{} }
	}
	if s.sessions == nil {
		s.sessions = noSessions{}
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.outcast == nil {
		s.outcast = func() bool { return false }
	}
	if s.accessChanged == nil {
		s.accessChanged = func() {}
	}
	s.tables = s.systemTables()
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.wg.Go(func() { s.sampleLoop(ctx) })
	s.wg.Go(func() { s.followCatalog(ctx) })
	return s
}

// Stop ends the background work.
func (s *System) Stop() {
	s.stop()
	s.wg.Wait()
	for _, t := range s.tables {
		t.endWatches()
	}
}

// ServerInfo returns the identifier and the name of this server. A proxy has no name.
func (s *System) ServerInfo() (id, name string) {
	server := s.catalog.Snapshot().Server()
	return string(server.ID), server.Name
}

// CountQuery counts a query that a client has sent.
func (s *System) CountQuery() { s.counters.queries.Add(1) }

// Database finds a database.
func (s *System) Database(name string) (exec.DB, error) {
	if name == catalog.SystemDatabase {
		return exec.DB{ID: DatabaseID, Name: name}, nil
	}
	d, ok := s.catalog.Snapshot().Database(name)
	if !ok {
		return exec.DB{}, catalog.NoDatabase(name)
	}
	return exec.DB{ID: string(d.ID), Name: d.Name}, nil
}

// Databases lists the names of all databases, sorted.
func (s *System) Databases() []string {
	names := []string{catalog.SystemDatabase}
	for _, d := range s.catalog.Snapshot().Databases() {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	return names
}

// Table finds a table. A system table shows itself as c may see it, with names or UUIDs as identifierFormat says.
func (s *System) Table(c *exec.Client, db exec.DB, name string, identifierFormat string) (exec.Table, error) {
	if db.ID == DatabaseID {
		t, ok := s.tables[name]
		if !ok {
			return nil, catalog.NoTable(db.Name, name)
		}
		format, err := ParseFormat(identifierFormat)
		if err != nil {
			return nil, err
		}
		return &use{systemTable: t, system: s, view: view{format: format, client: c}}, nil
	}
	if d, ok := s.catalog.Snapshot().DatabaseByID(catalog.DatabaseID(db.ID)); ok {
		if t, ok := d.Table(name); ok {
			return t, nil
		}
	}
	return nil, catalog.NoTable(db.Name, name)
}

// Tables lists the names of a database's tables, sorted; hidden system tables are left out.
func (s *System) Tables(db exec.DB) ([]string, error) {
	if db.ID == DatabaseID {
		return s.visibleTables(), nil
	}
	d, ok := s.catalog.Snapshot().DatabaseByID(catalog.DatabaseID(db.ID))
	if !ok {
		return nil, catalog.NoDatabase(db.Name)
	}
	return d.TableNames(), nil
}
