package replication

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// What is committed on one replica is on all of them, and only the leader takes commands.
func TestReplicasAgree(t *testing.T) {
	c := newCluster(t, 3)
	leader := c.leader()
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 50 {
				if _, err := put(leader, leader.store, c.id, fmt.Sprintf("%d-%d", w, i), "x"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	c.same()
	if s := leader.State(); s != (State{Applied: 400, Rows: 400}) {
		t.Errorf("state %+v", s)
	}
	for _, p := range c.all() {
		g := p.host.Group(c.id)
		v, found, err := p.store.GetRow(rowKey(c.id, "3-7"))
		if err != nil || !found || string(v) != "x" {
			t.Errorf("%s: %q, %v, %v", p.self, v, found, err)
		}
		if g == leader {
			continue
		}
		if _, err := put(g, p.store, c.id, "no", "x"); !errors.Is(err, ErrNotPrimary) {
			t.Errorf("%s takes commands: %v", p.self, err)
		}
		if err := g.ReadIndex(t.Context()); err != nil {
			t.Errorf("%s: ReadIndex: %v", p.self, err)
		}
	}
}

// When the leader is stopped, another replica takes over, with everything that was acknowledged.
func TestLeaderIsStopped(t *testing.T) {
	c := newCluster(t, 3)
	leader := c.leader()
	for i := range 20 {
		if _, err := put(leader, leader.store, c.id, fmt.Sprint(i), "x"); err != nil {
			t.Fatal(err)
		}
	}
	begin := time.Now()
	old := c.peer(leader.host.o.Self)
	old.stop()
	next := c.leader()
	t.Logf("another leader after %v", time.Since(begin))
	if s := next.State(); s.Rows != 20 {
		t.Errorf("%d rows, want 20", s.Rows)
	}
	if _, err := put(next, next.store, c.id, "20", "x"); err != nil {
		t.Fatal(err)
	}
	back := c.start(old.self, storage.Options{Mem: old.mem})
	if _, err := back.host.Open(t.Context(), c.id, c.machines[old.self]); err != nil {
		t.Fatal(err)
	}
	c.same()
}

// A leader that is cut off takes no commands any more, and those that it had are not lost half.
func TestLeaderIsCutOff(t *testing.T) {
	c := newCluster(t, 3)
	leader := c.leader()
	old := c.peer(leader.host.o.Self)
	if _, err := put(leader, leader.store, c.id, "a", "1"); err != nil {
		t.Fatal(err)
	}
	old.setCut(true)
	_, err := put(leader, leader.store, c.id, "b", "1")
	if !errors.Is(err, ErrUnknownOutcome) && !errors.Is(err, ErrNotPrimary) {
		t.Errorf("a command without a majority: %v", err)
	}
	if err := leader.ReadIndex(t.Context()); !errors.Is(err, ErrNoQuorum) {
		t.Errorf("a read without a majority: %v", err)
	}
	next := c.leader()
	if _, err := put(next, next.store, c.id, "c", "1"); err != nil {
		t.Fatal(err)
	}
	old.setCut(false)
	c.same()
	_, here, err := old.store.Get(rowKey(c.id, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if _, there, err := next.store.Get(rowKey(c.id, "b")); err != nil || here != there {
		t.Errorf("the row is here %v, there %v, %v", here, there, err)
	}
}

// A group is moved from three servers to three others while it is written to.
func TestMove(t *testing.T) {
	c := newCluster(t, 3)
	var want []Member
	for _, s := range []ServerID{"s4", "s5", "s6"} {
		p := c.start(s, storage.Options{})
		c.machines[s] = &silent{}
		if _, err := p.host.Replica(t.Context(), c.id, c.machines[s]); err != nil {
			t.Fatal(err)
		}
		want = append(want, Member{Server: s, Voter: true})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	stop := make(chan struct{})
	written := 0
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			leader := c.leader()
			_, err := put(leader, leader.store, c.id, fmt.Sprint(i), "x")
			switch {
			case err == nil:
				written++
			case errors.Is(err, ErrNotPrimary), errors.Is(err, ErrRemoved): // definite: it was not written
			default:
				t.Error(err)
			}
		}
	})
	var err error
	for err = ErrNotPrimary; errors.Is(err, ErrNotPrimary) && ctx.Err() == nil; {
		err = c.leader().SetMembers(ctx, want)
	}
	close(stop)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []ServerID{"s1", "s2", "s3"} {
		until(t, "the old member knows that it is none", func() bool {
			m := c.machines[s]
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.removed == 1
		})
		if err := c.peer(s).host.Group(c.id).Drop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	c.same()
	if rows := c.leader().State().Rows; rows != int64(written) {
		t.Errorf("%d rows, %d were written", rows, written)
	}
	t.Logf("%d commands meanwhile", written)
}

// Whoever has just become a voter, and may not know it yet, takes the lead when it is asked to.
func TestNewVoterTakesTheLead(t *testing.T) {
	c := &cluster{network: newNetwork(t), machines: make(map[ServerID]*silent)}
	for _, s := range []ServerID{"s1", "s2", "s3"} {
		c.start(s, storage.Options{})
	}
	want := []Member{{Server: "s1", Voter: true}, {Server: "s2", Voter: true}, {Server: "s3", Voter: true}}
	const atOnce, groups = 8, 48
	var wg sync.WaitGroup
	for first := range atOnce {
		wg.Go(func() {
			for id := storage.GroupID(first + 1); id <= groups; id += atOnce {
				g, err := c.peer("s1").host.Create(t.Context(), id, &silent{})
				for _, s := range []ServerID{"s2", "s3"} {
					if err == nil {
						_, err = c.peer(s).host.Replica(t.Context(), id, &silent{})
					}
				}
				if err == nil {
					err = g.SetMembers(t.Context(), want)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				if err == nil {
					err = g.TransferLeader(ctx, "s2")
				}
				cancel()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// A group becomes one with several replicas, and one with one again, on the same rows.
func TestAdoptAndRetire(t *testing.T) {
	c := &cluster{network: newNetwork(t), id: 7, machines: make(map[ServerID]*silent)}
	one, two := c.start("s1", storage.Options{}), c.start("s2", storage.Options{})
	single, err := Create(t.Context(), one.store, c.id)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if _, err := put(single, one.store, c.id, fmt.Sprint("single", round), "x"); err != nil {
			t.Fatal(err)
		}
		m1, m2 := &silent{}, &silent{}
		r, err := one.host.Adopt(t.Context(), single, m1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := put(single, one.store, c.id, "late", "x"); !errors.Is(err, ErrReplaced) {
			t.Errorf("the old group: %v", err)
		}
		if _, err := two.host.Replica(t.Context(), c.id, m2); err != nil {
			t.Fatal(err)
		}
		if err := r.SetMembers(t.Context(), []Member{{Server: "s1", Voter: true}, {Server: "s2", Voter: true}}); err != nil {
			t.Fatal(err)
		}
		if _, err := put(r, one.store, c.id, fmt.Sprint("raft", round), "x"); err != nil {
			t.Fatal(err)
		}
		c.same()
		if err := r.SetMembers(t.Context(), []Member{{Server: "s1", Voter: true}}); err != nil {
			t.Fatal(err)
		}
		until(t, "the other one knows", func() bool { m2.mu.Lock(); defer m2.mu.Unlock(); return m2.removed == 1 })
		if err := two.host.Group(c.id).Drop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if single, err = r.Retire(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := put(r, one.store, c.id, "late", "x"); !errors.Is(err, ErrReplaced) {
			t.Errorf("the old group: %v", err)
		}
		if s := single.State(); s.Rows != int64(2*round+2) || s.Applied != Index(2*round+2) {
			t.Errorf("round %d: state %+v", round, s)
		}
	}
}

// Who has led and is alone says so, and it is over when somebody leads again.
func TestDeposed(t *testing.T) {
	c := newCluster(t, 2)
	back := c.lose("s2")
	one := c.peer("s1").host.Group(c.id)
	until(t, "the leader finds that it is alone", func() bool { return one.Status().Deposed })
	if _, err := one.Epoch(); !errors.Is(err, ErrNotPrimary) {
		t.Errorf("its epoch: %v, not %v", err, ErrNotPrimary)
	}
	back()
	until(t, "somebody leads", func() bool { return one.Status().Leader != "" })
	if one.Status().Deposed {
		t.Error("it is still deposed")
	}
}
