// Package feed follows the commits of a table and tells any number of subscribers what becomes of the rows they watch: single
// rows, ranges with transforms, and the first rows of an order. Each change is evaluated once for each distinct expression.
//
// It deliberately does not know queries: what a row is in a feed is a function that the executor makes. Nor does it write to
// clients: it calls a function when there is something to fetch.
package feed
