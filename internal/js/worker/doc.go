// Package worker is the process that runs the scripts of r.js: QuickJS, without files, network or anything else of the machine,
// behind the protocol of package js.
//
// It trusts the server that asks, and no script. It has no limits on the number of its kind, nor a pool; those are the server's.
package worker
