package shard

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// heir makes a shard that has the rows of another one from a key on, and what that had in its history.
func heir(t *testing.T, store *storage.Store, group storage.GroupID, s *Shard, low string) (h *Shard, first HistoryPlace) {
	t.Helper()
	h, err := Create(t.Context(), store, Config{Group: group, PrimaryKey: "id"})
	if err != nil {
		t.Fatal(err)
	}
	origins, err := s.Ancestors()
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range append(origins, Ancestor{Group: s.config.Group}) {
		behind := CommitIndex(0)
		for more := true; more; {
			var list []Inherited
			if list, more, err = s.Legacy(t.Context(), of.Group, behind, 100); err != nil {
				t.Fatal(err)
			}
			for i, e := range list {
				behind = e.Index
				if list[i], err = e.Only(func(key []byte) bool { return bytes.Compare(key, keyOf(t, low)) >= 0 }); err != nil {
					t.Fatal(err)
				}
			}
			if first, err = h.Inherit(t.Context(), list); err != nil {
				t.Fatal(err)
			}
		}
	}
	return h, first
}

func past(t *testing.T, s *Shard, of storage.GroupID, c LoggedCommit) (all []LoggedCommit) {
	t.Helper()
	for more := true; more; {
		var next []LoggedCommit
		var err error
		if next, more, err = s.ReadPast(t.Context(), of, c.Epoch, c.Index, 100); err != nil {
			t.Fatal(err)
		}
		all = append(all, next[1:]...)
		c = next[len(next)-1]
	}
	return all
}

// writeAll writes rows in one commit.
func writeAll(t *testing.T, s *Shard, copied bool, n int, ids ...string) {
	t.Helper()
	r := Request{Results: make([]Result, len(ids)), Copied: copied, Update: func(i int, _ datum.Value) (datum.Value, error) { return rowOf(ids[i], n), nil }}
	for _, id := range ids {
		r.Values, r.Keys = append(r.Values, datum.String(id)), append(r.Keys, keyOf(t, id))
	}
	if err := s.Write(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
}

func TestHistoryIsInherited(t *testing.T) {
	s, store, _ := newTestShard(t)
	begin := keep(t, s)
	write(t, s, "a", rowOf("a", 1))
	writeAll(t, s, false, 2, "a", "c")
	middle := last(t, s)
	write(t, s, "b", rowOf("b", 3))

	h, first := heir(t, store, 50, s, "b")
	writeAll(t, h, true, 7, "b", "c")
	write(t, h, "c", rowOf("c", 8))

	whole, rest := print(past(t, h, s.config.Group, begin)), print(past(t, h, s.config.Group, middle))
	own := print(after(t, h, LoggedCommit{Index: first.Index, Epoch: first.Epoch}))
	if want := print(after(t, s, middle)); rest != want {
		t.Errorf("the new group knows of the last commit\n%s\nwant\n%s", rest, want)
	}
	both := fmt.Sprintf("%d.1 %s → %s", middle.Index, datum.Value{}.Print(), rowOf("c", 2).Print())
	if want := both + "\n" + rest; whole != want {
		t.Errorf("the new group knows of the old one\n%s\nwant\n%s", whole, want)
	}
	if want := rowOf("c", 7).Print() + " → " + rowOf("c", 8).Print(); !strings.HasSuffix(own, " "+want) || strings.Count(own, "→") != 1 {
		t.Errorf("what comes after is\n%s", own)
	}

	next, _ := heir(t, store, 51, h, "c")
	if got := print(past(t, next, s.config.Group, begin)); got != both {
		t.Errorf("two groups on, the history is\n%s\nwant\n%s", got, both)
	}
	if got := print(past(t, next, 50, LoggedCommit{Index: first.Index, Epoch: first.Epoch})); got != own {
		t.Errorf("two groups on, the history of the group between is\n%s\nwant\n%s", got, own)
	}
	if _, _, err := next.ReadPast(t.Context(), s.config.Group, begin.Epoch+1, begin.Index, 100); !errors.Is(err, ErrHistoryLost) {
		t.Errorf("another epoch: %v", err)
	}
	if _, _, err := next.ReadPast(t.Context(), 49, begin.Epoch, begin.Index, 100); !errors.Is(err, ErrHistoryGone) {
		t.Errorf("another group: %v", err)
	}

	next.LimitHistory(DefaultHistoryBytes, time.Hour)
	if err := next.TrimHistory(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if left, err := next.Ancestors(); err != nil || len(left) > 0 {
		t.Errorf("of %v something is left after the limit of age (%v)", left, err)
	}
}

func FuzzInherited(f *testing.F) {
	f.Add(appendChange(beginEntry(nil), []byte("key"), rowOf("key", 1), nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Inherited{Index: 1, Entry: b}.Only(func([]byte) bool { return true })
		if err != nil {
			return
		}
		if e.Check() != nil {
			return
		}
		if _, err := decodeChanges(1, e.Entry); err != nil {
			t.Errorf("an entry that was checked: %v", err)
		}
		none, err := e.Only(func([]byte) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		if changes, err := decodeChanges(1, none.Entry); err != nil || len(changes) > 0 {
			t.Errorf("%d changes are left (%v)", len(changes), err)
		}
	})
}
