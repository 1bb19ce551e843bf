package catalog

import (
	"slices"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// Durability is when a write is acknowledged: after or before it is on disk.
type Durability string

// The durabilities.
const (
	Hard Durability = "hard"
	Soft Durability = "soft"
)

// WriteAcks is how many replicas must have a write before it is acknowledged.
type WriteAcks string

// The values of write_acks.
const (
	AckMajority WriteAcks = "majority"
	AckSingle   WriteAcks = "single"
)

// DefaultTag is the tag of servers that new tables are placed on when nothing else is said.
const DefaultTag = "default"

// DefaultHeartbeatTimeout is how long a silent server counts as connected.
const DefaultHeartbeatTimeout = 10 * time.Second

// TableConfig is the configuration of one table. It is a value: whoever gets one may not change what its slices hold.
type TableConfig struct {
	ID         TableID
	Name       string
	Database   DatabaseID
	PrimaryKey string
	Durability Durability
	WriteAcks  WriteAcks
	Shards     []ShardConfig // at least one
	// SplitPoints are the encoded primary keys at which shards 1, 2, … begin; len(SplitPoints) == len(Shards)-1.
	SplitPoints []string
	// Indexes are the secondary indexes, sorted by name.
	Indexes []Index
	// LastIndex is the number of the index that was created last.
	LastIndex uint32
	// WriteHook is the `write_hook` field of the table's configuration row; absent without a hook.
	WriteHook datum.Value
	// History limits the change history; nil means what the server was started with.
	History *HistoryLimits
	// TTL is when rows expire; nil for never. Who changes it makes a new one.
	TTL *TTL
	// Parts and Groups are where the rows of the shards are, or will be at the end of the Move; see Layout.
	Parts  []int
	Groups []storage.GroupID
	Starts []table.HistoryPlace // of the groups; see Layout. Who changes it makes a new one, as of Past
	Past   []table.Division     // where the rows were before, the oldest division first, as far as feeds can go on from there
	Move   *Move                // nil unless the rows are being copied to where Groups says
	Moves  uint64               // the number of the last move
	// Repairs are of groups that have lost the majority of their replicas once; at most one of each. Who changes it makes a new one.
	Repairs []GroupRepair
	// Foundings are of groups that may not have begun yet. Who changes it makes a new one.
	Foundings []Founding
}

// HistoryLimits say how much of the history of a table is kept; no bytes, none. A value is never changed.
type HistoryLimits = table.HistoryLimits

// DefaultHistory is what nobody has set otherwise.
var DefaultHistory = table.DefaultHistory

// TTL is the time to live of a table's rows: a row expires Seconds after the time that is its value in an index. A row whose value is
// not a time never does. The index cannot be dropped or renamed meanwhile.
type TTL struct {
	Index   string
	Seconds float64 // at least 0
	// Field says that the user has named the field with the time of expiry, which is also the name of the index. Seconds is 0.
	Field bool
}

// inUse is the error of changing the index of that name if the table's rows expire by it.
func (c *TableConfig) inUse(index string) error {
	if c.TTL == nil || c.TTL.Index != index {
		return nil
	}
	return &IndexInUseError{index}
}

// ShardConfig says which servers hold a shard.
type ShardConfig struct {
	Primary   ServerID
	Replicas  []ServerID // includes Primary and NonVoting; in descending order
	NonVoting []ServerID // in descending order
}

// Clone returns a copy that shares nothing with c that its owner might change.
func (c TableConfig) Clone() TableConfig {
	c.Shards = slices.Clone(c.Shards)
	c.SplitPoints = slices.Clone(c.SplitPoints)
	c.Indexes = slices.Clone(c.Indexes)
	c.Parts, c.Groups = slices.Clone(c.Parts), slices.Clone(c.Groups)
	c.Move = c.Move.clone()
	return c
}

// Server is the configuration of a server.
type Server struct {
	ID   ServerID
	Name string
	Tags []string // sorted, without duplicates
	// CacheBytes is the size of the cache that was asked for; negative means that the server chooses.
	CacheBytes int64
	Presence
}

// Presence is what a server says of itself, and what no user changes.
type Presence struct {
	// Addresses are where the other servers find it, host:port of its intracluster port. Fingerprint is of the key that it shows there.
	Addresses   []string
	Fingerprint string
	Program     string // its version
	Level       Level  // the newest that it knows; 0 if it does not say
}

func (p Presence) equal(o Presence) bool {
	return p.Fingerprint == o.Fingerprint && p.Program == o.Program && p.Level == o.Level && slices.Equal(p.Addresses, o.Addresses)
}

// AutoCache as CacheBytes lets the server choose the size of its cache.
const AutoCache = -1

// HasTag reports whether the server carries tag.
func (s Server) HasTag(tag string) bool { return slices.Contains(s.Tags, tag) }

func (s Server) equal(o Server) bool {
	return s.ID == o.ID && s.Name == o.Name && s.CacheBytes == o.CacheBytes && slices.Equal(s.Tags, o.Tags) && s.Presence.equal(o.Presence)
}

// Cluster holds the settings of the whole cluster.
type Cluster struct {
	HeartbeatTimeout time.Duration
}

// normalTags sorts tags and drops duplicates.
func normalTags(tags []string) []string {
	out := slices.Clone(tags)
	slices.Sort(out)
	return slices.Compact(out)
}
