// Package auth knows who may come in: users and roles, their password verifiers and permissions, the server's side of
// SCRAM-SHA-256, and the authentication key of the old handshakes.
//
// It does not read the network, and it enforces nothing by itself: callers ask Allowed.
package auth
