package shard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"rethinkdb/internal/storage"
)

// A LoggedCommit is a commit in the history.
type LoggedCommit struct {
	Index   CommitIndex
	Epoch   Epoch
	Changes []Change
}

// ReadHistory returns a commit and those after it, up to the newest, or as many as have about maxBytes and at least two; more tells which. What it
// returns may not be on disk yet. ErrHistoryGone and ErrHistoryLost say why there is nothing to read on from.
func (s *Shard) ReadHistory(ctx context.Context, epoch Epoch, from CommitIndex, maxBytes int) (commits []LoggedCommit, more bool, err error) {
	_, upper := storage.KindRange(s.config.Group, storage.KindHistory)
	commits, more, err = s.readCommits(ctx, storage.AppendHistoryKey(nil, s.config.Group, uint64(from)), upper, epoch, maxBytes)
	if err == nil && len(commits) == 0 {
		err = s.noHistory(from)
	}
	return commits, more, err
}

// readCommits reads entries that follow each other, from the one with a key on, which is of an epoch. There may be none.
func (s *Shard) readCommits(ctx context.Context, lower, upper []byte, epoch Epoch, maxBytes int) (commits []LoggedCommit, more bool, err error) {
	it, err := s.store.Iter(lower, upper)
	if err != nil {
		return nil, false, err
	}
	defer func() {
		if bad := it.Close(); err == nil {
			err = bad
		}
	}()
	from := CommitIndex(storage.HistoryIndex(lower))
	read := 0
	for ok := it.First(); ok; ok = it.Next() {
		if len(commits) > 1 && read >= maxBytes {
			return commits, true, nil
		}
		if ctx.Err() != nil {
			return nil, false, context.Cause(ctx)
		}
		head, v, err := readEntry(it)
		if err != nil {
			return nil, false, err
		}
		if len(commits) == 0 {
			switch {
			case head.index != from:
				return nil, false, ErrHistoryGone
			case head.epoch != epoch:
				return nil, false, ErrHistoryLost
			}
		} else if head.kind == entryOmitted || head.index != commits[len(commits)-1].Index+1 {
			return nil, false, ErrHistoryGone
		}
		c := LoggedCommit{Index: head.index, Epoch: head.epoch}
		if c.Changes, err = decodeChanges(head.index, bytes.Clone(v)); err != nil {
			return nil, false, err
		}
		read += len(v)
		commits = append(commits, c)
	}
	return commits, false, it.Err()
}

// noHistory tells why there are no entries from a commit on.
func (s *Shard) noHistory(from CommitIndex) error {
	if !s.history.on.Load() {
		return ErrHistoryGone
	}
	return fmt.Errorf("%w: %d comes after the newest", ErrHistoryLost, from)
}

// LastLogged returns the newest commit of the history, without its changes.
func (s *Shard) LastLogged() (LoggedCommit, error) {
	head, ok, err := s.history.newest()
	if err == nil && !ok {
		err = ErrHistoryOff
	}
	return LoggedCommit{Index: head.index, Epoch: head.epoch}, err
}

// LastLogged returns the newest commit of the history in the state of the snapshot, without its changes.
func (p *Snapshot) LastLogged() (LoggedCommit, error) {
	head, ok, err := newestEntry(p.state, p.shard.config.Group)
	if err == nil && !ok {
		err = ErrHistoryOff
	}
	return LoggedCommit{Index: head.index, Epoch: head.epoch}, err
}

// newest returns the head of the newest entry.
func (h *history) newest() (head entryHead, ok bool, err error) {
	return newestEntry(h.shard.store, h.shard.config.Group)
}

func newestEntry(r storage.Reader, group storage.GroupID) (head entryHead, ok bool, err error) {
	it, err := r.Iter(storage.KindRange(group, storage.KindHistory))
	if err != nil {
		return head, false, err
	}
	if ok = it.Last(); ok {
		head, _, err = readEntry(it)
	}
	return head, ok, errors.Join(err, it.Err(), it.Close())
}

// readEntry reads the entry on which an iterator stands. The bytes are valid until it moves.
func readEntry(it *storage.Iterator) (head entryHead, v []byte, err error) {
	if v, err = it.Value(); err != nil {
		return head, nil, err
	}
	head, err = decodeHead(CommitIndex(storage.HistoryIndex(it.Key())), v)
	return head, v, err
}

// historySlack is which part of a limit the history may be over it, so that it is trimmed now and then, and not for each commit.
const historySlack = 16

// TrimHistory drops what is beyond the limits, and all of it when nobody wants it and tokens of it are older than the limit of age. It is one
// deletion of a range, whatever that holds.
func (s *Shard) TrimHistory(ctx context.Context, now time.Time) error {
	h := &s.history
	if !h.on.Load() {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	maxBytes, maxAge := h.maxBytes.Load(), time.Duration(h.maxAge.Load())
	if maxBytes <= 0 || h.keepers == 0 && now.Sub(h.left) > feedPause && now.Sub(time.Unix(0, h.deserted.Load())) > maxAge {
		return h.end(ctx)
	}
	return h.trim(maxBytes, now.Add(-maxAge), maxAge/historySlack)
}

// trim drops the oldest entries so that maxBytes are left, and none from before a time. The caller holds mu.
func (h *history) trim(maxBytes int64, oldest time.Time, slack time.Duration) (err error) {
	group := h.shard.config.Group
	lower, upper := storage.KindRange(group, storage.KindHistory)
	it, err := h.shard.store.Iter(lower, upper)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if h.first.kind == 0 {
		if !it.First() {
			return it.Err()
		}
		if h.first, _, err = readEntry(it); err != nil {
			return err
		}
	}
	size := h.total.Load() - h.first.total + h.first.bytes
	if size <= maxBytes+maxBytes/historySlack && !h.first.time.Before(oldest.Add(-slack)) {
		return nil
	}
	if !it.Last() {
		return it.Err()
	}
	last, _, err := readEntry(it)
	if err != nil {
		return err
	}
	// Sizes and times grow with the index, and there is an entry for each.
	var head entryHead
	cut := h.first.index + CommitIndex(sort.Search(int(last.index-h.first.index), func(i int) bool {
		if err != nil || !it.SeekGE(storage.AppendHistoryKey(nil, group, uint64(h.first.index)+uint64(i))) {
			return true
		}
		head, _, err = readEntry(it)
		return err != nil || last.total-head.total+head.bytes <= maxBytes && !head.time.Before(oldest)
	}))
	if err = errors.Join(err, it.Err()); err != nil || cut == h.first.index {
		return err
	}
	b := h.shard.store.NewBatch()
	defer b.Close()
	b.DeleteRange(lower, storage.AppendHistoryKey(nil, group, uint64(cut)))
	b.DeleteRange(storage.KindRange(group, storage.KindPast)) // which comes before
	if err := h.shard.maintain(context.Background(), b); err != nil {
		return err
	}
	h.first = entryHead{}
	return nil
}
