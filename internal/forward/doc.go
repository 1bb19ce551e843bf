// Package forward has queries, or parts of them, run on other servers. A Pool sends them on behalf of clients over streams between
// servers, and Serve answers at the other end. On a stream there is first who asks, then the frames of the driver protocol: a
// token of eight bytes and a length of four, lowest first, then JSON.
//
// Servers trust each other: who asks is not proved again. What the user may do is decided where the query runs.
//
// It deliberately knows nothing of where tables are.
package forward
