package shard

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// Errors of reading the history.
var (
	// ErrHistoryOff says that no history is to be kept.
	ErrHistoryOff = errors.New("no change history is kept")
	// ErrHistoryGone says that the history does not reach back to a commit.
	ErrHistoryGone = errors.New("the change history does not reach back to the commit")
	// ErrHistoryLost says that the shard has never had a commit, or has lost it.
	ErrHistoryLost = errors.New("the commit is not, or no longer, one of the shard's")
)

// history keeps what the last commits have changed, so that a feed can go on where it has ended.
//
// It is written in the batch of the commit itself: a row and its entry survive a crash together or not at all. While it is on,
//
//	every commit has an entry, and the entries are those of first, first+1, … newest.
//
// So whoever has seen everything up to commit i, and finds an entry of i with the epoch that he knows, misses nothing by reading on
// from there: the reason why the newest entry always stays. It is off until somebody wants it, and a day (the limit of age) after the last who did, because
// it costs a write another copy of the old and the new row.
type history struct {
	// Set by open, then constant.
	shard *Shard
	epoch Epoch

	maxBytes, maxAge atomic.Int64 // the limits; age in nanoseconds

	// Of the newest entry that was given out. They change where the replication group puts writers in their order; so commits before
	// the one that begins the history have no entry, and all after it do.
	on    atomic.Bool
	total atomic.Int64
	time  atomic.Int64 // Unix milliseconds; never decreases, even if the clock does

	deserted atomic.Int64 // when the last left of whom somebody may have tokens, in Unix nanoseconds

	mu      sync.Mutex // guards what follows; held while the history is begun or ended, which waits for the group
	keepers int        // feeds that want it
	left    time.Time  // when the last of them has gone
	first   entryHead  // of the oldest entry, as trim has left it; zero when it is not known
}

// Limits of the history that nobody has set.
const (
	DefaultHistoryBytes = 64 << 20
	DefaultHistoryAge   = 24 * time.Hour
)

// openHistory finds out whether there is a history.
func (s *Shard) openHistory() error {
	h := &s.history
	h.shard = s
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return fmt.Errorf("name the epoch of a shard: %w", err)
	}
	h.epoch = Epoch(binary.BigEndian.Uint64(b[:]))
	h.maxBytes.Store(DefaultHistoryBytes)
	h.maxAge.Store(int64(DefaultHistoryAge))
	return s.readHistory()
}

// readHistory finds out whether there is a history, and how much.
func (s *Shard) readHistory() error {
	h := &s.history
	newest, ok, err := h.newest()
	if err != nil {
		return fmt.Errorf("open the history of group %d: %w", s.config.Group, err)
	}
	on := ok && newest.index == s.now().State().Applied
	h.on.Store(on)
	h.deserted.Store(time.Now().UnixNano()) // it is not known who has had tokens where the commits were written
	if on {                                 // otherwise a removal has failed, and later commits are missing
		h.total.Store(newest.total)
		h.time.Store(newest.time.UnixMilli())
	}
	return nil
}

// LimitHistory sets how much is kept: bytes, of which 0 switches the history off, and the age. It applies with the next
// TrimHistory.
func (s *Shard) LimitHistory(maxBytes int64, maxAge time.Duration) {
	s.history.maxBytes.Store(maxBytes)
	s.history.maxAge.Store(int64(maxAge))
}

// maxEntryBytes is how large an entry may be: it has to fit into the history, and into the batch of the write.
func (h *history) maxEntryBytes() int64 { return min(h.maxBytes.Load(), storage.MaxBatchBytes/4) }

// stamp fills in the head of the next entry. The group calls it for one writer at a time. If the commit fails then, the total counts an entry that
// is not there: the history looks larger than it is until it has moved on.
func (h *history) stamp(kind byte, entry []byte) {
	head := entryHead{kind: kind, epoch: h.epoch, total: h.total.Load() + int64(len(entry)),
		time: time.UnixMilli(max(h.time.Load(), time.Now().UnixMilli()))}
	head.put(entry)
	h.total.Store(head.total)
	h.time.Store(head.time.UnixMilli())
}

// feedPause is how long the history waits for feeds that have lost their way to it, and nobody has tokens of.
const feedPause = time.Minute

// KeepHistory begins the history unless it is on, and keeps it on until LeaveHistory. Commits from the one that the history begins with, which is
// on disk when KeepHistory returns, can be resumed after. tokens: somebody else may know them, and go on there, until they are too old.
func (s *Shard) KeepHistory(ctx context.Context, tokens bool) error {
	h := &s.history
	if h.maxBytes.Load() <= 0 {
		return ErrHistoryOff
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.on.Load() {
		h.first = entryHead{}
		b := s.store.NewBatch()
		defer b.Close()
		b.DeleteRange(storage.KindRange(s.config.Group, storage.KindHistory)) // what a removal that failed has left
		b.DeleteRange(storage.KindRange(s.config.Group, storage.KindPast))
		index, err := s.commit(ctx, &replication.Command{Batch: b, Observer: historyStart{h}})
		if err == nil {
			err = s.now().WaitDurable(ctx, index)
		}
		if err != nil {
			return fmt.Errorf("begin the history of group %d: %w", s.config.Group, err)
		}
		if !tokens {
			h.deserted.Store(0)
		}
	}
	h.keepers++
	return nil
}

// LeaveHistory is the end of what KeepHistory began, with the same tokens.
func (s *Shard) LeaveHistory(tokens bool) {
	h := &s.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keepers--
	h.left = time.Now()
	if tokens {
		h.deserted.Store(time.Now().UnixNano())
	}
}

// HistoryKept tells whether there is a history.
func (s *Shard) HistoryKept() bool { return s.history.on.Load() }

// historyStart is the commit that a history begins with. It changes no row.
type historyStart struct{ history *history }

// Record implements replication.Observer. A commit after a start that fails makes an entry, too, and is the first then.
func (p historyStart) Record() []byte {
	p.history.on.Store(true)
	p.history.total.Store(0)
	entry := beginEntry(nil)
	p.history.stamp(entryChanges, entry)
	return entry
}

// Applied implements replication.Observer.
func (p historyStart) Applied(CommitIndex) {}

// historyEnd is the commit that removes a history.
type historyEnd struct{ history *history }

// Record implements replication.Observer.
func (p historyEnd) Record() []byte {
	p.history.on.Store(false)
	return nil
}

// Applied implements replication.Observer.
func (p historyEnd) Applied(CommitIndex) {}

// end removes the history. The caller holds mu.
func (h *history) end(ctx context.Context) error {
	b := h.shard.store.NewBatch()
	defer b.Close()
	b.DeleteRange(storage.KindRange(h.shard.config.Group, storage.KindHistory))
	b.DeleteRange(storage.KindRange(h.shard.config.Group, storage.KindPast))
	if _, err := h.shard.commit(ctx, &replication.Command{Batch: b, Observer: historyEnd{h}}); err != nil {
		return fmt.Errorf("end the history of group %d: %w", h.shard.config.Group, err)
	}
	h.first = entryHead{}
	return nil
}

// Epoch returns the epoch of the commits since the shard was opened.
func (s *Shard) Epoch() Epoch { return s.history.epoch }
