//go:build integration

package program

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// TestSortsStayWithinTheirMemory sorts many times what one query may collect.
func TestSortsStayWithinTheirMemory(t *testing.T) {
	const (
		rows      = 60_000
		cacheMB   = 64
		moreBytes = 300 << 20 // beyond the cache, for everything
	)
	s := harness.Start(t, "", "--cache-size", strconv.Itoa(cacheMB), "--query-memory", "16",
		"--core-dumps") // without which only root may see the files that a process has open
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	db, table := harness.Term(harness.DB, "test"), harness.Term(harness.Table, harness.Term(harness.DB, "test"), "t")
	if _, err := c.Run(harness.Term(harness.TableCreate, db, "t")); err != nil {
		t.Fatal(err)
	}
	const (
		mul     = 26
		mod     = 28
		mapRows = 38
		nth     = 45
	)
	i := harness.Term(10, 1)
	function := func(body any) any { return harness.Term(harness.Func, harness.Term(harness.MakeArray, 1), body) }
	row := map[string]any{"id": i, "n": harness.Term(mod, harness.Term(mul, i, 7919), rows), "pad": strings.Repeat("x", 1500)}
	for from := 0; from < rows; from += 5000 {
		some := harness.Term(mapRows, harness.Term(harness.Range, from, from+5000), function(row))
		if _, err := c.Run(harness.TermOpt(harness.Insert, map[string]any{"durability": "soft"}, table, some)); err != nil {
			t.Fatal(err)
		}
	}

	byN := harness.Term(harness.OrderBy, table, "n")
	var got struct{ N int }
	if err := c.One(harness.Term(nth, byN, 50_000), &got); err != nil || got.N != 50_000 {
		t.Errorf("row 50000 in the order of n: %v, %v", got, err)
	}
	distinct := harness.Term(42, harness.Term(mapRows, table, function(i)))
	var n int
	if err := c.One(harness.Term(harness.Count, distinct), &n); err != nil || n != rows {
		t.Errorf("distinct rows: %d, %v", n, err)
	}
	for name, term := range map[string]any{"all rows in an order": byN, "all distinct rows": distinct,
		"a group for each row": harness.Term(144, table, function(i))} {
		if _, err := c.Run(term); err == nil || !strings.Contains(err.Error(), "--query-memory") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	if peak := peakBytes(t, s.Pid()); peak > cacheMB<<20+moreBytes {
		t.Errorf("%d MB were resident", peak>>20)
	} else {
		t.Logf("%d MB were resident at most", peak>>20)
	}
	if names := openTemporaries(t, s); len(names) > 0 {
		t.Errorf("temporary files of no query: %v", names)
	}

	// Of a crash in the middle of a sort nothing is left, after the next start at the latest: a file may just have been made and
	// still have its name.
	endless := harness.Term(harness.OrderBy, harness.Term(mapRows, harness.Term(harness.Range, 1<<40), function(harness.Term(mul, i, i))), function(i))
	if _, err := c.Send([]any{1, harness.Term(harness.Count, endless), map[string]any{"array_limit": 1 << 40}}); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string, 1)
	go func() { // ends with the server, at the latest
		_, r, err := c.Receive()
		answered <- fmt.Sprintf("%.300s, %v", r.Result, err)
	}()
	for began := time.Now(); len(openTemporaries(t, s)) == 0; {
		select {
		case answer := <-answered:
			t.Fatalf("a sort without an end has ended: %s", answer)
		default:
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("a sort without an end uses no files: %v", s.Stop(syscall.SIGQUIT)) // with what its goroutines do
		}
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	harness.Start(t, s.Dir)
	if left, err := os.ReadDir(filepath.Join(s.Dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind by a crash: %v, %v", left, err)
	}
}

// openTemporaries gives the temporary files that a server has open, which have no names any more.
func openTemporaries(t *testing.T, s *harness.Server) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", s.Pid())
	fds, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, fd := range fds {
		// One that was closed meanwhile is no error.
		if target, err := os.Readlink(filepath.Join(dir, fd.Name())); err == nil && strings.Contains(target, "/tmp/sort-") {
			found = append(found, target)
		}
	}
	return found
}

// peakBytes is how much memory of a process was resident at most.
func peakBytes(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmHWM in\n%s", text)
	}
	kilobytes, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
