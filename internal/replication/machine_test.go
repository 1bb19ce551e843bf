package replication

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"rethinkdb/internal/storage"
)

// judging is the machine of a group whose keys are metadata, and whose commands rest on a version: as the metadata of a cluster will be.
type judging struct {
	silent
	store *storage.Store
}

var errOld = errors.New("it rests on an older version")

// Judge implements Judge.
func (m *judging) Judge(_ Index, guard []byte) error {
	version, _, err := m.store.MetaGet("shared/version")
	if err != nil {
		panic(err)
	}
	if !bytes.Equal(version, guard) {
		return errOld
	}
	return nil
}

// Ranges implements Ranger.
func (m *judging) Ranges() [][2][]byte {
	return [][2][]byte{{[]byte("\x01shared/"), []byte("\x01shared0")}}
}

// Commands of which a guard does not hold change nothing, on any replica; and the keys of a Ranger travel in snapshots, and nothing else of the metadata.
func TestJudgeAndRanges(t *testing.T) {
	n := newNetwork(t)
	one, two := n.start("s1", storage.Options{}), n.start("s2", storage.Options{})
	for _, p := range []*peer{one, two} {
		if err := p.store.MetaSet(t.Context(), "own", []byte(p.self)); err != nil {
			t.Fatal(err)
		}
	}
	if err := two.store.MetaSet(t.Context(), "shared/stale", nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	r, err := one.host.Create(ctx, 0, &judging{store: one.store})
	if err != nil {
		t.Fatal(err)
	}
	commit := func(base, next uint64) error {
		e, err := r.Epoch()
		if err != nil {
			return err
		}
		b := one.store.NewBatch()
		defer b.Close()
		b.SetMeta("shared/version", binary.BigEndian.AppendUint64(nil, next))
		b.SetMeta(fmt.Sprint("shared/", next), []byte("x"))
		var guard []byte
		if base > 0 {
			guard = binary.BigEndian.AppendUint64(nil, base)
		}
		_, err = r.Commit(ctx, &Command{Batch: b, Epoch: e, Guard: guard})
		return err
	}
	for _, step := range []struct {
		base, next uint64
		err        error
	}{{0, 1, nil}, {1, 2, nil}, {1, 3, errOld}, {2, 4, nil}} {
		if err := commit(step.base, step.next); !errors.Is(err, step.err) {
			t.Errorf("%d on %d: %v, want %v", step.next, step.base, err, step.err)
		}
	}
	follower, err := two.host.Replica(ctx, 0, &judging{store: two.store})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SetMembers(ctx, []Member{{Server: "s1", Voter: true}, {Server: "s2", Voter: true}}); err != nil {
		t.Fatal(err)
	}
	if err := commit(2, 5); !errors.Is(err, errOld) {
		t.Errorf("5 on 2: %v, want %v", err, errOld)
	}
	if err := commit(4, 6); err != nil {
		t.Error(err)
	}
	until(t, "the follower has it all", func() bool { return follower.State() == r.State() })
	for _, p := range []*peer{one, two} {
		var keys []string
		if err := p.store.MetaScan("", func(key string, _ []byte) error { keys = append(keys, key); return nil }); err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(keys), "[own shared/1 shared/2 shared/4 shared/6 shared/version]"; got != want {
			t.Errorf("%s has %s, want %s", p.self, got, want)
		}
	}
}

// A store that refuses writes ends its replicas, and the others go on.
func TestLogOfTheLeaderFails(t *testing.T) {
	c := newCluster(t, 3)
	leader := c.leader()
	if _, err := put(leader, leader.store, c.id, "a", "1"); err != nil {
		t.Fatal(err)
	}
	leader.mu.Lock()
	leader.fail(storage.ErrFailed)
	leader.mu.Unlock()
	if _, err := put(leader, leader.store, c.id, "b", "1"); !errors.Is(err, storage.ErrFailed) {
		t.Errorf("a command for a replica that has failed: %v", err)
	}
	if s := leader.Status(); !errors.Is(s.Err, storage.ErrFailed) {
		t.Errorf("status %+v", s)
	}
	next := c.leader()
	if next == leader {
		t.Fatal("it still leads")
	}
	if _, err := put(next, next.store, c.id, "b", "1"); err != nil {
		t.Error(err)
	}
}
