package metadata

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/replication"
)

// Two of three servers are lost. The third goes on alone, and what comes back follows it: what it had is replaced, and never missing meanwhile.
func TestRecover(t *testing.T) {
	n := newNetwork(t, "a", "b", "c")
	a, b, c := n.servers["a"], n.servers["b"], n.servers["c"]
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := a.Recover(ctx, a.host, &replication.Repair{Era: 1, First: "a"}); !errors.Is(err, ErrNotShared) {
		t.Errorf("a server alone recovers: %v", err)
	}
	n.form("a", "b", "c")
	if err := b.MetaSet(ctx, "catalog/x", []byte("before")); err != nil {
		t.Fatal(err)
	}
	for a.Version() < b.Version() {
		a.AwaitNewer(ctx, a.Version())
	}
	gone := &deletions{}
	b.Watch(gone)
	n.isolate("b", true)
	n.isolate("c", true)
	if err := a.Recover(ctx, a.host, &replication.Repair{Era: 1, First: "a", Last: a.Raft().Status().End}); err != nil {
		t.Fatal(err)
	}
	if err := a.MetaSet(ctx, "catalog/y", []byte("after")); err != nil {
		t.Fatal(err)
	}

	n.isolate("b", false)
	n.isolate("c", false)
	members := []replication.Member{{Server: "a", Voter: true}, {Server: "b", Voter: true}, {Server: "c", Voter: true}}
	for {
		err := a.Raft().SetMembers(ctx, members)
		if err == nil {
			break
		}
		if !errors.Is(err, replication.ErrNotPrimary) || ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []*sharer{b, c} {
		for s.Version() < a.Version() {
			s.AwaitNewer(ctx, s.Version())
		}
		for key, want := range map[string]string{"catalog/x": "before", "catalog/y": "after"} {
			if v, _, err := s.MetaGet(key); err != nil || string(v) != want {
				t.Errorf("on server %s %s is %q, %v, not %q", s.id, key, v, err, want)
			}
		}
	}
	if err := c.MetaSet(ctx, "catalog/z", []byte("of c")); err != nil {
		t.Error(err)
	}
	gone.mu.Lock()
	defer gone.mu.Unlock()
	for _, key := range gone.keys {
		t.Errorf("on server b %s was missing for a moment", key)
	}
}

// deletions is a Watcher of keys that are deleted.
type deletions struct {
	mu   sync.Mutex
	keys []string
}

// MetadataChanged implements Watcher.
func (d *deletions) MetadataChanged(changes []Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range changes {
		if c.Value == nil {
			d.keys = append(d.keys, c.Key)
		}
	}
}
