// Package storage keeps ordered keys and values on disk: atomic batches, snapshots, iterators and durability, behind a
// narrow interface over Pebble.
//
// It deliberately knows nothing of documents, tables, indexes or replication: keys and values are bytes, a group is a
// number. It takes no decision about what a failed write means to a client, and it is the only package that imports Pebble.
//
// # Durability
//
// Apply makes a batch visible and hands it to the write-ahead log; WaitDurable waits until all that was applied before the
// call has reached the disk. The log is one sequence, also across log files (a log file is synced before its successor takes
// records), so whatever is durable includes everything that was applied before it. A caller that never waits loses at most
// the last second: see softSyncInterval.
//
// # Failure
//
// A full disk blocks the writes that are already under way and refuses new ones with ErrDiskFull until there is room again;
// nothing has to be restarted. Any other error of the log makes the store refuse all further writes with ErrFailed: what is
// on disk after a failed fsync is unknown until the log is replayed.
package storage
