package table

import (
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// A Durability says what a write waits for.
type Durability uint8

const (
	DurabilityDefault Durability = iota // what the table's configuration says
	DurabilityHard                      // until the rows are on disk
	DurabilitySoft                      // for nothing: a crash may take the last second
)

// A ReadMode says which replica may answer a read. With one replica all three are the same.
type ReadMode uint8

const (
	ReadSingle ReadMode = iota
	ReadMajority
	ReadOutdated
)

// ReadOptions apply to one read.
type ReadOptions struct {
	Mode ReadMode
}

// A Range is an interval of keys in ReQL order. The zero Range holds every key.
type Range struct {
	Low, High         datum.Value // absent: unbounded; minval and maxval are allowed
	LowOpen, HighOpen bool        // the bound itself does not belong to the range
}

// ScanOptions say what a scan returns.
type ScanOptions struct {
	Range      Range // of the primary key
	Descending bool

	// Transient rows are valid only until the next call of Next, Park or Close. They are views of the storage engine's own
	// memory, so that a scan that only looks at rows copies nothing. All other rows are valid for ever.
	Transient bool

	// At is the state to scan instead of the newest one. It must stay open as long as the scan.
	At *Snapshot

	Read ReadOptions
}

// Rows are the rows of a scan, one after the other. They are not safe for concurrent use.
type Rows interface {
	// Next returns the next row; ok is false at the end.
	Next(ctx context.Context) (row datum.Value, ok bool, err error)

	// Close ends the scan. The rows of ScanParallel need no Close.
	Close() error
}

// A Parker is what the Rows of Scan are besides. Park gives back the memory that the scan holds while nobody reads from it:
// call it when the next row is wanted at some unknown time, as between two batches of a cursor. The scan goes on after its
// last row with the next call of Next, which costs a seek and sees the table as it is then, as cursors of RethinkDB do.
type Parker interface {
	Park() error
}

// A WriteRequest changes the rows of some keys in one atomic batch, or, when a key comes several times and the table has a unique
// index, in a few.
type WriteRequest struct {
	// Keys are primary keys. A key may come several times; later ones see what earlier ones did.
	Keys []datum.Value

	// Update computes the new row of Keys[i] from the old one, which is absent when there is none. It is called once per key,
	// in order, while nobody else can change the row, so it must not write to any table itself. An absent or null row means
	// no row. An error is the error of that key and does not stop the others.
	Update func(i int, old datum.Value) (datum.Value, error)

	// Generated says which keys the server has just made up, as random UUIDs; nil means none. Tables do not look for old rows
	// of such keys. Some system tables create rows only under generated keys, others never do.
	Generated []bool

	Durability Durability

	// Copied says that the rows come from other groups of the table: nobody who follows the table is told of them.
	Copied bool
}

// A WriteResult is what became of one key. Without an error Old and New are the stored rows before and after, absent where
// there is none; Changed says whether they differ. With an error nothing was written: Old is as before, and New is what
// Update returned, if anything.
type WriteResult = shard.Result

// CheckReplacement returns the error of a row that must not replace old, for tables of other kinds. Absent rows are no rows.
func CheckReplacement(primaryKey string, old, row datum.Value) error {
	return shard.CheckReplacement(primaryKey, old, row)
}
