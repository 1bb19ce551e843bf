package table

import (
	"context"
	"time"

	"rethinkdb/internal/shard"
)

// What package feed needs to read what a table has been through. See shard.history.
type (
	Epoch        = shard.Epoch
	LoggedCommit = shard.LoggedCommit
)

// Errors of reading the history.
var (
	ErrHistoryOff  = shard.ErrHistoryOff
	ErrHistoryGone = shard.ErrHistoryGone
	ErrHistoryLost = shard.ErrHistoryLost
)

// HistoryLimits say how much of the history of a table is kept.
type HistoryLimits struct {
	Bytes int64 // 0: none
	Age   time.Duration
}

// DefaultHistory is what nobody has set otherwise.
var DefaultHistory = HistoryLimits{Bytes: shard.DefaultHistoryBytes, Age: shard.DefaultHistoryAge}

// LimitHistory sets the limits. They apply with the next TrimHistory.
func (t *Table) LimitHistory(l HistoryLimits) { t.shards[0].LimitHistory(l.Bytes, l.Age) }

// KeepHistory begins the history unless there is one, and keeps it until LeaveHistory, and then as long as entries may become old.
func (t *Table) KeepHistory(ctx context.Context) error { return t.shards[0].KeepHistory(ctx) }

// LeaveHistory is the end of what KeepHistory began.
func (t *Table) LeaveHistory() { t.shards[0].LeaveHistory() }

// HistoryKept tells whether there is a history.
func (t *Table) HistoryKept() bool { return t.shards[0].HistoryKept() }

// TrimHistory drops what is beyond the limits.
func (t *Table) TrimHistory(ctx context.Context, now time.Time) error {
	return t.shards[0].TrimHistory(ctx, now)
}

// ReadHistory returns a commit and those after it, up to the newest, or as many as have about maxBytes; more tells which.
func (t *Table) ReadHistory(ctx context.Context, epoch Epoch, from CommitIndex, maxBytes int) (commits []LoggedCommit, more bool, err error) {
	return t.shards[0].ReadHistory(ctx, epoch, from, maxBytes)
}

// LastLogged returns the newest commit of the history, without its changes.
func (t *Table) LastLogged() (LoggedCommit, error) { return t.shards[0].LastLogged() }

// Epoch returns the epoch of the commits since the table was opened.
func (t *Table) Epoch() Epoch { return t.shards[0].Epoch() }
