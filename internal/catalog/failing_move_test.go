package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// The steps of a move, by the change of the configuration that ends them.
const (
	stepMade    = "the groups are made"
	stepPlaced  = "a group is placed"
	stepCopying = "the copying begins"
	stepCopied  = "the rows are copied"
	stepJoined  = "a group has all replicas"
	stepSealed  = "the rows are sealed"
	stepMoved   = "the rows have moved"
)

// stepOf tells which step a change of a table's configuration ends, empty for none.
func stepOf(before, after *TableConfig) string {
	was, is := before.Move, after.Move
	switch {
	case was != nil && is == nil && len(before.Groups) > 0 && slices.Equal(before.Groups, after.Groups):
		return stepMoved
	case was == nil || is == nil || was.Number != is.Number || len(is.Copier) == 0:
		return ""
	case len(was.Copier) == 0:
		return stepMade
	case !slices.Equal(was.Placed, is.Placed):
		return stepPlaced
	case !slices.Equal(was.Joined, is.Joined):
		return stepJoined
	}
	for i := range is.Copier {
		switch {
		case was.Copier[i] != is.Copier[i]:
			return stepCopying
		case was.Copied[i] != is.Copied[i]:
			return stepCopied
		case was.Sealed[i] != is.Sealed[i]:
			return stepSealed
		}
	}
	return ""
}

// endedBy tells which step some changes of the metadata end that a server asks for.
func endedBy(by *ship, list []metadata.Change) string {
	for _, change := range list {
		id, ok := strings.CutPrefix(change.Key, keyTable)
		if !ok || change.Value == nil {
			continue
		}
		before, known := by.Snapshot().TableByID(TableID(id))
		after, err := decodeTable(TableID(id), change.Value)
		if known && err == nil {
			return stepOf(&before.Config, &after)
		}
	}
	return ""
}

// trial is a move of a table from one server to three, in which something happens at one of the steps. Server a decides on the metadata alone, and b copies.
type trial struct {
	t     *testing.T
	fleet *fleet
	id    TableID
	all   []*writers
	begun atomic.Bool   // it happens, or is about to
	met   chan struct{} // closed when it has happened
}

var errCrashed = errors.New("the server has crashed")

// newTrial makes a table whose rows are on b, and on the others as well with three replicas, and writes to it from the servers by.
func newTrial(t *testing.T, replicas int, by ...ServerID) *trial {
	t.Helper()
	m := &trial{t: t, fleet: startFleet(t, 1, []ServerID{"a", "b", "c"}), met: make(chan struct{})}
	a, b := m.fleet.at("a"), m.fleet.at("b")
	d := a.database("d")
	b.await("heard of the database", func(s *Snapshot) bool { _, ok := s.Database("d"); return ok })
	cfg := b.config(d, "t")
	cfg.Shards = []ShardConfig{{Primary: "b", Replicas: []ServerID{"b", "a", "c"}[:replicas]}}
	cfg.WriteHook = datum.String("the write hook")
	cfg.TTL = &TTL{Index: "third", Seconds: 1e6}
	if err := cfg.AddIndex(Index{Name: "third", Definition: []byte("third")}); err != nil {
		t.Fatal(err)
	}
	tbl, err := b.CreateTable(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.id = tbl.Config.ID
	b.until(tbl, "indexed", func(t *Table) bool { return t.Config.indexesReady() })
	still := b.writers(tbl, 1000, 900)
	still.fill()
	m.all = append(m.all, still)
	for i, id := range by {
		s := m.fleet.at(id)
		w := s.writers(m.at(s), i*200, 200)
		w.faults = true
		w.start(2, 100)
		m.all = append(m.all, w)
	}
	return m
}

// at is the table as a server knows it.
func (m *trial) at(s *ship) *Table {
	m.t.Helper()
	s.await("heard of the table", func(s *Snapshot) bool { _, ok := s.TableByID(m.id); return ok })
	t, _ := s.Snapshot().TableByID(m.id)
	return t
}

// when has something happen once at the end of a step that server by takes: before the change of the configuration goes to who decides, or after he has made it.
func (m *trial) when(step string, by ServerID, before bool, do func(s *ship) error) {
	m.fleet.wiretap.Store(&wiretap{change: func(s *ship, list []metadata.Change, pass func() error) error {
		if s.id != by || endedBy(s, list) != step || !m.begun.CompareAndSwap(false, true) {
			return pass()
		}
		if before {
			defer close(m.met)
			if err := do(s); err != nil {
				return err
			}
			return pass()
		}
		if err := pass(); err != nil {
			m.begun.Store(false) // somebody else was faster: it comes again
			return err
		}
		defer close(m.met)
		return do(s)
	}})
}

// divide divides the table among all servers.
func (m *trial) divide(replicas int) {
	m.t.Helper()
	var shards []ShardConfig
	for i := range 3 {
		shards = append(shards, ShardConfig{Primary: []ServerID{"a", "b", "c"}[i], Replicas: []ServerID{"a", "b", "c", "a", "b"}[i:][:replicas]})
	}
	m.arrange(shards, SplitKey(datum.Int(1200)), SplitKey(datum.Int(1600)))
}

// begin is divide, again if the move has ended before anything happened.
func (m *trial) begin(replicas int) {
	m.t.Helper()
	a := m.fleet.at("a")
	for {
		m.divide(replicas)
		if m.happens(a) {
			return
		}
		m.arrange([]ShardConfig{{Primary: "b", Replicas: []ServerID{"b", "a", "c"}[:replicas]}})
		if m.happens(a) {
			return
		}
	}
}

// happens waits until what is to happen has happened, or cannot any more because the move has ended.
func (m *trial) happens(a *ship) bool {
	m.t.Helper()
	patience := time.After(time.Minute)
	for {
		changed := a.Changed()
		if t, ok := a.Snapshot().TableByID(m.id); ok && t.Config.Move == nil && !m.begun.Load() {
			return false
		}
		select {
		case <-m.met:
			return true
		case <-changed:
		case <-patience:
			t, _ := a.Snapshot().TableByID(m.id)
			m.t.Fatalf("nothing has happened: %+v", t.Config.Move)
		}
	}
}

func (m *trial) arrange(shards []ShardConfig, splits ...string) {
	m.t.Helper()
	_, _, err := m.fleet.at("a").UpdateTable(context.Background(), m.id, func(_ *Snapshot, cfg *TableConfig) error {
		cfg.Shards, cfg.SplitPoints = shards, splits
		return nil
	})
	if err != nil {
		m.t.Fatal(err)
	}
}

// check waits until the table is whole and has been written to from everywhere, and looks whether everything is there once, and nothing else.
func (m *trial) check() {
	m.t.Helper()
	m.fleet.wiretap.Store(nil)
	a := m.fleet.at("a")
	now := a.until(m.at(a), "whole", func(t *Table) bool { return t.Config.Move == nil && t.Config.indexesReady() })
	for _, w := range m.all[1:] {
		w.progress(20)
	}
	for _, w := range m.all[1:] {
		w.end()
	}
	if c := now.Config; c.TTL == nil || c.WriteHook.IsAbsent() {
		m.t.Errorf("the table has the write hook %s and the time to live %v", c.WriteHook.Print(), c.TTL)
	}
	for _, id := range []ServerID{"a", "b", "c"} {
		s := m.fleet.at(id)
		own := s.until(m.at(s), "that of server a", func(t *Table) bool { return t.Config.Move == nil && slices.Equal(t.Config.Groups, now.Config.Groups) })
		checkAll(m.t, own, m.all)
		m.checkGroups(s, &now.Config)
	}
}

// checkGroups waits until a server has something of those groups alone that the configuration has there; c is nil for no groups.
func (m *trial) checkGroups(s *ship, c *TableConfig) {
	m.t.Helper()
	var want []storage.GroupID
	if c != nil {
		layout := c.Present()
		for i, g := range layout.Groups {
			if member, _ := layout.Member(i, s.id); member {
				want = append(want, g)
			}
		}
	}
	var have []storage.GroupID
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(time.Millisecond) {
		if have = s.holds(c); slices.Equal(have, want) {
			return
		}
	}
	m.t.Errorf("server %s has something of the groups %d, not of %d", s.id, have, want)
}

// holds are the groups that a server has something of. A group of the table of which it has been a member leaves the number that it had in it.
func (s *ship) holds(c *TableConfig) (list []storage.GroupID) {
	s.t.Helper()
	groups, err := s.store.Groups()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, g := range groups {
		left := false
		if c != nil && slices.Contains(c.Groups, g) {
			has, err := s.has(g)
			if err != nil {
				s.t.Fatal(err)
			}
			left = !has
		}
		if g != metadata.Group && !left {
			list = append(list, g)
		}
	}
	return list
}

// crash is what happens when the server itself crashes.
func (m *trial) crash(s *ship) error {
	m.fleet.crash(s.id)
	return errCrashed
}

func TestAMoveOutlivesACrashOfWhoCopies(t *testing.T) {
	for _, replicas := range []int{1, 3} {
		for _, step := range []string{stepMade, stepPlaced, stepCopying, stepCopied, stepJoined, stepMoved} {
			if step == stepJoined && replicas == 1 {
				continue // it is Placed then
			}
			for _, before := range []bool{true, false} {
				t.Run(fmt.Sprintf("%d replicas, %s, before the change %v", replicas, step, before), func(t *testing.T) {
					t.Parallel()
					m := newTrial(t, replicas, "a", "c")
					m.when(step, "b", before, m.crash)
					m.begin(replicas)
					m.fleet.revive("b")
					m.check()
				})
			}
		}
	}
}

// TestAMoveOutlivesACrashDuringTheSeal has the server crash when the seal is on its way to the other replicas.
func TestAMoveOutlivesACrashDuringTheSeal(t *testing.T) {
	m := newTrial(t, 3, "a", "c")
	group := m.at(m.fleet.at("a")).Config.Groups[0]
	seal := storage.AppendPrefix(nil, group, storage.KindSeal)
	m.fleet.wiretap.Store(&wiretap{message: func(by *ship, message []byte) {
		if by.id == "b" && bytes.Contains(message, seal) && m.begun.CompareAndSwap(false, true) {
			m.fleet.crash(by.id)
			close(m.met)
		}
	}})
	m.begin(3)
	m.fleet.revive("b")
	m.check()
}

func TestAMoveOutlivesFaults(t *testing.T) {
	for name, c := range map[string]struct {
		by       []ServerID // who writes
		replicas []int
		do       func(m *trial, s *ship) error
	}{
		"a server that is copied to crashes": {[]ServerID{"a", "b"}, []int{1, 3}, func(m *trial, _ *ship) error {
			m.fleet.crash("c")
			return nil
		}},
		"the place of the primary replica is lost": {[]ServerID{"a", "b", "c"}, []int{3}, func(m *trial, s *ship) error {
			g, ok := m.at(s).parts[0].Group().(*replication.Raft)
			for err := context.DeadlineExceeded; ok && errors.Is(err, context.DeadlineExceeded); { // who is asked once may be too busy to take it
				ctx, cancel := context.WithTimeout(m.t.Context(), time.Second)
				err = g.TransferLeader(ctx, "c")
				cancel()
			}
			return nil
		}},
		"the shards are to be others": {[]ServerID{"a", "b", "c"}, []int{1, 3}, func(m *trial, _ *ship) error {
			m.arrange([]ShardConfig{{Primary: "c", Replicas: []ServerID{"c"}}, {Primary: "b", Replicas: []ServerID{"b", "a"}}}, SplitKey(datum.Int(1500)))
			return nil
		}},
		"the shards are to be as before": {[]ServerID{"a", "b", "c"}, []int{1, 3}, func(m *trial, s *ship) error {
			m.arrange(m.at(s).Config.Move.From.Shards)
			return nil
		}},
		"an index is created": {[]ServerID{"a", "b", "c"}, []int{1}, func(m *trial, _ *ship) error {
			return m.fleet.at("a").CreateIndex(m.t.Context(), m.id, Index{Name: "n", Definition: []byte("n")})
		}},
		"an index is dropped": {[]ServerID{"a", "b", "c"}, []int{1}, func(m *trial, _ *ship) error {
			_, _, err := m.fleet.at("a").UpdateTable(m.t.Context(), m.id, func(_ *Snapshot, cfg *TableConfig) error {
				cfg.Indexes = nil
				return nil
			})
			return err
		}},
	} {
		for _, replicas := range c.replicas {
			for _, step := range []string{stepMade, stepCopying, stepCopied, stepJoined, stepMoved} {
				if step == stepJoined && replicas == 1 {
					continue
				}
				t.Run(fmt.Sprintf("%s, %d replicas, %s", name, replicas, step), func(t *testing.T) {
					t.Parallel()
					m := newTrial(t, replicas, c.by...)
					m.when(step, "b", step == stepMoved, func(s *ship) error { return c.do(m, s) })
					m.begin(replicas)
					if m.fleet.apart("a", "c") {
						m.fleet.revive("c")
					}
					m.check()
				})
			}
		}
	}
}

// TestAMoveBeginsAsAnotherOneEnds has servers hear of the end of a move and the beginning of the next one at once.
func TestAMoveBeginsAsAnotherOneEnds(t *testing.T) {
	t.Parallel()
	m := newTrial(t, 1, "a", "b", "c")
	m.fleet.wiretap.Store(&wiretap{change: func(by *ship, list []metadata.Change, pass func() error) error {
		if endedBy(by, list) != stepMoved || m.begun.Load() {
			return pass()
		}
		at := slices.IndexFunc(list, func(c metadata.Change) bool { return strings.HasPrefix(c.Key, keyTable) })
		cfg, err := decodeTable(m.id, list[at].Value)
		if err != nil {
			return err
		}
		cfg.beginMove(cfg.Present())
		list[at].Value = encodeTable(cfg)
		err = pass()
		if err == nil && m.begun.CompareAndSwap(false, true) {
			close(m.met)
		}
		return err
	}})
	m.begin(1)
	m.check()
}

// TestATableIsDroppedWhileItMoves has no rows left anywhere.
func TestATableIsDroppedWhileItMoves(t *testing.T) {
	for _, step := range []string{stepMade, stepPlaced, stepCopying, stepCopied, stepMoved} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before the change %v", step, before), func(t *testing.T) {
				t.Parallel()
				m := newTrial(t, 1)
				m.when(step, "b", before, func(*ship) error {
					_, err := m.fleet.at("a").DropTable(m.t.Context(), m.id)
					return err
				})
				m.begin(1)
				for _, id := range []ServerID{"a", "b", "c"} {
					s := m.fleet.at(id)
					s.await("heard of the end of the table", func(s *Snapshot) bool { _, ok := s.TableByID(m.id); return !ok })
					m.checkGroups(s, nil)
				}
			})
		}
	}
}

// TestWritersDoNotWaitForAGroupThatIsNotSealed has one of three servers that copy crash when everything is copied, and stay away: what the others have sealed
// is written to again.
func TestWritersDoNotWaitForAGroupThatIsNotSealed(t *testing.T) {
	t.Parallel()
	m := newTrial(t, 1, "a")
	m.divide(1)
	a := m.fleet.at("a")
	a.untilMoved(m.at(a))
	m.when(stepCopied, "b", false, m.crash)
	m.arrange([]ShardConfig{{Primary: "c", Replicas: []ServerID{"c"}}})
	<-m.met
	a.until(m.at(a), "one that begins to move anew", func(t *Table) bool { return t.Config.Moves >= 3 })
	m.all[1].progress(20)
	m.fleet.revive("b")
	m.check()
}

// TestATableOutlivesTheCrashOfWhoMakesIt has a server make a table and crash when the others have agreed.
func TestATableOutlivesTheCrashOfWhoMakesIt(t *testing.T) {
	f := startFleet(t, 1, []ServerID{"a", "b"})
	d := f.at("a").database("d")
	b := f.at("b")
	b.await("heard of the database", func(s *Snapshot) bool { _, ok := s.Database("d"); return ok })
	cfg := b.config(d, "t")
	cfg.Shards = []ShardConfig{{Primary: "b", Replicas: []ServerID{"b"}}}
	f.wiretap.Store(&wiretap{change: func(by *ship, list []metadata.Change, pass func() error) error {
		err := pass()
		if by.id == "b" && err == nil && makesTable(list) {
			f.crash("b")
			return errCrashed
		}
		return err
	}})
	if _, err := b.CreateTable(t.Context(), cfg); err == nil {
		t.Fatal("a server that has crashed has made a table")
	}
	f.wiretap.Store(nil)
	b = f.revive("b")
	b.await("heard of the table", func(s *Snapshot) bool { return len(s.Tables()) == 1 })
	tbl := b.Snapshot().Tables()[0]
	r := b.writers(tbl, 0, 10)
	r.fill()
	checkAll(t, tbl, []*writers{r})
}
