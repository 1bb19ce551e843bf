// Package race tells tests whether the race detector watches them. It makes them five to ten times slower, so what a single goroutine
// repeats is repeated less often then: it has no races, and the tests run without the detector as well.
package race
