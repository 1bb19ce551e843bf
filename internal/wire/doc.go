// Package wire is the driver port: it accepts connections, speaks the handshakes V0_1 to V1_0 and moves frames between
// the socket and a session.
//
// It does not know what is in a query; package session does the tokens and the executor does the rest.
package wire
