package table

import (
	"context"
	"fmt"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/shard"
)

// ChangedKeys are the keys of rows that change while a part is copied to other groups. See shard.ChangedKeys.
type ChangedKeys = shard.ChangedKeys

// FollowKeys has the keys of all rows of the part collected that change here from now on, until UnfollowKeys.
func (p *Part) FollowKeys(ctx context.Context) (*ChangedKeys, error) { return p.shard.FollowKeys(ctx) }

// UnfollowKeys is the end of FollowKeys.
func (p *Part) UnfollowKeys(c *ChangedKeys) { p.shard.UnfollowKeys(c) }

// Rows returns the rows with these encoded primary keys, absent where there is none, as this server has them.
func (p *Part) Rows(ctx context.Context, keys [][]byte) ([]datum.Value, error) {
	rows := make([]datum.Value, len(keys))
	return rows, p.shard.GetMany(ctx, keys, rows)
}

// Seal keeps writers out for the sake of a move, and Unseal lets them in again. See shard.gate.
func (p *Part) Seal(ctx context.Context, epoch replication.Epoch, move uint64) error {
	return p.shard.Seal(ctx, epoch, move)
}

// Unseal takes the seal of a move away.
func (p *Part) Unseal(ctx context.Context, move uint64) error { return p.shard.Unseal(ctx, move) }

// Sealed tells for the sake of which move the part is sealed, if it is, and since when as far as this server knows.
func (p *Part) Sealed() (move uint64, since time.Time, ok bool) { return p.shard.Sealed() }

// Moved says that the rows are in other groups from now on.
func (p *Part) Moved() { p.shard.Moved() }

// AwaitOpen returns nil as soon as the part is not sealed: what reads of ReadMajority have to wait for.
func (p *Part) AwaitOpen(ctx context.Context) error { return p.shard.AwaitOpen(ctx) }

// NewIndex returns an index that no part has yet. AddTo and AddBuiltTo make parts have it.
func (t *Table) NewIndex(c IndexConfig) *Index { return &Index{table: t, config: c} }

// AddBuiltTo makes writers of a part maintain the index, which has entries for all rows that are there.
func (x *Index) AddBuiltTo(ctx context.Context, p *Part) error {
	c := x.config
	c.Ready = true
	if _, err := p.shard.AddIndex(ctx, c); err != nil {
		return fmt.Errorf("add index %d to group %d of table %s: %w", c.Number, p.number, x.table.id, err)
	}
	return nil
}
