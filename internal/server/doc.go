// Package server builds one database server out of the other packages and runs it: data directory, memory, ports, start-up and
// shut-down in order, signals.
//
// It deliberately does no work of its own: whatever a client asks for is answered by the packages it puts together. It is the
// only package that knows all of them.
package server
