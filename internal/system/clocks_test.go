package system

import (
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/internal/table"
)

// Clocks that are more than a second apart are an issue, the same one wherever it is asked for.
func TestClockSkew(t *testing.T) {
	var ahead atomic.Int64 // nanoseconds
	p, peers := newPair(t, func(o *Options) {
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	issues := p.here.system("current_issues")
	for _, c := range []struct {
		ahead time.Duration
		want  int
	}{{0, 0}, {time.Second / 2, 0}, {-time.Second / 2, 0}, {time.Hour, 1}, {-time.Hour, 1}} {
		ahead.Store(int64(c.ahead))
		if got := p.here.rows(issues, table.ScanOptions{}); len(got) != c.want {
			t.Errorf("a clock that is %v ahead gives %q", c.ahead, got)
		}
	}
	snap := p.here.catalog.Snapshot()
	one := clockIssue(snap, Names, "x", 90*time.Minute)
	if one.Type != "clock_skew" || one.Critical {
		t.Errorf("%+v", one)
	}
	ahead.Store(int64(time.Hour))
	peers.silent = true
	if got := p.here.rows(issues, table.ScanOptions{}); len(got) != 0 {
		t.Errorf("a server that does not answer gives %q", got)
	}
}
