package shard

import (
	"context"
	"errors"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
)

// stalled is a group whose first command is on its way until goOn is called.
type stalled struct {
	replication.Group
	first *replication.Command
}

func (g *stalled) Commit(ctx context.Context, cmd *replication.Command) (replication.Index, error) {
	if g.first != nil || cmd.Author == nil {
		return g.Group.Commit(ctx, cmd)
	}
	g.first = cmd
	return 0, replication.ErrLeft
}

func (g *stalled) goOn() {
	_, err := g.Group.Commit(context.Background(), g.first)
	g.first.Author.Settled(err)
}

// Whose time limit is over while his write is on its way does not know what becomes of it, and nobody else decides on the row before that is known.
func TestWriteThatIsLeft(t *testing.T) {
	s, _, _ := newTestShard(t)
	g := &stalled{Group: s.Group()}
	s.SetGroup(g)
	if err := <-begin(t, s, "a"); !errors.Is(err, ErrUnknownOutcome) {
		t.Fatalf("the write that is left: %v", err)
	}
	reached := make(chan struct{})
	var seen datum.Value
	r := Request{Values: []datum.Value{datum.String("a")}, Keys: [][]byte{keyOf(t, "a")}, Results: make([]Result, 1),
		Update: func(_ int, old datum.Value) (datum.Value, error) {
			seen = old
			close(reached)
			return rowOf("a", 2), nil
		}}
	done := make(chan error, 1)
	go func() { done <- s.Write(context.Background(), &r) }()
	other := begin(t, s, "b")
	if err := <-other; err != nil {
		t.Errorf("a write of another row: %v", err)
	}
	select {
	case <-reached:
		t.Error("somebody decides on a row while nobody knows what it is")
	default:
	}
	g.goOn()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !datum.Equal(seen, rowOf("a", 1)) {
		t.Errorf("the next write has seen %s", seen.Print())
	}
	if row, err := s.Get(keyOf(t, "a")); err != nil || !datum.Equal(row, rowOf("a", 2)) {
		t.Errorf("the row is %s, %v", row.Print(), err)
	}
	if n := s.left.Load(); n != 0 || s.Count() != 2 {
		t.Errorf("%d writes are left, and there are %d rows", n, s.Count())
	}
}
