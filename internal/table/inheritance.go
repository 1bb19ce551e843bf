package table

import (
	"context"

	"rethinkdb/internal/storage"
)

// Inherit adds entries of the histories of other groups to a part of the table, and begins the part's history. See shard.Inherited.
func (t *Table) Inherit(ctx context.Context, part int, entries []Inherited) (first HistoryPlace, err error) {
	p := t.layout.Load().parts[part]
	if t.here(p, ReadSingle) {
		return p.shard.Inherit(ctx, entries)
	}
	return t.shared.remote.Inherit(ctx, t.address(p), entries)
}

// Legacy, Ancestors and Followed are what a copy of the part is to have of its history. See shard.Shard.
func (p *Part) Legacy(ctx context.Context, of storage.GroupID, behind CommitIndex, maxBytes int) ([]Inherited, bool, error) {
	return p.shard.Legacy(ctx, of, behind, maxBytes)
}

// Ancestors returns the groups of whose histories the part has something.
func (p *Part) Ancestors() ([]Ancestor, error) { return p.shard.Ancestors() }

// Followed tells whether anybody has ever followed the part here.
func (p *Part) Followed() bool { return p.shard.Followed() }

// FinishFeeds ends what follows the part, when it has been told everything: the rows are in other groups now.
func (p *Part) FinishFeeds() { p.shard.FinishTap() }
