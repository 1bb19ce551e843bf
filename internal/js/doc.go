// Package js runs the scripts of r.js, each in a process that is not the server's: it starts, pools, watches and ends these
// processes, and takes values there and back.
//
// It does not know JavaScript. The engine is in package worker, which the program becomes when its first argument is
// WorkerArgument.
package js
