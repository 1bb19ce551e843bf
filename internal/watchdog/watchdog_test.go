package watchdog

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		looks := 0
		start := time.Now()
		ctx, stop := Context(t.Context(), func() error {
			if looks++; looks == 3 {
				return gone
			}
			return nil
		})
		defer stop()
		<-ctx.Done()
		if took := time.Since(start); context.Cause(ctx) != gone || took != 3*Interval { //nolint:errorlint // a cause is given as it is
			t.Errorf("%v after %v", context.Cause(ctx), took)
		}
	})
}

// Nobody looks any more after the end.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var looks atomic.Int64
		ctx, stop := Context(t.Context(), func() error {
			looks.Add(1)
			return nil
		})
		time.Sleep(5*Interval + 1) // of the bubble's time
		stop()
		seen := looks.Load()
		time.Sleep(10 * Interval)
		if ctx.Err() == nil || seen != 5 || looks.Load() > seen+1 {
			t.Errorf("%d looks before the end, %d after it, %v", seen, looks.Load(), ctx.Err())
		}
	})
}
