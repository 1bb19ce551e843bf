// Package replication puts the writes of one shard in an order and makes them durable: a group commits commands.
//
// There are two kinds of groups. Single has one replica, which commits straight to storage. Raft has replicas on several servers, which
// agree by the protocol of that name; a Host runs all of those that a server has. Either can become the other without moving a row.
//
// The package deliberately does not look into a command: rows, indexes and their validity are the shard's business. Nor does it know how
// messages reach another server, or which servers should have a replica. DESIGN.md has formats, guarantees and assumptions.
package replication
