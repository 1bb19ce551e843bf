// Package table offers one table to the executor: reads in primary-key order and in that of indexes, atomic writes of rows, its row count.
// It routes each key to the part that has it, and puts together what several parts give, so that a table is one whatever its layout.
//
// It deliberately does not know names: databases, table names and permissions are the catalog's and the executor's.
package table
