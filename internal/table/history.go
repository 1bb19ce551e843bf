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

// LimitHistory sets the limits of all parts. They apply with the next TrimHistory.
func (t *Table) LimitHistory(l HistoryLimits) {
	for _, p := range t.layout.Load().parts {
		p.LimitHistory(l)
	}
}

// LimitHistory sets the limits of one part.
func (p *Part) LimitHistory(l HistoryLimits) { p.shard.LimitHistory(l.Bytes, l.Age) }

// KeepHistory begins the history unless there is one, and keeps it until LeaveHistory, and then as long as entries may become old.
func (t *Table) KeepHistory(ctx context.Context) error { return t.first().shard.KeepHistory(ctx) }

// LeaveHistory is the end of what KeepHistory began.
func (t *Table) LeaveHistory() { t.first().shard.LeaveHistory() }

// HistoryKept tells whether there is a history.
func (t *Table) HistoryKept() bool { return t.first().shard.HistoryKept() }

// TrimHistory drops what is beyond the limits, in all parts.
func (t *Table) TrimHistory(ctx context.Context, now time.Time) error {
	for _, p := range t.layout.Load().parts {
		if err := p.TrimHistory(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// TrimHistory drops what is beyond the limits in one part.
func (p *Part) TrimHistory(ctx context.Context, now time.Time) error {
	return p.shard.TrimHistory(ctx, now)
}

// ReadHistory returns a commit and those after it, up to the newest, or as many as have about maxBytes; more tells which.
func (t *Table) ReadHistory(ctx context.Context, epoch Epoch, from CommitIndex, maxBytes int) (commits []LoggedCommit, more bool, err error) {
	return t.first().shard.ReadHistory(ctx, epoch, from, maxBytes)
}

// LastLogged returns the newest commit of the history, without its changes.
func (t *Table) LastLogged() (LoggedCommit, error) { return t.first().shard.LastLogged() }

// Epoch returns the epoch of the commits since the table was opened.
func (t *Table) Epoch() Epoch { return t.first().shard.Epoch() }
