// Package watchdog ends what waits for somebody who may be gone without a word: a server that is frozen or cut off keeps its connections for
// longer than its place.
package watchdog

import (
	"context"
	"time"
)

// Interval is how often a watchdog looks.
const Interval = 200 * time.Millisecond

// Context returns a context that ends with ctx, with the call of stop, or with the first error of check as its cause. check is called every Interval, by one goroutine at
// a time, and must not wait; one call may still be under way when stop returns.
func Context(ctx context.Context, check func() error) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var look func()
	look = func() {
		switch err := check(); {
		case err != nil:
			cancel(err)
		case ctx.Err() == nil:
			time.AfterFunc(Interval, look)
		}
	}
	first := time.AfterFunc(Interval, look)
	return ctx, func() {
		first.Stop()
		cancel(nil)
	}
}
