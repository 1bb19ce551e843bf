package exec

import (
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// Table is what the executor needs of a table. Tables with rows on disk and system tables implement it.
// Errors that the user caused are *datum.Error or *reql.Error; any other is operational.
type Table interface {
	ID() string         // a UUID
	PrimaryKey() string // the name of the field

	// Get reads one row; the value is absent when there is none.
	Get(ctx context.Context, key datum.Value, ro table.ReadOptions) (datum.Value, error)
	Scan(ctx context.Context, opts table.ScanOptions) (table.Rows, error)
	// ScanParallel gives at most n disjoint parts of the rows to calls of each that run at the same time.
	ScanParallel(ctx context.Context, opts table.ScanOptions, n int, each func(worker int, rows table.Rows) error) error
	Count(ctx context.Context, ro table.ReadOptions) (int64, error)
	Write(ctx context.Context, req table.WriteRequest) ([]table.WriteResult, error)
	Sync(ctx context.Context) error
	// DocCountEstimates has one element for each shard.
	DocCountEstimates(ctx context.Context) ([]int64, error)
}

// DB names a database.
type DB struct {
	ID   string
	Name string
}

// TableOptions are the options of table_create and of reconfigure.
type TableOptions struct {
	HasPrimaryKey      bool             // otherwise it is "id"
	PrimaryKey         string           // may be empty
	Durability         table.Durability // of writes that do not say
	Shards             int              // 0: not given
	HasReplicas        bool             // replicas was given as a number
	Replicas           int64            // may be 0 or negative, which is refused with the text of placement
	ReplicasByTag      map[string]int64 // instead of Replicas when replicas is an object
	PrimaryReplicaTag  string           // "" not given
	NonvotingTags      []string
	HasNonvoting       bool // nonvoting_replica_tags was given
	DryRun             bool
	EmergencyRepair    string // "" or the mode
	HasEmergencyRepair bool
}

// IndexOptions describe a new secondary index.
type IndexOptions struct {
	Name               string
	Definition         []byte // for CompileIndex
	Multi, Geo, Unique bool
}

// WaitOptions are the options of wait.
type WaitOptions struct {
	WaitFor        string // readiness, "all_replicas_ready" when not given
	TimeoutSeconds int64
	HasTimeout     bool
}

// Cluster is what the executor needs of the catalog and of the system database: look-ups and meta operations.
// The results of meta operations are the objects that the terms answer with.
type Cluster interface {
	Database(name string) (DB, error)
	Databases() []string // sorted, with the system database
	// Table finds a table as c may see it; a system table shows some rows only to some users.
	Table(c *Client, db DB, name string, identifierFormat string) (Table, error)
	Tables(db DB) ([]string, error) // sorted

	DBCreate(ctx context.Context, c *Client, name string) (datum.Value, error)
	DBDrop(ctx context.Context, c *Client, name string) (datum.Value, error)
	TableCreate(ctx context.Context, c *Client, db DB, name string, o TableOptions) (datum.Value, error)
	TableDrop(ctx context.Context, c *Client, db DB, name string) (datum.Value, error)

	// Changes of the indexes of a table. IndexCreate returns before the index is built.
	IndexCreate(ctx context.Context, c *Client, db DB, tableName string, o IndexOptions) error
	IndexDrop(ctx context.Context, c *Client, db DB, tableName, name string) error
	IndexRename(ctx context.Context, c *Client, db DB, tableName, old, name string, overwrite bool) error

	// WriteHook gives the write hook of a table as it was set; it is absent when there is none. SetWriteHook sets one, or
	// removes it when hook is absent.
	WriteHook(c *Client, db DB, tableName string) (hook datum.Value, err error)
	SetWriteHook(ctx context.Context, c *Client, db DB, tableName string, hook datum.Value) error

	// ConfigRow gives the system table and the key of the row that config() of a table (tableName not "") or of a
	// database selects; StatusRow likewise for status().
	ConfigRow(c *Client, db DB, tableName string) (t Table, key datum.Value, err error)
	StatusRow(c *Client, db DB, tableName string) (t Table, key datum.Value, err error)
	// The next three take one table, or all tables of db when tableName is "".
	Wait(ctx context.Context, db DB, tableName string, o WaitOptions) (datum.Value, error)
	Reconfigure(ctx context.Context, c *Client, db DB, tableName string, o TableOptions) (datum.Value, error)
	Rebalance(ctx context.Context, c *Client, db DB, tableName string) (datum.Value, error)
	// Grant changes permissions; db and tableName may be "" for a wider scope.
	Grant(ctx context.Context, c *Client, db *DB, tableName string, user string, perms datum.Value) (datum.Value, error)

	// RequireConnect checks that c may use r.http.
	RequireConnect(c *Client) error
	// RequireScripts checks that c may use r.js.
	RequireScripts(c *Client) error

	// Authorize checks that c has a right to a table that Table has returned.
	Authorize(c *Client, r Right, t Table) error

	// ServerInfo gives the id and name of this server. A proxy has no name.
	ServerInfo() (id, name string)

	// CountQuery, and the rows that queries read and wrote, feed the stats table.
	CountQuery()
}
