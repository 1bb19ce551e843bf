// Package shard keeps the rows of one range of a table: latches, the write path from old row to atomic batch, row counts,
// scans.
//
// It deliberately does not know how a new row is computed, which is the caller's function, nor how commands are ordered
// and made durable, which is the replication group's job.
package shard
