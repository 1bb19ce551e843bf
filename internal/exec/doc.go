// Package exec runs queries: it compiles a syntax tree into a tree of nodes with resolved variables and evaluates it.
//
// A term is added in one place: a file of its own (or of its family) that registers a spec with its name, its
// arguments and its evaluation, with its documentation above it. The package does not know the wire, nor how a table keeps its rows.
package exec

//go:generate go test . -run TestReference -rewrite
