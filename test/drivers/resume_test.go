//go:build integration

package drivers

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// TestReconnectLoops runs the loops of docs/changefeeds.md, while the server is killed and started again.
func TestReconnectLoops(t *testing.T) {
	root, err := harness.Root()
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(root, "docs", "changefeeds.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	loop, err := os.ReadFile(filepath.Join("..", "godriver", "follow", "follow.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(loop), "\n)\n\n")
	if code == "" || !strings.Contains(string(text), "```go\n"+code+"```\n") {
		t.Errorf("%s does not have the loop of test/godriver/follow/follow.go", page)
	}
	follow := filepath.Join(t.TempDir(), "follow")
	build := exec.Command("go", "build", "-o", follow, "./follow")
	build.Dir = filepath.Join("..", "godriver")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, words := range map[string][]string{
		"javascript": {"node", "resume.js", "rethinkdb-2-4-2", page},
		"go":         {follow},
	} {
		t.Run(name, func(t *testing.T) { reconnects(t, words) })
	}
}

// reconnects inserts documents for a program that follows them, over several lives of a server.
func reconnects(t *testing.T, words []string) {
	const lives, documents = 4, 8 // documents of each life
	dir := filepath.Join(t.TempDir(), "data")
	portFile := filepath.Join(t.TempDir(), "port")
	var done chan struct{}
	for life := range lives {
		server := harness.Start(t, dir)
		c, err := harness.Dial(server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		orders := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "orders")
		if life == 0 {
			if _, err := c.Run(harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "orders")); err != nil {
				t.Fatal(err)
			}
		}
		// Renamed into its place, so that nobody reads half of it.
		if err := os.WriteFile(portFile+".new", []byte(strconv.Itoa(server.DriverPort)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(portFile+".new", portFile); err != nil {
			t.Fatal(err)
		}
		if life == 0 {
			done = make(chan struct{})
			go func() {
				defer close(done)
				run(t, ".", append(words, portFile)...)
			}()
		}
		waitForFeed(t, c, done)
		for n := range documents {
			if _, err := c.Run(harness.Term(harness.Insert, orders, map[string]any{"id": life*documents + n})); err != nil {
				t.Fatal(err)
			}
		}
		if life == lives-1 {
			if _, err := c.Run(harness.Term(harness.Insert, orders, map[string]any{"id": "end"})); err != nil {
				t.Fatal(err)
			}
			<-done
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// feedQuery is a query that the test itself does not make.
var feedQuery = regexp.MustCompile(`\.changes\(`)

// waitForFeed waits until the program has a feed open. done is closed when it has ended.
func waitForFeed(t *testing.T, c *harness.Conn, done <-chan struct{}) {
	t.Helper()
	jobs := harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), "jobs")
	for end := time.Now().Add(workTime); ; {
		rows, err := c.Run(jobs)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if feedQuery.Match(row) {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatal("nobody has opened a feed")
		}
		select {
		case <-done:
			t.Fatal("the program has ended")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
