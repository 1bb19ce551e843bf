package replication

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// lose stops servers, and returns what starts them again as they were.
func (c *cluster) lose(names ...ServerID) (back func() []*Raft) {
	mems := map[ServerID]*storage.MemFS{}
	for _, name := range names {
		p := c.peer(name)
		mems[name] = p.mem
		p.stop()
	}
	return func() (list []*Raft) {
		for _, name := range names {
			p := c.start(name, storage.Options{Mem: mems[name]})
			r, err := p.host.Open(c.t.Context(), c.id, c.machines[name])
			if err != nil {
				c.t.Fatal(err)
			}
			list = append(list, r)
		}
		return list
	}
}

// One of three replicas is left and goes on alone. The others, who are a majority of those that once were, come back: they fall silent, and become members again with
// nothing of what they had.
func TestRepair(t *testing.T) {
	c := newCluster(t, 3)
	if _, err := put(c.leader(), c.leader().store, c.id, "a", "1"); err != nil {
		t.Fatal(err)
	}
	c.same()
	back := c.lose("s2", "s3")
	one := c.peer("s1")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	left := one.host.Group(c.id)
	r, err := one.host.Repair(ctx, c.id, left, &Repair{Era: 1, First: "s1", Last: left.Status().End}, c.machines["s1"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := left.Epoch(); !errors.Is(err, ErrReplaced) {
		t.Errorf("the replica of the last era says %v, not %v", err, ErrReplaced)
	}
	if e, err := r.AwaitEpoch(ctx); err != nil || e < Epoch(Era(1).first()) {
		t.Fatalf("epoch %d, %v", e, err)
	}
	if _, err := put(r, one.store, c.id, "b", "1"); err != nil {
		t.Fatal(err)
	}

	for i, old := range back() {
		until(t, "a replica that was lost falls silent", func() bool { return errors.Is(old.Status().Err, ErrSuperseded) })
		p := c.peer(ServerID(fmt.Sprintf("s%d", i+2)))
		if _, err := put(old, p.store, c.id, "c", "1"); !errors.Is(err, ErrSuperseded) {
			t.Errorf("a write to it: %v, not %v", err, ErrSuperseded)
		}
		if err := p.host.Discard(ctx, c.id, old, 1); err != nil {
			t.Fatal(err)
		}
		if era, err := EraIn(p.store, c.id); era != 1 || err != nil {
			t.Errorf("era %d, %v", era, err)
		}
		if _, err := p.host.Replica(ctx, c.id, c.machines[p.self]); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.SetMembers(ctx, []Member{{Server: "s1", Voter: true}, {Server: "s2", Voter: true}, {Server: "s3", Voter: true}}); err != nil {
		t.Fatal(err)
	}
	if _, err := put(c.leader(), c.leader().store, c.id, "d", "1"); err != nil {
		t.Fatal(err)
	}
	c.same()
	if got, want := c.leader().State(), (State{Applied: 3, Rows: 3}); got != want {
		t.Errorf("the state is %+v, not %+v", got, want)
	}
}

// Of two that are left the one with the shorter log keeps what it has and is sent the rest; one that has more than the first must begin anew.
func TestRepairOfTwo(t *testing.T) {
	for _, test := range []struct {
		name    string
		behind  bool // the repair was decided before the last writes
		discard bool
	}{{"nothing happened since", false, false}, {"there were more writes", true, true}} {
		t.Run(test.name, func(t *testing.T) {
			c := newCluster(t, 5)
			write := func(n int) {
				for i := range n {
					if _, err := put(c.leader(), c.leader().store, c.id, fmt.Sprint(i), "1"); err != nil {
						t.Fatal(err)
					}
				}
				c.same()
			}
			write(3)
			p := &Repair{Era: 7, First: "s1", Others: []ServerID{"s2"}, Last: c.peer("s1").host.Group(c.id).Status().End}
			if test.behind {
				write(3)
			}
			c.lose("s3", "s4", "s5")
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			one, two := c.peer("s1"), c.peer("s2")
			rows := two.host.Group(c.id).State()
			if _, err := two.host.Repair(ctx, c.id, two.host.Group(c.id), p, c.machines["s2"]); Unfit(err) != test.discard || err != nil && !Unfit(err) {
				t.Fatalf("the second goes on: %v", err)
			}
			if test.discard {
				return
			}
			first, err := one.host.Repair(ctx, c.id, one.host.Group(c.id), p, c.machines["s1"])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := first.AwaitEpoch(ctx); err != nil {
				t.Fatal(err)
			}
			if err := first.SetMembers(ctx, []Member{{Server: "s1", Voter: true}, {Server: "s2", Voter: true}}); err != nil {
				t.Fatal(err)
			}
			if _, err := put(first, one.store, c.id, "more", "1"); err != nil {
				t.Fatal(err)
			}
			c.same()
			if s := two.host.Group(c.id).State(); s.Rows != rows.Rows+1 {
				t.Errorf("the second has %+v after %+v", s, rows)
			}
			if n := c.machines["s2"].restored; n > 1 { // when it became a member
				t.Errorf("the second was sent everything: %d snapshots", n)
			}
		})
	}
}

// When nothing is left the group begins anew, and what comes back is nothing to it.
func TestRepairErases(t *testing.T) {
	c := newCluster(t, 2)
	if _, err := put(c.leader(), c.leader().store, c.id, "a", "1"); err != nil {
		t.Fatal(err)
	}
	back := c.lose("s1", "s2")
	p := c.start("s3", storage.Options{})
	c.machines["s3"] = &silent{}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := p.host.Repair(ctx, c.id, Absent{}, &Repair{Era: 1, First: "s3", Erase: true}, c.machines["s3"])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.AwaitEpoch(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := put(r, p.store, c.id, "b", "1"); err != nil {
		t.Fatal(err)
	}
	lost := back()
	for i, name := range []ServerID{"s1", "s2"} {
		if err := c.peer(name).host.Discard(ctx, c.id, lost[i], 1); err != nil {
			t.Fatal(err)
		}
		if _, err := c.peer(name).host.Replica(ctx, c.id, c.machines[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.SetMembers(ctx, []Member{{Server: "s1", Voter: true}, {Server: "s3", Voter: true}}); err != nil {
		t.Fatal(err)
	}
	until(t, "the replica that was lost has the new group", func() bool { return c.peer("s1").host.Group(c.id).State() == State{1, 1} })
	if _, found, err := c.peer("s1").store.GetRow(rowKey(c.id, "a")); found || err != nil {
		t.Errorf("the old row is there: %v, %v", found, err)
	}
}

// The replica of a group whose keys are elsewhere keeps them until it gets those of the new era: their absence would be taken for a decision.
func TestRepairOfRanger(t *testing.T) {
	n := newNetwork(t)
	var machines []*judging
	for i := range 3 {
		p := n.start(ServerID(fmt.Sprintf("s%d", i+1)), storage.Options{})
		machines = append(machines, &judging{store: p.store})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := n.peer("s1").host.Create(ctx, 0, machines[0])
	if err != nil {
		t.Fatal(err)
	}
	b := n.peer("s1").store.NewBatch()
	defer b.Close()
	b.SetMeta("shared/old", []byte("x"))
	e, err := r.Epoch()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Commit(ctx, &Command{Batch: b, Epoch: e}); err != nil {
		t.Fatal(err)
	}
	members := []Member{{Server: "s1", Voter: true}}
	for i, name := range []ServerID{"s2", "s3"} {
		if _, err := n.peer(name).host.Replica(ctx, 0, machines[i+1]); err != nil {
			t.Fatal(err)
		}
		members = append(members, Member{Server: name, Voter: true})
	}
	if err := r.SetMembers(ctx, members); err != nil {
		t.Fatal(err)
	}
	two := n.peer("s2")
	until(t, "the second has it all", func() bool { return two.host.Group(0).State() == r.State() })
	n.peer("s1").setCut(true)
	n.peer("s3").stop()
	restored := machines[1].restored

	// The first goes on alone; the second hears of it, and only later from it.
	first, err := n.peer("s1").host.Repair(ctx, 0, r, &Repair{Era: 1, First: "s1", Last: r.Status().End}, machines[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.AwaitEpoch(ctx); err != nil {
		t.Fatal(err)
	}
	n.peer("s1").setCut(false)
	until(t, "the second falls silent", func() bool {
		two.host.Group(0).mu.Lock()
		defer two.host.Group(0).mu.Unlock()
		return two.host.Group(0).silent == 1
	})
	if err := two.host.Group(0).ReadIndex(ctx); err == nil {
		t.Error("a silent replica reads")
	}
	if _, found, err := two.store.MetaGet("shared/old"); !found || err != nil {
		t.Errorf("its keys are gone: %v, %v", found, err)
	}
	if err := first.SetMembers(ctx, members[:2]); err != nil {
		t.Fatal(err)
	}
	until(t, "the second has the new era", func() bool { return two.host.Group(0).State() == first.State() })
	if era, known := two.host.Group(0).Era(); era != 1 || !known {
		t.Errorf("era %d, %v", era, known)
	}
	machines[1].locked(func() {
		if machines[1].restored != restored+1 {
			t.Errorf("it was told %d times that everything is replaced, not once", machines[1].restored-restored)
		}
	})
}
