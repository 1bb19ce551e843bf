// Package reql is the language: term numbers, the syntax tree, its parsing from the JSON of the wire, and
// errors with their backtraces.
//
// It does not compile or run anything; package exec does.
package reql
