//go:build cluster

package cluster

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// watcher follows the changes of a table with resume tokens.
type watcher struct {
	t     *testing.T
	table string
	token string
	seen  map[string]int // how often each row has come
}

// follow takes changes from a server until the feed ends, or all has been seen.
func (w *watcher) follow(s *server, all func() bool) error {
	options := map[string]any{"include_resume_token": true, "include_states": true}
	if w.token != "" {
		options["resume_after"] = w.token
	}
	c, err := s.connect(patience)
	if err != nil {
		return err
	}
	defer c.Close()
	token, err := c.Send([]any{1, harness.TermOpt(harness.Changes, options, table(w.table))})
	if err != nil {
		return err
	}
	for {
		_, r, err := c.Receive()
		if err != nil {
			return err
		}
		if r.Type >= harness.ClientError {
			return &harness.ReQLError{Type: r.Type, Class: r.Class, Text: string(r.Result[0])}
		}
		for _, event := range r.Result {
			if err := w.take(event); err != nil {
				return err
			}
		}
		if all() {
			return nil
		}
		if err := c.Continue(token); err != nil {
			return err
		}
	}
}

func (w *watcher) take(event json.RawMessage) error {
	var e struct {
		New   struct{ ID string } `json:"new_val"`
		Token string              `json:"resume_token"`
	}
	if err := json.Unmarshal(event, &e); err != nil {
		return err
	}
	if e.Token != "" {
		w.token = e.Token
	}
	if e.New.ID != "" {
		w.seen[e.New.ID]++
	}
	return nil
}

// A feed through a server without the table ends with an error when the server of the primary replica is killed. Whoever goes on from its last
// token, at any server, misses nothing and sees nothing twice.
func TestFeedGoesOnAfterFailover(t *testing.T) {
	all := start(t, "a", "b", "c", "d")
	without := all[3]
	without.createTable("t", 3)
	without.placeTable("t", all[0], all[1], all[2])
	w := &watcher{t: t, table: "t", seen: map[string]int{}}
	if err := w.follow(without, func() bool { return w.token != "" }); err != nil {
		t.Fatal(err)
	}
	writes := startInserts(t, "t", 4, all[1], all[2], without)
	ended := make(chan error)
	go func() { ended <- w.follow(without, func() bool { return false }) }()
	writes.progress(100)
	all[0].kill()
	err := <-ended
	if refusal, ok := errors.AsType[*harness.ReQLError](err); !ok || refusal.Class != classFailed {
		t.Errorf("the feed ended with %v", err)
	} else if want := `"Changefeed aborted (unavailable)."`; refusal.Text != want {
		t.Errorf("the feed ended with %s, not %s", refusal.Text, want)
	}
	writes.progress(100)
	writes.finish()
	rows := writes.rows(without, "majority")
	complete := func() bool { return len(w.seen) == len(rows) }
	for until := time.Now().Add(patience); !complete(); {
		if err := w.follow(all[1], complete); err != nil && time.Now().After(until) {
			t.Fatalf("the feed does not go on: %v, after %d of %d rows", err, len(w.seen), len(rows))
		}
	}
	for id, times := range w.seen {
		if !rows[id] || times != 1 {
			t.Errorf("the feed has shown %s %d times", id, times)
		}
	}
	t.Logf("%d rows, each seen once", len(rows))
}
