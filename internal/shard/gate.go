package shard

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// The rows of a shard may be copied to other groups, for a move of its table. At the end of that it is sealed: no row changes any more, until the
// readers and writers of all servers know the new groups, or the move is given up.
//
//	a shard with a seal on disk has a closed gate on the server of its primary replica.
//
// The seal is a command of the group, in the epoch in which the copying has begun. So when it is committed, nobody else can have written meanwhile, and whoever becomes the
// primary replica later reads it before he writes (Reload). Writers wait at the gate: as a rule for some milliseconds.

// sealPatience is how long a writer waits at the gate.
const sealPatience = 5 * time.Second

// ErrSealed is the error of a write that has waited at the gate for too long. Nothing was written. It is an ErrNotPrimary: another group is about to decide.
var ErrSealed = fmt.Errorf("%w: the rows are about to move to other groups", replication.ErrNotPrimary)

// gate is where writers wait.
type gate struct {
	move   uint64        // whose seal it is
	since  time.Time     // this server has had it
	passed chan struct{} // closed when the waiting is over
	moved  bool          // set before passed is closed: the rows are elsewhere
}

func newGate(move uint64) *gate {
	return &gate{move: move, since: time.Now(), passed: make(chan struct{})}
}

// wait returns nil when the gate has been opened.
func (g *gate) wait(ctx context.Context) error {
	timer := time.NewTimer(sealPatience)
	defer timer.Stop()
	select {
	case <-g.passed:
		if g.moved {
			return ErrMoved
		}
		return nil
	case <-timer.C:
		return ErrSealed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// enterOpen is enter for who changes rows.
func (s *Shard) enterOpen(ctx context.Context) (*indexSet, error) {
	for waited := false; ; {
		set := s.enter()
		full := !waited && set.changed.full()
		if set.gate == nil && !full {
			return set, nil
		}
		set.leave()
		switch {
		case set.gate != nil:
			if err := set.gate.wait(ctx); err != nil {
				return nil, err
			}
		default:
			if err := set.changed.admit(ctx); err != nil {
				return nil, err
			}
			waited = true
		}
	}
}

// errShut is the error of a writer that has come through the gate before this replica became the primary one, and has read its seal. Nothing was done.
var errShut = errors.New("the gate was closed")

// shutFor tells whether the gate was closed after a writer got its set. Who asks for the epoch first sees the gate as the seal is that was committed before the epoch.
func (s *Shard) shutFor(set *indexSet) bool {
	now := s.indexes.Load()
	return now != set && now.gate != nil
}

// AwaitOpen returns nil as soon as the shard is not sealed, and an error if the rows have moved, or that takes too long. A read that must see everything
// that was acknowledged anywhere asks for it after it has asked the group: what is sealed may have been written to in another place.
func (s *Shard) AwaitOpen(ctx context.Context) error {
	for {
		g := s.indexes.Load().gate
		if g == nil {
			return nil
		}
		if err := g.wait(ctx); err != nil {
			return err
		}
	}
}

// Sealed tells for the sake of which move the shard is sealed, if it is, and since when as far as this server knows.
func (s *Shard) Sealed() (move uint64, since time.Time, ok bool) {
	if g := s.indexes.Load().gate; g != nil {
		return g.move, g.since, true
	}
	return 0, time.Time{}, false
}

// Seal closes the gate for a move, in place of an earlier one if there is one, and returns when no writer is under way any more and the seal is on disk. An error says that it is not, or may not be, and that
// the epoch is over.
func (s *Shard) Seal(ctx context.Context, epoch replication.Epoch, move uint64) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	s.setGate(newGate(move))
	err := s.drained(ctx)
	if err == nil {
		err = s.commitSeal(ctx, epoch, move)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("seal group %d: %w", s.config.Group, err), s.readSeal())
	}
	return nil
}

func (s *Shard) commitSeal(ctx context.Context, epoch replication.Epoch, move uint64) error {
	group := s.now().Group
	b := s.store.NewBatch()
	defer b.Close()
	b.Set(s.sealKey(), binary.BigEndian.AppendUint64(nil, move))
	index, err := group.Commit(ctx, &replication.Command{Batch: b, Epoch: epoch, Observer: upkeep{&s.history}})
	if err != nil {
		return err
	}
	return group.WaitDurable(ctx, index)
}

// Unseal takes the seal of a move away and opens the gate, unless it is another one's by now. The move is over, without success.
func (s *Shard) Unseal(ctx context.Context, move uint64) error {
	s.sealing.Lock()
	defer s.sealing.Unlock()
	if !s.sealedFor(move) {
		return nil
	}
	b := s.store.NewBatch()
	defer b.Close()
	b.Delete(s.sealKey())
	if _, err := s.commit(ctx, &replication.Command{Batch: b, Observer: upkeep{&s.history}}); err != nil {
		return fmt.Errorf("unseal group %d: %w", s.config.Group, err)
	}
	s.setGate(nil)
	return nil
}

// Moved says that the rows are in other groups from now on: whoever waits, or comes, is told so.
func (s *Shard) Moved() {
	g := newGate(0)
	g.moved = true
	close(g.passed)
	s.setGate(g)
}

// HasMoved tells whether the rows are in other groups.
func (s *Shard) HasMoved() bool {
	g := s.indexes.Load().gate
	if g == nil {
		return false
	}
	select {
	case <-g.passed:
		return g.moved
	default:
		return false
	}
}

// setGate replaces the gate. Nothing replaces that of a shard whose rows have moved.
func (s *Shard) setGate(g *gate) {
	s.changeWriters(func(set *indexSet) bool {
		old := set.gate
		if old == g || old != nil && old.moved {
			return false
		}
		set.gate = g
		if old != nil {
			old.moved = g != nil && g.moved
			close(old.passed)
		}
		return true
	})
}

func (s *Shard) sealKey() []byte { return storage.AppendPrefix(nil, s.config.Group, storage.KindSeal) }

// readSeal makes the gate what the seal on disk says.
func (s *Shard) readSeal() error {
	v, found, err := s.store.Get(s.sealKey())
	switch {
	case err != nil:
		return fmt.Errorf("read the seal of group %d: %w", s.config.Group, err)
	case !found:
		s.setGate(nil)
	case len(v) != 8:
		return fmt.Errorf("read the seal of group %d: it has %d bytes, not 8", s.config.Group, len(v))
	default:
		if move := binary.BigEndian.Uint64(v); !s.sealedFor(move) {
			s.setGate(newGate(move))
		}
	}
	return nil
}

func (s *Shard) sealedFor(move uint64) bool {
	now, _, sealed := s.Sealed()
	return sealed && now == move
}
