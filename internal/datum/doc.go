// Package datum has the values of ReQL: their kinds, their order, JSON, pseudo-types, and the two binary
// encodings in which they are stored, one that is read without decoding it and one whose byte order is
// ReQL's order.
//
// It deliberately knows nothing of queries, tables or users: no limits that depend on an option of a query
// (array_limit), no backtraces, no arithmetic on times and no geometry.
package datum
