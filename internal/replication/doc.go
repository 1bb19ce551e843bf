// Package replication puts the writes of one shard in an order and makes them durable: a group commits commands.
//
// It deliberately does not look into a command: rows, indexes and their validity are the shard's business. Today there is
// one kind of group, Single, with one replica that commits straight to storage; the interface is what a group of several
// replicas will implement too.
package replication
