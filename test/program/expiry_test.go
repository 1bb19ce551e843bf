//go:build integration

package program

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// TestDocumentsExpire sets a time to live as a user does and watches a document go, also after a restart.
func TestDocumentsExpire(t *testing.T) {
	s := harness.Start(t, "")
	c := dial(t, s)
	table := harness.Term(harness.Table, harness.Term(harness.DB, "test"), "sessions")
	run := func(c *harness.Conn, term any) string {
		t.Helper()
		rows, err := c.Run(term)
		if err != nil {
			return err.Error()
		}
		text, err := json.Marshal(rows)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const (
		now       = 103
		add       = 24
		config    = 174
		update    = 53
		indexList = 77
		indexDrop = 76
		changes   = 152
	)
	expect := func(c *harness.Conn, term any, want string) {
		t.Helper()
		if got := run(c, term); !strings.Contains(got, want) {
			t.Fatalf("%s, want %s", got, want)
		}
	}
	expect(c, harness.Term(harness.TableCreate, harness.Term(harness.DB, "test"), "sessions"), `"tables_created":1`)
	expect(c, harness.Term(update, harness.Term(config, table), map[string]any{"ttl": map[string]any{"field": "expires"}}), `"replaced":1`)
	expect(c, harness.Term(config, table), `"ttl":{"field":"expires"}`)
	expect(c, harness.Term(indexList, table), `["expires"]`)
	expect(c, harness.Term(indexDrop, table, "expires"), "is what the documents of table `test.sessions` expire by")

	// A feed sees each document come, and go within a second after its time.
	expires := func(c *harness.Conn, key string, in float64) {
		t.Helper()
		feed, err := c.Send([]any{1, harness.Term(changes, table), map[string]any{}})
		if err != nil {
			t.Fatal(err)
		}
		receive(t, c, feed)
		writer := dial(t, s)
		row := map[string]any{"id": key, "expires": harness.Term(add, harness.Term(now), in)}
		began := time.Now()
		expect(writer, harness.Term(harness.Insert, table, row), `"inserted":1`)
		for _, want := range []string{`"old_val":null`, `"new_val":null`} {
			if err := c.Continue(feed); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, c, feed); !strings.Contains(got, want) || !strings.Contains(got, key) {
				t.Errorf("the feed has %s, want %s of %s", got, want, key)
			}
		}
		if took := time.Since(began).Seconds(); took < in {
			t.Errorf("a document with %v s to live was deleted after %v s", in, took)
		}
	}
	expires(c, "one", 0.5)

	if err := s.Stop(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s = harness.Start(t, s.Dir)
	expires(dial(t, s), "two", 0.2)

	// Nothing expires any more.
	c = dial(t, s)
	expect(c, harness.Term(update, harness.Term(config, table), map[string]any{"ttl": nil}), `"replaced":1`)
	if got := run(c, harness.Term(config, table)); strings.Contains(got, "ttl") {
		t.Error(got)
	}
	expect(c, harness.Term(indexDrop, table, "expires"), `"dropped":1`)
}

func dial(t *testing.T, s *harness.Server) *harness.Conn {
	t.Helper()
	c, err := harness.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func receive(t *testing.T, c *harness.Conn, token uint64) string {
	t.Helper()
	got, r, err := c.Receive()
	if err != nil || got != token {
		t.Fatalf("an answer to %d instead of %d: %v", got, token, err)
	}
	return fmt.Sprintf("%s", r.Result)
}
