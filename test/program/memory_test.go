//go:build integration

package program

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"rethinkdb/test/harness"
)

// residentBytes is the memory of a process.
func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmRSS in\n%s", text)
	}
	kilobytes, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

func TestIdleServerIsSmall(t *testing.T) {
	s := harness.Start(t, "")
	const limit = 60 << 20
	if got := residentBytes(t, s.Pid()); got > limit {
		t.Errorf("an idle server takes %d MB, at most %d are allowed", got>>20, limit>>20)
	}
}

func TestIdleConnectionsAreCheap(t *testing.T) {
	const (
		connections = 10_000
		limit       = 300 << 20
		dialers     = 50
	)
	s := harness.Start(t, "")
	before := residentBytes(t, s.Pid())
	conns := make([]*harness.Conn, connections)
	errs := make([]error, dialers)
	var wg sync.WaitGroup
	for d := range dialers {
		wg.Go(func() {
			for i := d; i < connections && errs[d] == nil; i += dialers {
				if conns[i], errs[d] = harness.Dial(s.Addr()); errs[d] == nil {
					// A connection that has never been used is cheaper than one that rests.
					_, errs[d] = conns[i].Run(1)
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err) // each end needs a file descriptor: see ulimit -n
		}
	}
	grown := residentBytes(t, s.Pid()) - before
	t.Logf("%d connections take %d MB", connections, grown>>20)
	if grown > limit {
		t.Errorf("%d idle connections take %d MB, at most %d are allowed", connections, grown>>20, limit>>20)
	}
	for _, c := range conns {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
