package catalog

import (
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
)

// makesTable tells whether changes of the metadata make a table.
func makesTable(list []metadata.Change) bool {
	return slices.ContainsFunc(list, func(c metadata.Change) bool { return c.Key == keyNextGroup }) &&
		slices.ContainsFunc(list, func(c metadata.Change) bool { return strings.HasPrefix(c.Key, keyTable) })
}

// newTableConfig is that of a table in a new database, of which all servers have heard.
func (f *fleet) newTableConfig(shards ...ShardConfig) TableConfig {
	f.t.Helper()
	d := f.at("a").database("d")
	for _, s := range f.servers {
		s.await("heard of the database", func(s *Snapshot) bool { _, ok := s.Database("d"); return ok })
	}
	cfg := f.at("a").config(d, "t")
	cfg.ID, cfg.Shards = TableID(NewUUID()), shards
	for i := range len(shards) - 1 {
		cfg.SplitPoints = append(cfg.SplitPoints, SplitKey(datum.Int(int64(i*100))))
	}
	return cfg
}

// known is a table as a server knows it, as soon as it does.
func (s *ship) known(id TableID) *Table {
	s.t.Helper()
	s.await("heard of the table", func(s *Snapshot) bool { _, ok := s.TableByID(id); return ok })
	t, _ := s.Snapshot().TableByID(id)
	return t
}

// checkBegun waits until a table is as its configuration says, and writes and reads it everywhere.
func (f *fleet) checkBegun(id TableID) {
	f.t.Helper()
	var all []*writers
	for i, server := range []ServerID{"a", "b", "c", "d"} {
		s := f.at(server)
		t := s.until(s.known(id), "one that has begun", func(t *Table) bool { return len(t.Config.Foundings) == 0 })
		r := s.writers(t, i*10, 10)
		r.fill()
		all = append(all, r)
	}
	for _, server := range []ServerID{"a", "b", "c", "d"} {
		s := f.at(server)
		checkAll(f.t, s.known(id), all)
		f.untilPlaced(s, id)
	}
}

// untilPlaced waits until a server has what the configuration says, and, where that has the primary replica, it is there with all members.
func (f *fleet) untilPlaced(s *ship, id TableID) {
	f.t.Helper()
	var wrong string
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(time.Millisecond) { // before it is looked at again
		wrong = ""
		for _, p := range s.known(id).everyPart() {
			wrong += s.misplaced(&p)
		}
		if wrong == "" {
			return
		}
	}
	f.t.Errorf("server %s: %s", s.id, wrong)
}

// misplaced says what is not yet as the configuration says; empty for nothing.
func (s *ship) misplaced(p *part) string {
	member, _ := p.layout.Member(p.at, s.id)
	switch g := p.Group().(type) {
	case *replication.Raft:
		status := g.Status()
		switch {
		case len(p.members()) == 1 || !member:
			return "it has one of several replicas"
		case status.Err != nil || len(status.Members) == 0:
			return fmt.Sprintf("its replica does nothing: %+v", status)
		case p.primary() == s.id && !(p.Here() && sameMembers(status.Members, p.members())):
			return fmt.Sprintf("it has not the primary replica of %+v: %+v", p.members(), status)
		}
	case *replication.Single:
		if len(p.members()) != 1 || !member {
			return "it has an only replica"
		}
	default:
		if member {
			return "it has no replica"
		}
	}
	return ""
}

// Groups begin where they are to be: nothing is moved there, whoever is asked.
func TestGroupsBeginInTheirPlaces(t *testing.T) {
	all := []ServerID{"d", "c", "b", "a"}
	for name, shards := range map[string][]ShardConfig{
		"one replica":                    {{Primary: "c", Replicas: []ServerID{"c"}}},
		"three replicas":                 {{Primary: "b", Replicas: all[1:]}},
		"three replicas, one not voting": {{Primary: "b", Replicas: all[1:], NonVoting: all[1:2]}},
		"several groups":                 {{Primary: "d", Replicas: all}, {Primary: "c", Replicas: all[:2]}, {Primary: "a", Replicas: all[3:]}},
	} {
		for _, asked := range []ServerID{"a", "d"} {
			t.Run(fmt.Sprintf("%s, %s is asked", name, asked), func(t *testing.T) {
				t.Parallel()
				f := startFleet(t, 1, []ServerID{"a", "b", "c", "d"})
				cfg := f.newTableConfig(shards...)
				if _, err := f.at(asked).CreateTable(t.Context(), cfg); err != nil {
					t.Fatal(err)
				}
				f.checkBegun(cfg.ID)
				for _, s := range f.servers {
					for _, p := range s.known(cfg.ID).everyPart() {
						if g, ok := p.Group().(*replication.Raft); ok {
							for _, m := range g.Status().Members {
								if m.Replica > uint64(len(p.members())) {
									t.Errorf("the replica on %s was added later, as number %d", m.Server, m.Replica)
								}
							}
						}
					}
				}
			})
		}
	}
}

// A server crashes when a table is made, before or after that is decided on: the one that is asked, which has no replica, the one that is to have the primary replica, another one, or all. When they are back the table is there
// as it is to be, or there is nothing.
func TestATableBeginsDespiteCrashes(t *testing.T) {
	for name, crashing := range map[string][]ServerID{
		"the server that is asked": {"d"}, "the primary replica": {"b"}, "another replica": {"c"},
		"the majority of the replicas": {"b", "c"}, "who decides": {"a"}, "all": {"a", "b", "c", "d"},
	} {
		for _, before := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, before the change %v", name, before), func(t *testing.T) {
				t.Parallel()
				f := startFleet(t, 1, []ServerID{"a", "b", "c", "d"})
				cfg := f.newTableConfig(ShardConfig{Primary: "b", Replicas: []ServerID{"c", "b", "a"}})
				asked := slices.Contains(crashing, "d")
				crashed := make(chan struct{})
				f.wiretap.Store(&wiretap{change: func(_ *ship, list []metadata.Change, pass func() error) error {
					if !makesTable(list) {
						return pass()
					}
					f.wiretap.Store(nil)
					var err error
					if !before {
						err = pass()
					}
					for _, id := range crashing {
						f.crash(id)
					}
					close(crashed)
					switch {
					case asked:
						return errCrashed
					case before:
						return pass()
					}
					return err
				}})
				answer := make(chan error, 1)
				go func() {
					_, err := f.at("d").CreateTable(t.Context(), cfg)
					answer <- err
				}()
				<-crashed
				if asked { // it is about to be closed
					if err := <-answer; err == nil {
						t.Error("a server that has crashed has made a table")
					}
				}
				for _, id := range crashing {
					f.revive(id)
				}
				if !asked {
					if err := <-answer; err != nil {
						t.Fatal(err)
					}
				}
				if asked && before {
					if _, ok := f.at("a").Snapshot().TableByID(cfg.ID); ok {
						t.Error("there is a table that nobody has decided on")
					}
					return
				}
				f.checkBegun(cfg.ID)
			})
		}
	}
}

// A server crashes when it says the first word as a member of a new group, or when the first is said to it.
func TestATableBeginsDespiteACrashInItsFirstMoment(t *testing.T) {
	for _, crashing := range []ServerID{"a", "b", "c"} {
		for words := range 4 {
			t.Run(fmt.Sprintf("%s, after %d messages", crashing, words), func(t *testing.T) {
				t.Parallel()
				f := startFleet(t, 1, []ServerID{"a", "b", "c", "d"})
				cfg := f.newTableConfig(ShardConfig{Primary: "b", Replicas: []ServerID{"c", "b", "a"}})
				left := make(chan struct{}, words)
				met := make(chan struct{})
				var crashed atomic.Bool // messages go side by side
				f.wiretap.Store(&wiretap{message: func(by *ship, _ []byte) {
					if t, ok := by.Snapshot().TableByID(cfg.ID); by.id != crashing || !ok || t == nil {
						return
					}
					select {
					case left <- struct{}{}:
					default:
						if crashed.CompareAndSwap(false, true) {
							f.wiretap.Store(nil)
							f.crash(crashing)
							close(met)
						}
					}
				}})
				answer := make(chan error, 1)
				go func() {
					_, err := f.at("d").CreateTable(t.Context(), cfg)
					answer <- err
				}()
				<-met
				f.revive(crashing)
				if err := <-answer; err != nil {
					t.Fatal(err)
				}
				f.checkBegun(cfg.ID)
			})
		}
	}
}

// A server is away when a group begins with it, and is one of two members that are left when it comes back: it makes its replica, although the group has had a leader for long. Without it there could be none any more.
func TestAFounderThatWasAwayHasItsVote(t *testing.T) {
	f := startFleet(t, 1, []ServerID{"a", "b", "c", "d"})
	cfg := f.newTableConfig(ShardConfig{Primary: "b", Replicas: []ServerID{"d", "c", "b"}})
	f.crash("c")
	if _, err := f.at("a").CreateTable(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	b := f.at("b")
	r := b.writers(b.known(cfg.ID), 0, 100)
	r.fill()
	m := &trial{t: t, fleet: f, id: cfg.ID}
	m.arrange([]ShardConfig{{Primary: "b", Replicas: []ServerID{"c", "b"}}})
	group := b.known(cfg.ID).parts[0]
	for began := time.Now(); len(group.Group().(*replication.Raft).Status().Members) != 2; time.Sleep(time.Millisecond) { // before it is looked at again
		if time.Since(began) > time.Minute {
			t.Fatal("d is not removed")
		}
	}
	b.keepFoundings(b.Snapshot())
	for b.noting.Load() {
		time.Sleep(time.Millisecond) // as above
	}
	f.crash("b")
	f.revive("b")
	f.revive("c")
	for _, id := range []ServerID{"b", "c"} {
		s := f.at(id)
		f.untilPlaced(s, cfg.ID)
		checkAll(t, s.until(s.known(cfg.ID), "one that has begun", func(t *Table) bool { return len(t.Config.Foundings) == 0 }), []*writers{r})
	}
}

// Nobody notes that a group has begun, and its replicas leave, so that it has one on another server in the end. When those are back that it has begun with, they do not take it for a new one, which they would be a majority of.
func TestNoGroupBeginsTwice(t *testing.T) {
	f := startFleet(t, 1, []ServerID{"a", "b", "c", "d"})
	cfg := f.newTableConfig(ShardConfig{Primary: "b", Replicas: []ServerID{"d", "c", "b"}})
	refused := errors.New("it is not noted")
	f.wiretap.Store(&wiretap{change: func(by *ship, list []metadata.Change, pass func() error) error {
		for _, c := range list {
			if t, ok := by.Snapshot().TableByID(cfg.ID); ok && len(t.Config.Foundings) > 0 && c.Key == keyTable+string(cfg.ID) {
				if after, err := decodeTable(cfg.ID, c.Value); err == nil && len(after.Foundings) == 0 {
					return refused
				}
			}
		}
		return pass()
	}})
	if _, err := f.at("d").CreateTable(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	b := f.at("b")
	r := b.writers(b.known(cfg.ID), 0, 100)
	r.fill()
	m := &trial{t: t, fleet: f, id: cfg.ID}
	for _, replicas := range [][]ServerID{{"c", "b"}, {"b"}, {"b", "a"}, {"b"}} {
		m.arrange([]ShardConfig{{Primary: "b", Replicas: replicas}})
		for _, s := range f.servers {
			s.until(s.known(cfg.ID), "what it is to be", func(t *Table) bool { return slices.Equal(t.Config.Shards[0].Replicas, replicas) })
			f.untilPlaced(s, cfg.ID)
		}
	}
	if now := b.known(cfg.ID); len(now.Config.Foundings) != 1 {
		t.Fatalf("the table has the foundings %+v", now.Config.Foundings)
	}
	for _, id := range []ServerID{"c", "d"} {
		f.crash(id)
	}
	for _, id := range []ServerID{"c", "d"} {
		f.revive(id)
	}
	m.arrange([]ShardConfig{{Primary: "c", Replicas: []ServerID{"d", "c", "b"}}})
	for _, s := range f.servers {
		s.until(s.known(cfg.ID), "on c", func(t *Table) bool { return t.Config.Shards[0].Primary == "c" })
		f.untilPlaced(s, cfg.ID)
		checkAll(t, s.known(cfg.ID), []*writers{r})
	}
}

// As long as a cluster has servers with older programs, groups begin on the server that is asked, and go where they are to be.
func TestGroupsBeginOnTheServerThatIsAsked(t *testing.T) {
	f := startFleetAt(t, levelFounding-1, 1, []ServerID{"a", "b", "c", "d"})
	cfg := f.newTableConfig(ShardConfig{Primary: "b", Replicas: []ServerID{"c", "b", "a"}})
	tbl, err := f.at("d").CreateTable(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if m := tbl.Config.founders(tbl.Config.Groups[0]); len(m) != 1 || m[0].Server != "d" {
		t.Errorf("the group begins with %+v", m)
	}
	f.checkBegun(cfg.ID)
}
