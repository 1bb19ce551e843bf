package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// When the rows of a table are copied into other groups, these inherit the histories of the old ones: each entry, with the changes of those rows that come to the new group.
// So who knows a place in the history of an old group goes on behind it in the new one, after the switch:
//
//	the entries of the old group from that place to its last commit, then what the new group's own history has from its beginning on.
//
// The own history begins when the first entry is inherited, while rows are still being copied: copied rows are no changes (Request.Copied), so nothing comes twice. A group
// may inherit from several, and from each also what that has inherited itself. What is inherited is older than all of the own history, and goes when the first of that goes.

// An Inherited is an entry of the history of another group. Its bytes are as they are in that group, but for the changes.
type Inherited struct {
	Of    storage.GroupID
	Index CommitIndex
	Entry []byte
}

// A HistoryPlace names a commit.
type HistoryPlace struct {
	Epoch Epoch
	Index CommitIndex
}

// Inherit adds entries, and begins the history unless it is on. It returns the commit that the history begins with. Everything is on disk then.
func (s *Shard) Inherit(ctx context.Context, entries []Inherited) (first HistoryPlace, err error) {
	if err := s.KeepHistory(ctx, true); err != nil {
		return first, err
	}
	defer s.LeaveHistory(true)
	if len(entries) > 0 {
		index, err := s.addInherited(ctx, entries)
		if err == nil {
			err = s.now().WaitDurable(ctx, index)
		}
		if err != nil {
			return first, fmt.Errorf("inherit history in group %d: %w", s.config.Group, err)
		}
	}
	return s.firstLogged()
}

// addInherited writes entries. What was inherited of the same commit from another heir of its group is of other rows, and stays.
func (s *Shard) addInherited(ctx context.Context, entries []Inherited) (i replication.Index, err error) {
	s.inheriting.Lock()
	defer s.inheriting.Unlock()
	err = s.following(ctx, func(g replication.Group) error {
		epoch, err := g.Epoch() // whoever has written before has been seen then
		if err != nil {
			return err
		}
		b := s.store.NewBatch()
		defer b.Close()
		for _, e := range entries {
			key := storage.AppendPastKey(nil, s.config.Group, e.Of, uint64(e.Index))
			has, found, err := s.store.Get(key)
			if err == nil && found {
				e, err = e.join(has)
			}
			if err != nil {
				return err
			}
			b.Set(key, e.Entry)
		}
		i, err = g.Commit(ctx, &replication.Command{Batch: b, Epoch: epoch, Observer: upkeep{&s.history}})
		return err
	})
	return i, err
}

// firstLogged returns the oldest commit of the history.
func (s *Shard) firstLogged() (first HistoryPlace, err error) {
	it, err := s.store.Iter(storage.KindRange(s.config.Group, storage.KindHistory))
	if err != nil {
		return first, err
	}
	if it.First() {
		var head entryHead
		head, _, err = readEntry(it)
		first = HistoryPlace{head.epoch, head.index}
	}
	if err = errors.Join(err, it.Err(), it.Close()); err == nil && first.Index == 0 {
		err = ErrHistoryOff
	}
	return first, err
}

// Legacy reads what a group that takes this one's rows inherits: the entries of this group's own history, or of what it has inherited itself from another one, behind a commit,
// as many as have about maxBytes; more tells whether there are others.
func (s *Shard) Legacy(ctx context.Context, of storage.GroupID, behind CommitIndex, maxBytes int) (list []Inherited, more bool, err error) {
	lower, upper := s.entriesOf(of, behind+1)
	it, err := s.store.Iter(lower, upper)
	if err != nil {
		return nil, false, err
	}
	read := 0
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if more = read >= maxBytes; more {
			break
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			break
		}
		var v []byte
		if v, err = it.Value(); err == nil {
			list = append(list, Inherited{Of: of, Index: CommitIndex(storage.HistoryIndex(it.Key())), Entry: bytes.Clone(v)})
			read += len(v)
		}
	}
	return list, more, errors.Join(err, it.Err(), it.Close())
}

// entriesOf gives the keys of the entries of a group from an index on.
func (s *Shard) entriesOf(of storage.GroupID, from CommitIndex) (lower, upper []byte) {
	if of == s.config.Group {
		_, upper = storage.KindRange(of, storage.KindHistory)
		return storage.AppendHistoryKey(nil, of, uint64(from)), upper
	}
	_, upper = storage.PastRange(s.config.Group, of)
	return storage.AppendPastKey(nil, s.config.Group, of, uint64(from)), upper
}

// An Ancestor is another group of whose history there is something.
type Ancestor struct {
	Group storage.GroupID
	Bytes int64 // of the entries
}

// Ancestors returns the groups of whose histories there is something, besides the own one.
func (s *Shard) Ancestors() (groups []Ancestor, err error) {
	it, err := s.store.Iter(storage.KindRange(s.config.Group, storage.KindPast))
	if err != nil {
		return nil, err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		of := storage.PastGroup(it.Key())
		if n := len(groups); n == 0 || groups[n-1].Group != of {
			groups = append(groups, Ancestor{Group: of})
		}
		var v []byte
		v, err = it.Value()
		groups[len(groups)-1].Bytes += int64(len(v))
	}
	return groups, errors.Join(err, it.Err(), it.Close())
}

// ReadPast is ReadHistory for what was inherited from another group.
func (s *Shard) ReadPast(ctx context.Context, of storage.GroupID, epoch Epoch, from CommitIndex, maxBytes int) (commits []LoggedCommit, more bool, err error) {
	lower, upper := s.entriesOf(of, from)
	commits, more, err = s.readCommits(ctx, lower, upper, epoch, maxBytes)
	if err == nil && len(commits) == 0 {
		err = ErrHistoryGone
	}
	return commits, more, err
}

// Only leaves the changes of some rows in an entry; the others become blanks.
func (e Inherited) Only(keep func(key []byte) bool) (Inherited, error) {
	if _, err := decodeHead(e.Index, e.Entry); err != nil {
		return e, err
	}
	b := e.Entry[entryHeadBytes:]
	kept := append(make([]byte, 0, len(e.Entry)), e.Entry[:entryHeadBytes]...)
	for len(b) > 0 {
		c, err := cutChange(e.Index, b)
		if err != nil {
			return e, err
		}
		if len(c.key) > 0 && keep(c.key) {
			kept = append(kept, b[:c.bytes]...)
		} else {
			kept = append(kept, make([]byte, changeHeadBytes)...)
		}
		b = b[c.bytes:]
	}
	e.Entry = kept
	return e, nil
}

// join adds the changes that the entry has of the same commit in another group.
func (e Inherited) join(other []byte) (Inherited, error) {
	if _, err := decodeHead(e.Index, other); err != nil {
		return e, err
	}
	joined := append(make([]byte, 0, len(e.Entry)+len(other)), e.Entry[:entryHeadBytes]...)
	a, b := e.Entry[entryHeadBytes:], other[entryHeadBytes:]
	for len(a) > 0 {
		x, err := cutChange(e.Index, a)
		if err != nil {
			return e, err
		}
		y, err := cutChange(e.Index, b)
		if err != nil {
			return e, err
		}
		if len(x.key) > 0 {
			joined = append(joined, a[:x.bytes]...)
		} else {
			joined = append(joined, b[:y.bytes]...)
		}
		a, b = a[x.bytes:], b[y.bytes:]
	}
	if len(b) > 0 {
		return e, fmt.Errorf("%w: those of commit %d have different numbers of changes", ErrCorruptHistory, e.Index)
	}
	e.Entry = joined
	return e, nil
}

// Check finds out whether the bytes of an entry, which come from outside, can be read.
func (e Inherited) Check() error {
	if _, err := decodeHead(e.Index, e.Entry); err != nil {
		return err
	}
	return eachChange(e.Index, e.Entry, func(_ uint32, _, was, is []byte) error {
		for _, row := range [][]byte{was, is} {
			if len(row) > 0 {
				if err := datum.Check(row); err != nil {
					return fmt.Errorf("%w: %w", ErrCorruptHistory, err)
				}
			}
		}
		return nil
	})
}
