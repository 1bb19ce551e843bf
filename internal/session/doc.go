// Package session serves the queries of one client: tokens, cursors, CONTINUE, STOP, NOREPLY_WAIT, and the end of them
// all when the client goes away. The driver port and the web port share it.
//
// It does not know how a request arrives or how an answer leaves, nor what a query does.
package session
