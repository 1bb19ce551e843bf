// Package processors tells how many threads should compute at the same time, and keeps some more for what is short.
//
// Go runs goroutines on GOMAXPROCS threads, and takes a thread from a goroutine that computes after ten milliseconds. When as many
// queries compute as there are threads, nobody even looks whether a request has come over the network before that. So a server asks
// for more threads than the computer has processors, and what may compute for long (queries, the parts of a scan, sorts,
// building an index) limits itself to Count. On the threads that remain a short request finds the system's scheduler instead of Go's,
// which lets it go first, since it has slept.
package processors

import (
	"os"
	"runtime"
	"sync/atomic"
)

// spares is for requests and for the storage engine's compactions.
const spares = 2

var spared atomic.Bool

// Spare asks for the threads that are kept for what is short. It does nothing when somebody wants fewer threads than there are
// processors (an administrator, by the environment or an option of the server, or a container's share of the machine): whoever runs
// on more would be stopped for the rest of a tenth of a second each time when his share is used up.
func Spare() {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) == runtime.NumCPU() && spared.CompareAndSwap(false, true) {
		runtime.GOMAXPROCS(runtime.NumCPU() + spares)
	}
}

// Count is how many threads should compute at the same time.
func Count() int {
	if spared.Load() {
		return runtime.NumCPU()
	}
	return runtime.GOMAXPROCS(0)
}
