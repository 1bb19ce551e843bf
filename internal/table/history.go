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
	HistoryPlace = shard.HistoryPlace
	Inherited    = shard.Inherited
	Ancestor     = shard.Ancestor
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
