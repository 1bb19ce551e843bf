// Package catalog keeps the cluster's metadata: databases, tables and their configuration, servers and the settings of
// the cluster.
//
// Names are looked up in an immutable snapshot behind an atomic pointer, without a lock and without an allocation.
// Every change is on disk before it is visible.
//
// It deliberately knows nothing of queries: rows of the system tables, permissions, placement by query options and the
// texts around them belong to package system. It does not move data between servers.
package catalog
