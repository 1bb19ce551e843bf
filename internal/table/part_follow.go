package table

import (
	"context"

	"rethinkdb/internal/shard"
	"rethinkdb/internal/storage"
)

// What package feed needs to follow a part. It stays the same part when the table gets another layout.

// Follow attaches a tap to the part, unless there is one, and returns the one that is attached.
func (p *Part) Follow(open func() Tap) Tap { return p.shard.Follow(open) }

// Applied returns the index of the last commit that reads see.
func (p *Part) Applied() CommitIndex { return p.shard.Applied() }

// Epoch returns the epoch of the commits since the part was opened.
func (p *Part) Epoch() Epoch { return p.shard.Epoch() }

// Sync returns when all writes that readers saw before the call are on disk.
func (p *Part) Sync(ctx context.Context) error { return p.shard.Sync(ctx) }

// Snapshot returns the present state. Close it.
func (p *Part) Snapshot() (*Snapshot, error) { return p.shard.Snapshot() }

// KeepHistory begins the history unless there is one, and keeps it until LeaveHistory. If somebody may have tokens then, it stays as long as its entries
// may become old.
func (p *Part) KeepHistory(ctx context.Context, tokens bool) error {
	return p.shard.KeepHistory(ctx, tokens)
}

// LeaveHistory is the end of what KeepHistory began, with the same tokens.
func (p *Part) LeaveHistory(tokens bool) { p.shard.LeaveHistory(tokens) }

// LastLogged returns the newest commit of the history, without its changes.
func (p *Part) LastLogged() (LoggedCommit, error) { return p.shard.LastLogged() }

// ReadHistory returns a commit and those after it, up to the newest, or as many as have about maxBytes; more tells which.
func (p *Part) ReadHistory(ctx context.Context, epoch Epoch, from CommitIndex, maxBytes int) ([]LoggedCommit, bool, error) {
	return p.shard.ReadHistory(ctx, epoch, from, maxBytes)
}

// Past is the history that the part has inherited from another group, for package feed.
func (p *Part) Past(of uint32) Past { return Past{p, storage.GroupID(of)} }

// Past is an inherited history.
type Past struct {
	part *Part
	of   storage.GroupID
}

// ReadHistory is as that of the part.
func (h Past) ReadHistory(ctx context.Context, epoch Epoch, from CommitIndex, maxBytes int) ([]shard.LoggedCommit, bool, error) {
	return h.part.shard.ReadPast(ctx, h.of, epoch, from, maxBytes)
}

// Sync does nothing: what was inherited is on disk.
func (Past) Sync(context.Context) error { return nil }
