package shard

import (
	"context"
	"errors"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
)

// begin writes a row in the background. The channel has the outcome.
func begin(t *testing.T, s *Shard, id string) <-chan error {
	t.Helper()
	key, done := keyOf(t, id), make(chan error, 1)
	go func() {
		r := Request{Values: []datum.Value{datum.String(id)}, Keys: [][]byte{key}, Results: make([]Result, 1),
			Update: func(int, datum.Value) (datum.Value, error) { return rowOf(id, 1), nil }}
		done <- s.Write(context.Background(), &r)
	}()
	return done
}

func seal(t *testing.T, s *Shard, move uint64) {
	t.Helper()
	if err := s.Seal(t.Context(), 0, move); err != nil {
		t.Fatal(err)
	}
}

func TestWritersWaitAtTheGate(t *testing.T) {
	s, _, _ := newTestShard(t)
	write(t, s, "a", rowOf("a", 1))
	seal(t, s, 7)
	if move, _, ok := s.Sealed(); !ok || move != 7 {
		t.Fatalf("a sealed shard is sealed for the move %d (%v)", move, ok)
	}
	later := begin(t, s, "b")
	if row, err := s.Get(keyOf(t, "a")); err != nil || !datum.Equal(row, rowOf("a", 1)) {
		t.Errorf("a sealed shard reads %s, %v", row.Print(), err)
	}
	if n := s.Count(); n != 1 {
		t.Errorf("a sealed shard has %d rows", n)
	}
	if err := s.Unseal(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if err := <-later; err != nil {
		t.Errorf("a write that has waited failed: %v", err)
	}
}

func TestWritersLearnThatTheRowsHaveMoved(t *testing.T) {
	s, _, _ := newTestShard(t)
	seal(t, s, 1)
	waiting := begin(t, s, "a")
	s.Moved()
	if err := <-waiting; !errors.Is(err, ErrMoved) {
		t.Errorf("a write that has waited got the error %v", err)
	}
	if err := <-begin(t, s, "b"); !errors.Is(err, ErrMoved) {
		t.Errorf("a later write got the error %v", err)
	}
	if err := s.AwaitOpen(t.Context()); !errors.Is(err, ErrMoved) {
		t.Errorf("a reader got the error %v", err)
	}
}

func TestASealSurvives(t *testing.T) {
	s, store, _ := newTestShard(t)
	write(t, s, "a", rowOf("a", 1))
	seal(t, s, 9)
	again, err := Open(store, s.config)
	if err != nil {
		t.Fatal(err)
	}
	if move, _, ok := again.Sealed(); !ok || move != 9 {
		t.Fatalf("the seal is gone: %d, %v", move, ok)
	}
	if err := again.Unseal(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	if again, err = Open(store, s.config); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := again.Sealed(); ok {
		t.Error("a seal that was taken away is there again")
	}
}

func TestTheSealOfALaterMoveStays(t *testing.T) {
	s, _, _ := newTestShard(t)
	seal(t, s, 3)
	seal(t, s, 4)
	if err := s.Unseal(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	if move, _, ok := s.Sealed(); !ok || move != 4 {
		t.Errorf("the shard is sealed for the move %d (%v)", move, ok)
	}
}

func TestASealOfAnotherEpochIsRefused(t *testing.T) {
	s, _, _ := newTestShard(t)
	s.SetGroup(fickle{s.Group()})
	if err := s.Seal(t.Context(), 3, 1); !errors.Is(err, replication.ErrNotPrimary) {
		t.Fatalf("the seal got the error %v", err)
	}
	if _, _, ok := s.Sealed(); ok {
		t.Error("the gate is closed without a seal")
	}
}

// fickle is a group that has lost its place as soon as somebody commits.
type fickle struct{ replication.Group }

func (fickle) Commit(context.Context, *replication.Command) (replication.Index, error) {
	return 0, replication.ErrNotPrimary
}

// TestNoWriteIsBehindTheSeal has writers write rows until they are told that these have moved. Every write that was acknowledged is either in the
// shard when the seal is there, or among the keys that have changed since the copying began.
func TestNoWriteIsBehindTheSeal(t *testing.T) {
	s, _, _ := newTestShard(t)
	write(t, s, "before", rowOf("before", 1))
	keys, err := s.FollowKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var written []string
	started := make(chan struct{}, 8)
	for i := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := string(rune('a'+i)) + string(rune('0'+n%10)) + string(rune('0'+n/10%10))
				r := Request{Values: []datum.Value{datum.String(id)}, Keys: [][]byte{keyOf(t, id)}, Results: make([]Result, 1),
					Update: func(int, datum.Value) (datum.Value, error) { return rowOf(id, n), nil }}
				if err := s.Write(context.Background(), &r); err != nil {
					if !errors.Is(err, ErrMoved) {
						t.Errorf("a write failed: %v", err)
					}
					return
				}
				mu.Lock()
				written = append(written, id)
				mu.Unlock()
				if n == 20 {
					started <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-started
	}
	seal(t, s, 1)
	count := s.Count()
	taken := map[string]bool{}
	for _, k := range keys.Take() {
		taken[string(k)] = true
	}
	s.Moved()
	wg.Wait()
	if s.Count() != count || int64(len(taken))+1 != count {
		t.Errorf("%d rows became %d behind the seal; %d keys have changed", count, s.Count(), len(taken))
	}
	for _, id := range written {
		if !taken[string(keyOf(t, id))] {
			t.Errorf("the change of %s is not known", id)
		}
	}
	if keys.Len() != 0 {
		t.Errorf("%d keys have changed behind the seal", keys.Len())
	}
}

func TestWritersWaitForWhoCopies(t *testing.T) {
	s, _, _ := newTestShard(t)
	keys, err := s.FollowKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys.bytes.Store(maxChangedBytes)
	waiting := begin(t, s, "a")
	select {
	case err := <-waiting:
		t.Fatalf("a write did not wait: %v", err)
	default:
	}
	keys.Take()
	if err := <-waiting; err != nil {
		t.Fatal(err)
	}
	if taken := keys.Take(); len(taken) != 1 || string(taken[0]) != string(keyOf(t, "a")) {
		t.Errorf("the changed keys are %q", taken)
	}
	s.UnfollowKeys(keys)
	write(t, s, "b", rowOf("b", 1))
	if keys.Len() != 0 {
		t.Error("keys are collected for nobody")
	}
}
