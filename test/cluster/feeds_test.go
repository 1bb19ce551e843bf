//go:build cluster

package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// watcher follows the changes of a table with resume tokens.
type watcher struct {
	t     *testing.T
	table string
	token string
	seen  map[string]int // how often each row has come since the feed began
	anew  int            // how often it had to begin again, because the table was divided into other shards
	plain bool           // without tokens
}

// follow takes changes from a server until the feed ends, or all has been seen.
func (w *watcher) follow(s *server, all func() bool) error {
	c, err := s.connect(patience)
	if err != nil {
		return err
	}
	defer c.Close()
	return w.read(c, all)
}

func (w *watcher) read(c *harness.Conn, all func() bool) error {
	options := map[string]any{"include_states": true}
	if !w.plain {
		options["include_resume_token"] = true
	}
	if w.token != "" {
		options["resume_after"] = w.token
	} else {
		options["include_initial"] = true
		clear(w.seen)
	}
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
			if strings.HasPrefix(string(r.Result[0]), `"Cannot resume the changefeed: `) {
				w.token = ""
				w.anew++
			}
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

// startWatcher follows a table in the background, through one server after the other, until check.
func startWatcher(t *testing.T, table string, servers ...*server) *follower {
	ctx, stop := context.WithCancel(t.Context())
	f := &follower{watcher: watcher{t: t, table: table, seen: map[string]int{}}, servers: servers, stop: stop}
	if err := f.follow(servers[0], func() bool { return f.token != "" }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.finish)
	f.wg.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			c, err := servers[n%len(servers)].connect(requestTime)
			if err != nil {
				rest(ctx)
				continue
			}
			unhook := context.AfterFunc(ctx, func() { _ = c.Close() })
			f.interruption = f.read(c, func() bool { return false })
			unhook()
			_ = c.Close() // it is broken, or ends with this
			f.interruptions++
		}
	})
	return f
}

// follower is a watcher that goes on by itself.
type follower struct {
	watcher
	servers []*server
	wg      sync.WaitGroup
	stop    context.CancelFunc

	interruptions int
	interruption  error // the last one
}

func (f *follower) finish() {
	f.stop()
	f.wg.Wait()
}

// check reads the rest of the feed, which must show each of the rows once, and no others.
func (f *follower) check(rows map[string]bool) {
	f.t.Helper()
	f.finish()
	complete := func() bool { return len(f.seen) >= len(rows) }
	for until, n := time.Now().Add(patience), 0; !complete(); n++ {
		if err := f.follow(f.servers[n%len(f.servers)], complete); err != nil && time.Now().After(until) {
			f.t.Errorf("%s: the feed does not go on: %v, after %d of %d rows", f.table, err, len(f.seen), len(rows))
			tally.history(len(f.seen), 1)
			return
		}
	}
	anomalies := 0
	for id, times := range f.seen {
		if !rows[id] || times != 1 {
			f.t.Errorf("%s: the feed has shown %s %d times", f.table, id, times)
			anomalies++
		}
	}
	tally.history(len(f.seen), anomalies)
	f.t.Logf("%s: a feed of %d rows, interrupted %d times, begun anew %d times", f.table, len(rows), f.interruptions, f.anew)
}

// Feeds through a server without the tables go on when the server of the primary replicas is killed, whichever of the others has them then. Whoever goes on from the last
// token, at any server, misses nothing and sees nothing twice.
func TestFeedGoesOnAfterFailover(t *testing.T) {
	all := start(t, "a", "b", "c", "d")
	without := all[3]
	var feeds []*follower
	var writes []*inserts
	for _, name := range []string{"t1", "t2", "t3"} { // whose first candidates are not on one server
		without.createTable(name, 3)
		without.placeTable(name, all[0], all[1], all[2])
		feeds = append(feeds, startWatcher(t, name, without))
		writes = append(writes, startInserts(t, name, 2, all[1], without))
	}
	progress := func(rows int) {
		for _, w := range writes {
			w.progress(rows)
		}
	}
	progress(100)
	all[0].kill()
	progress(200)
	for i, feed := range feeds {
		writes[i].finish()
		feed.finish()
		if refusal, ok := errors.AsType[*harness.ReQLError](feed.interruption); ok {
			t.Errorf("%s: the feed ended with %v", feed.table, refusal)
		}
		feed.servers = all[1:3]
		feed.check(writes[i].rows(without, "majority"))
		if feed.anew > 0 {
			t.Errorf("%s: the feed had to begin anew %d times", feed.table, feed.anew)
		}
	}
}

// feeds are feeds of a table that must be told everything by the cursor that they have begun with.
type feeds struct {
	t       *testing.T
	list    []*watcher
	rows    atomic.Int64 // in the table, when that is known
	reading sync.WaitGroup
}

// startFeeds follows a table, which is not empty, with tokens and without through each of some servers.
func startFeeds(t *testing.T, table string, servers ...*server) *feeds {
	f := &feeds{t: t}
	for i := range 2 * len(servers) {
		w := &watcher{t: t, table: table, seen: map[string]int{}, plain: i%2 == 0}
		f.list = append(f.list, w)
		begun := make(chan struct{})
		begin := sync.OnceFunc(func() { close(begun) })
		f.reading.Go(func() {
			defer begin()
			err := w.follow(servers[i/2], func() bool {
				if len(w.seen) > 0 {
					begin()
				}
				n := f.rows.Load()
				return n > 0 && int64(len(w.seen)) >= n
			})
			if err != nil {
				t.Errorf("feed %d has ended: %v", i, err)
			}
		})
		<-begun
	}
	return f
}

// check has the feeds read the rest, which must show each of the rows once and no others. One row more is inserted for that.
func (f *feeds) check(rows map[string]bool, at *server, table string) {
	f.t.Helper()
	rows["last"] = true
	f.rows.Store(int64(len(rows)))
	at.insert(table, "last")
	f.reading.Wait()
	for i, w := range f.list {
		anomalies := 0
		for id, times := range w.seen {
			if !rows[id] || times != 1 {
				f.t.Errorf("feed %d has shown %s %d times", i, id, times)
				anomalies++
			}
		}
		tally.history(len(w.seen), anomalies)
	}
}

// Feeds go on while the table is divided in other ways, and its replicas move.
func TestFeedsGoOnWhenTheTableIsDivided(t *testing.T) {
	all := start(t, "a", "b", "c")
	all[0].createTable("t", 1)
	all[0].insert("t", "first")
	feeds := startFeeds(t, "t", all...)
	writes := startInserts(t, "t", 4, all...)
	for i, c := range []struct{ shards, replicas int }{{3, 1}, {2, 2}, {1, 3}, {4, 1}, {1, 1}} {
		writes.progress(50)
		all[i%3].reshard("t", c.shards, c.replicas)
		all[0].awaitReplicas("t")
	}
	writes.progress(50)
	writes.finish()
	feeds.check(writes.rows(all[0], "majority"), all[0], "t")
}

// Feeds go on where the primary replica is when that is told to go somewhere else, or its server is frozen for a while, or killed.
func TestFeedsFollowThePrimaryReplica(t *testing.T) {
	all := start(t, "a", "b", "c")
	a, b, c := all[0], all[1], all[2]
	b.createTable("t", 3)
	b.placeTable("t", a, b, c)
	b.insert("t", "first")
	feeds := startFeeds(t, "t", b, c)
	writes := startInserts(t, "t", 4, b, c)
	for _, on := range [][]*server{{b, a, c}, {c}, {b}, {a, b, c}} {
		writes.progress(50)
		b.placeTable("t", on...)
	}
	writes.progress(50)
	a.freeze()
	writes.progress(50)
	a.signal(syscall.SIGCONT)
	writes.progress(50)
	b.placeTable("t", a, b, c)
	a.kill()
	writes.progress(50)
	writes.finish()
	feeds.check(writes.rows(b, "majority"), b, "t")
}
