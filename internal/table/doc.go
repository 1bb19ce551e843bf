// Package table offers one table to the executor: reads in primary-key order, atomic writes of rows, its row count.
// It routes each key to the shard that has it.
//
// It deliberately does not know names: databases, table names and permissions are the catalog's and the executor's.
package table
