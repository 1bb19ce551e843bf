// Package cluster is the mesh of servers: each keeps two connections to each other member, and over them go messages, calls and
// streams. It finds out who is there (with package peer), connects again what broke, and takes in servers that join. DESIGN.md
// has the protocol.
//
// It deliberately knows nothing of tables, of metadata or of what the messages mean: whoever uses it registers handlers, tells it
// who the members are, and decides who may join.
package cluster
