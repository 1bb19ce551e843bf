package exec

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A disk is full for a few minutes, in which a thousand writes fail each second.
func TestRepeatedErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		r := newRepeatedErrors(slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}})))
		defer r.close()
		full := errors.New("no space left on device")
		for range 150 {
			for range 1000 {
				r.report("a table failed to write", full, "user", "ann")
			}
			time.Sleep(time.Second + time.Millisecond) // of the bubble; never when a minute is over
		}
		r.report("a table failed to read", full, "user", "ann") // is another one, and comes once
		time.Sleep(5 * repeatInterval)
		r.report("a table failed to write", full, "user", "bob")
		want := `level=ERROR msg="a table failed to write" error="no space left on device" user=ann
level=ERROR msg="a table failed to write, again" error="no space left on device" times=59999
level=ERROR msg="a table failed to write, again" error="no space left on device" times=60000
level=ERROR msg="a table failed to read" error="no space left on device" user=ann
level=ERROR msg="a table failed to write, again" error="no space left on device" times=30000
level=INFO msg="a table failed to write: not any more" error="no space left on device" times=150000
level=ERROR msg="a table failed to write" error="no space left on device" user=bob
`
		if got := text.String(); got != want {
			t.Errorf("the log is\n%s\nwant\n%s", got, want)
		}
	})
}

// Errors that all differ are bounded as well, and nothing is logged after the end.
func TestManyDifferentErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := 0
		r := newRepeatedErrors(slog.New(slog.NewTextHandler(writerFunc(func([]byte) { lines++ }), nil)))
		for i := range 10 * maxRepeated {
			r.report("a table failed to read", fmt.Errorf("row %d is corrupt", i))
		}
		if lines != maxRepeated+1 {
			t.Errorf("%d lines were logged, want %d", lines, maxRepeated+1)
		}
		r.close()
		time.Sleep(5 * repeatInterval)
		if lines != maxRepeated+1 {
			t.Errorf("after the end %d lines were logged", lines-maxRepeated-1)
		}
	})
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
