package replication

import (
	"context"
	"errors"
	"testing"
	"time"
)

// author is told what has become of a command that it has not waited for.
type author struct{ settled chan error }

func (a author) Settled(err error) { a.settled <- err }

// The disks of a majority are full. Who commits with a time limit is answered when that is over, and told the rest when there is room.
func TestAuthorLeaves(t *testing.T) {
	c := newCluster(t, 3)
	leader := c.leader()
	if _, err := put(leader, leader.store, c.id, "before", "1"); err != nil {
		t.Fatal(err)
	}
	full := func(is bool) {
		for _, p := range c.all() {
			if p.host.Group(c.id) != leader {
				p.mem.SetFull(is)
			}
		}
	}
	full(true)
	defer full(false) // the stores could not be closed
	e, err := leader.Epoch()
	if err != nil {
		t.Fatal(err)
	}
	b := leader.store.NewBatch()
	b.Set(rowKey(c.id, "left"), []byte("1"))
	a := author{make(chan error, 1)}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := leader.Commit(ctx, &Command{Batch: b, Rows: 1, Epoch: e, Author: a}); !errors.Is(err, ErrLeft) || !errors.Is(err, ErrUnknownOutcome) {
		t.Errorf("a command that nobody has waited for: %v", err)
	}
	select {
	case err := <-a.settled:
		t.Errorf("the fate of the command is known: %v", err)
	default:
	}
	full(false)
	err = <-a.settled
	b.Close()
	_, found, readErr := leader.store.GetRow(rowKey(c.id, "left"))
	if readErr != nil || found != (err == nil) {
		t.Errorf("the command was settled with the error %v, and it is %v that its row is there (%v)", err, found, readErr)
	}
}
