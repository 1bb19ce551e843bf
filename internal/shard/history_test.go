package shard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// keep begins the history and returns the commit that it begins with.
func keep(t *testing.T, s *Shard) LoggedCommit {
	t.Helper()
	if err := s.KeepHistory(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	return last(t, s)
}

func last(t *testing.T, s *Shard) LoggedCommit {
	t.Helper()
	c, err := s.LastLogged()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// after reads what was committed after a commit, a few commits at a time.
func after(t *testing.T, s *Shard, c LoggedCommit) (all []LoggedCommit) {
	t.Helper()
	for more := true; more; {
		var next []LoggedCommit
		var err error
		if next, more, err = s.ReadHistory(t.Context(), c.Epoch, c.Index, 200); err != nil {
			t.Fatal(err)
		}
		all = append(all, next[1:]...)
		c = next[len(next)-1]
	}
	return all
}

func print(commits []LoggedCommit) string {
	var out []string
	for _, c := range commits {
		for _, x := range c.Changes {
			out = append(out, fmt.Sprintf("%d.%d %s → %s", c.Index, x.Number, x.Old.Print(), x.New.Print()))
		}
	}
	return strings.Join(out, "\n")
}

func TestHistoryHasWhatCommitsHaveChanged(t *testing.T) {
	s, _, _ := newTestShard(t)
	write(t, s, "a", rowOf("a", 1))
	begin := keep(t, s)
	write(t, s, "a", rowOf("a", 2))
	write(t, s, "a", rowOf("a", 2)) // changes nothing
	r := Request{Values: []datum.Value{datum.String("c"), datum.String("b"), datum.String("a")}, Keys: [][]byte{keyOf(t, "c"), keyOf(t, "b"), keyOf(t, "a")},
		Results: make([]Result, 3), Update: func(i int, _ datum.Value) (datum.Value, error) {
			if i == 2 {
				return datum.Value{}, nil
			}
			return rowOf(string("cb"[i]), i), nil
		}}
	if err := s.Write(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	const want = `3.0 {"id":"a","n":1} → {"id":"a","n":2}
4.0 {"id":"a","n":2} → none
4.1 none → {"id":"b","n":1}
4.2 none → {"id":"c","n":0}`
	plain := strings.NewReplacer("UNINITIALIZED", "none", "\n\t", "", "\t", "", ":", ":", "{\n", "{", "\n}", "}", `": `, `":`, ",\n", ",")
	if got := plain.Replace(print(after(t, s, begin))); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := after(t, s, last(t, s)); len(got) != 0 {
		t.Errorf("after the newest: %v", got)
	}
}

func TestHistoryTellsWhyItDoesNotReach(t *testing.T) {
	s, _, mem := newTestShard(t)
	write(t, s, "a", rowOf("a", 1))
	if _, _, err := s.ReadHistory(t.Context(), 1, 1, 1000); !errors.Is(err, ErrHistoryGone) {
		t.Errorf("without a history: %v", err)
	}
	begin := keep(t, s)
	for _, c := range []struct {
		what  string
		epoch Epoch
		index CommitIndex
		want  error
	}{
		{"before it begins", begin.Epoch, begin.Index - 1, ErrHistoryGone},
		{"after the newest", begin.Epoch, begin.Index + 1, ErrHistoryLost},
		{"of another epoch", begin.Epoch + 1, begin.Index, ErrHistoryLost},
	} {
		if _, _, err := s.ReadHistory(t.Context(), c.epoch, c.index, 1000); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}

	// A crash takes back a soft write that somebody has seen, and another one gets its index.
	write(t, s, "b", rowOf("b", 1))
	lost := Request{Values: []datum.Value{datum.String("c")}, Keys: [][]byte{keyOf(t, "c")}, Results: make([]Result, 1),
		Update: func(int, datum.Value) (datum.Value, error) { return rowOf("c", 1), nil }}
	image := mem.Crash()
	if err := s.Write(t.Context(), &lost); err != nil {
		t.Fatal(err)
	}
	seen := last(t, s)
	again, err := Open(openMem(t, image), Config{Group: 1, PrimaryKey: "id"})
	if err != nil {
		t.Fatal(err)
	}
	if !again.HistoryKept() {
		t.Fatal("the history ended with the server")
	}
	if _, _, err := again.ReadHistory(t.Context(), seen.Epoch, seen.Index, 1000); !errors.Is(err, ErrHistoryLost) {
		t.Errorf("ahead of what a crash has left: %v, want ErrHistoryLost", err)
	}
	write(t, again, "d", rowOf("d", 1))
	if now := last(t, again); now.Index != seen.Index {
		t.Fatalf("the index is %d, the lost one was %d", now.Index, seen.Index)
	}
	if _, _, err := again.ReadHistory(t.Context(), seen.Epoch, seen.Index, 1000); !errors.Is(err, ErrHistoryLost) {
		t.Errorf("of a commit that was replaced: %v, want ErrHistoryLost", err)
	}
	if got := after(t, again, begin); len(got) != 2 {
		t.Errorf("across the crash: %s", print(got))
	}
}

// Writers that are under way when the history begins are in it, if they come after its beginning.
func TestHistoryBeginsAmongWriters(t *testing.T) {
	s, _, _ := newTestShard(t)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			id := fmt.Sprint(w)
			for i := range 300 {
				r := Request{Values: []datum.Value{datum.String(id)}, Keys: [][]byte{keyOf(t, id)}, Results: make([]Result, 1),
					Update: func(int, datum.Value) (datum.Value, error) { return rowOf(id, i), nil }}
				if err := s.Write(context.Background(), &r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var begins []LoggedCommit
	for range 5 {
		begins = append(begins, keep(t, s))
		s.LeaveHistory(true)
		if err := s.TrimHistory(t.Context(), time.Now().Add(48*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if s.HistoryKept() {
			t.Fatal("there is still a history")
		}
	}
	begin := keep(t, s)
	writers.Wait()
	changes := after(t, s, begin)
	for i, c := range changes {
		if c.Index != begin.Index+1+CommitIndex(i) || len(c.Changes) != 1 {
			t.Fatalf("the commit after %d is %d with %d changes", begin.Index+CommitIndex(i), c.Index, len(c.Changes))
		}
	}
	for _, b := range begins {
		if _, _, err := s.ReadHistory(t.Context(), b.Epoch, b.Index, 1000); !errors.Is(err, ErrHistoryGone) {
			t.Errorf("of a history that has ended: %v", err)
		}
	}
	if at := s.Applied(); last(t, s).Index != at {
		t.Errorf("the newest is %d, applied is %d", last(t, s).Index, at)
	}
}

// The history of feeds without tokens goes soon after them, that of others when the tokens are too old.
func TestHistoryIsLeft(t *testing.T) {
	for _, tokens := range []bool{false, true} {
		s, _, _ := newTestShard(t)
		s.LimitHistory(10_000, time.Hour)
		kept := func(want bool, later time.Duration) {
			t.Helper()
			if err := s.TrimHistory(t.Context(), time.Now().Add(later)); err != nil {
				t.Fatal(err)
			}
			if s.HistoryKept() != want {
				t.Errorf("with tokens %v, %v later, there is a history: %v", tokens, later, !want)
			}
		}
		if err := s.KeepHistory(t.Context(), tokens); err != nil {
			t.Fatal(err)
		}
		kept(true, 2*time.Hour)
		s.LeaveHistory(tokens)
		kept(true, feedPause/2)
		kept(tokens, 2*feedPause)
		kept(false, 2*time.Hour)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	s, store, _ := newTestShard(t)
	s.LimitHistory(10_000, time.Hour)
	begin := keep(t, s)
	defer s.LeaveHistory(true)
	for i := range 1000 {
		write(t, s, "a", rowOf("a", i))
	}
	middle := last(t, s)
	trim := func(later time.Duration) {
		t.Helper()
		if err := s.TrimHistory(t.Context(), time.Now().Add(later)); err != nil {
			t.Fatal(err)
		}
	}
	trim(0)
	if _, _, err := s.ReadHistory(t.Context(), begin.Epoch, begin.Index, 1000); !errors.Is(err, ErrHistoryGone) {
		t.Errorf("beyond the limit: %v", err)
	}
	size, entries := sizeOfHistory(t, store)
	if size > 10_000 || size < 9_000 {
		t.Errorf("the history has %d bytes", size)
	}
	oldest := LoggedCommit{Index: middle.Index - CommitIndex(entries) + 1, Epoch: middle.Epoch}
	if got := after(t, s, oldest); len(got) != entries-1 {
		t.Errorf("%d commits after the oldest of %d", len(got), entries)
	}
	trim(time.Minute)
	if _, n := sizeOfHistory(t, store); n != entries {
		t.Errorf("%d of %d entries are left after a minute", n, entries)
	}
	trim(2 * time.Hour) // somebody wants it, so its last entry stays
	if _, n := sizeOfHistory(t, store); n != 1 {
		t.Errorf("%d entries are left after the time", n)
	}
	if got := after(t, s, middle); len(got) != 0 {
		t.Errorf("after the newest: %v", got)
	}

	// What is larger than the whole history is left out, and nobody comes across.
	write(t, s, "b", datum.Object([]datum.Field{{Key: "id", Val: datum.String("b")}, {Key: "n", Val: datum.String(strings.Repeat("x", 20_000))}}))
	large := last(t, s)
	if _, _, err := s.ReadHistory(t.Context(), middle.Epoch, middle.Index, 1000); !errors.Is(err, ErrHistoryGone) {
		t.Errorf("across a large commit: %v", err)
	}
	write(t, s, "a", rowOf("a", 0))
	if got := after(t, s, large); len(got) != 1 {
		t.Errorf("after a large commit: %v", got)
	}
	s.LimitHistory(0, time.Hour)
	trim(0)
	if s.HistoryKept() {
		t.Error("it was switched off and is still there")
	}
	if err := s.KeepHistory(t.Context(), true); !errors.Is(err, ErrHistoryOff) {
		t.Errorf("KeepHistory of none: %v", err)
	}
}

func sizeOfHistory(t *testing.T, store *storage.Store) (bytes, entries int) {
	t.Helper()
	it, err := store.Iter(storage.KindRange(1, storage.KindHistory))
	if err != nil {
		t.Fatal(err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		v, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		bytes, entries = bytes+len(v), entries+1
	}
	if err := errors.Join(it.Err(), it.Close()); err != nil {
		t.Fatal(err)
	}
	return bytes, entries
}

func TestCorruptHistory(t *testing.T) {
	s, store, _ := newTestShard(t)
	begin := keep(t, s)
	write(t, s, "a", rowOf("a", 1))
	newest := last(t, s)
	key := storage.AppendHistoryKey(nil, 1, uint64(newest.Index))
	whole, _, err := store.Get(key)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		b := store.NewBatch()
		b.Set(key, whole[:n])
		if err := store.Apply(b); err != nil {
			t.Fatal(err)
		}
		b.Close()
		_, _, err := s.ReadHistory(t.Context(), begin.Epoch, begin.Index, 1000)
		if !errors.Is(err, ErrCorruptHistory) && (n != entryHeadBytes || err != nil) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
}

// An entry has of the old row what the new one has not, and gives both back.
func TestHistoryEntry(t *testing.T) {
	text := func(s string) datum.Value {
		return datum.Object([]datum.Field{{Key: "id", Val: datum.String("a")}, {Key: "text", Val: datum.String(s)}})
	}
	long := strings.Repeat("x", 300)
	rows := []datum.Value{{}, text(""), text("a"), text("aa"), text("aaa"), text("ab"), text(long), text(long + "y"), text("y" + long), text(long[:150] + "y" + long[:149])}
	for _, old := range rows {
		for _, row := range rows {
			var encoded []byte
			if !row.IsAbsent() {
				encoded = datum.AppendEncoded(nil, row)
			}
			b := appendChange(appendChange(beginEntry(nil), []byte("k"), old, encoded), []byte("l"), row, nil)
			changes, err := decodeChanges(1, b)
			if err != nil || len(changes) != 2 {
				t.Fatal(changes, err)
			}
			for i, want := range []Change{{Key: []byte("k"), Old: old, New: row}, {Key: []byte("l"), Old: row}} {
				got := changes[i]
				if string(got.Key) != string(want.Key) || got.Old.Print() != want.Old.Print() || got.New.Print() != want.New.Print() {
					t.Errorf("%s → %s became %s → %s", want.Old.Print(), want.New.Print(), got.Old.Print(), got.New.Print())
				}
			}
		}
	}
	if b := appendChange(nil, []byte("k"), text(long), datum.AppendEncoded(nil, text(long[:150]+"y"+long[:149]))); len(b) > 400 {
		t.Errorf("a small change of a row takes %d bytes", len(b))
	}
}
