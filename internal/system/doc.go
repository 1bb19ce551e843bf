// Package system is the `rethinkdb` database: the catalog, servers, jobs, statistics, users and so on as tables that
// ReQL reads and writes, and the operations on databases and tables (creation, configuration, placement) with the
// results and errors that users see.
//
// A system table is a source: it lists rows, finds one, and accepts the change of one. It is added in one place, the
// list in tables.go; the adapter in table.go makes everything else of it that the executor asks of a table.
//
// The package does not store anything itself: databases, tables and servers belong to catalog, users and permissions to
// auth, rows to table.
package system
