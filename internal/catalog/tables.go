package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"rethinkdb/internal/metadata"
	"rethinkdb/internal/storage"
)

// ErrTableGone is returned for an identifier that no table has (any more).
var ErrTableGone = errors.New("the table does not exist")

// CreateTable makes an empty table, whose primary replicas are there when it returns, or will be soon. cfg.Groups and cfg.Parts are chosen here, and an empty cfg.ID is replaced by a random one.
//
// There is only one change of the metadata, and nothing is left if it is not made. Whatever crashes afterwards makes its part when it is back.
func (c *Catalog) CreateTable(ctx context.Context, cfg TableConfig) (*Table, error) {
	if cfg.ID == "" {
		cfg.ID = TableID(NewUUID())
	}
	if c.elsewhere != nil {
		if err := c.checkNew(c.current.Load(), &cfg); err != nil {
			return nil, err
		}
		return c.createElsewhere(ctx, cfg)
	}
	err := c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) { return c.newTable(s, &cfg) })
	if err != nil {
		return nil, err
	}
	t, ok := c.current.Load().tables[cfg.ID]
	if !ok {
		return nil, ErrTableGone
	}
	c.awaitFounded(ctx, t, cfg.Foundings)
	return t, nil
}

// newTable decides on a table that is to be created.
func (c *Catalog) newTable(s *Snapshot, cfg *TableConfig) ([]metadata.Change, error) {
	if err := c.checkNew(s, cfg); err != nil {
		return nil, err
	}
	var n int
	cfg.Parts, n = divide(cfg.Shards)
	groups, taken, err := s.takeGroups(n)
	if err != nil {
		return nil, err
	}
	cfg.Groups = groups
	cfg.Foundings = s.foundings(new(cfg.Goal()))
	return []metadata.Change{taken, set(keyTable+string(cfg.ID), encodeTable(*cfg))}, nil
}

// checkNew refuses what cannot be a new table.
func (c *Catalog) checkNew(s *Snapshot, cfg *TableConfig) error {
	d, ok := s.databases[cfg.Database]
	if !ok {
		return NoDatabase(s.DatabaseName(cfg.Database))
	}
	if _, taken := d.tables[cfg.Name]; taken {
		return TableExists(d.Name, cfg.Name)
	}
	_, err := c.newIndexes(cfg, 0)
	return err
}

// takeGroups takes numbers for groups, which no other ones get in the whole cluster when the change is made.
func (s *Snapshot) takeGroups(n int) (groups []storage.GroupID, taken metadata.Change, err error) {
	next := s.nextGroup
	for range n {
		groups = append(groups, next)
		if next++; next == 0 {
			return nil, taken, fmt.Errorf("make a group: all %d numbers are used", groups[0])
		}
	}
	return groups, set(keyNextGroup, encodeNextGroup(next)), nil
}

// allocateGroups takes numbers for groups.
func (c *Catalog) allocateGroups(ctx context.Context, n int) (groups []storage.GroupID, err error) {
	err = c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		var taken metadata.Change
		groups, taken, err = s.takeGroups(n)
		return []metadata.Change{taken}, err
	})
	return groups, err
}

// skippedGroups is how many numbers of groups are left out by SkipGroups: more tables than could have been created in the time that it is for.
const skippedGroups = 1 << 16

// SkipGroups leaves out numbers of groups, because the last changes of the metadata are lost: some may have been given away, and servers that come back may have rows under them. Nor does any group begin that has not begun yet, as far as
// the rest knows: it may have, and have ended, and servers have removed what they had of it.
func (c *Catalog) SkipGroups(ctx context.Context) error {
	return c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		if s.nextGroup+skippedGroups < s.nextGroup {
			return nil, fmt.Errorf("recover the metadata: all numbers of groups are used")
		}
		skip := set(keyNextGroup, encodeNextGroup(s.nextGroup+skippedGroups))
		return append(s.endFoundings(func(Founding) bool { return true }), skip), nil
	})
}

func encodeNextGroup(g storage.GroupID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(g)) }

func decodeNextGroup(b []byte) (storage.GroupID, error) {
	if len(b) != 4 {
		return 0, fmt.Errorf("catalog record %s has %d bytes, not 4", keyNextGroup, len(b))
	}
	return storage.GroupID(binary.BigEndian.Uint32(b)), nil
}

// UpdateTable replaces a table's configuration by what edit makes of a copy of it; edit may be called several times, each time with
// the newest state, and may not change ID or PrimaryKey. It says how the shards are to be, and rearrange what follows for the groups. It returns the table before
// and after.
func (c *Catalog) UpdateTable(ctx context.Context, id TableID, edit func(s *Snapshot, cfg *TableConfig) error) (before, after *Table, err error) {
	err = c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		var ok bool
		if before, ok = s.tables[id]; !ok {
			return nil, ErrTableGone
		}
		cfg := before.Config.Clone()
		if err := edit(s, &cfg); err != nil {
			return nil, err
		}
		if err := cfg.rearrange(&before.Config); err != nil {
			return nil, err
		}
		if err := c.checkUpdate(s, before, &cfg); err != nil {
			return nil, err
		}
		return []metadata.Change{set(keyTable+string(id), encodeTable(cfg))}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	after, ok := c.current.Load().tables[id]
	if !ok {
		return nil, nil, ErrTableGone
	}
	return before, after, nil
}

// checkUpdate refuses a configuration that cannot take the place of the present one.
func (c *Catalog) checkUpdate(s *Snapshot, before *Table, cfg *TableConfig) error {
	if cfg.ID != before.Config.ID || cfg.PrimaryKey != before.Config.PrimaryKey {
		panic(fmt.Sprintf("catalog: update of table %s changed what is fixed: %+v became %+v", before.Config.ID, before.Config, cfg))
	}
	if len(cfg.SplitPoints) != len(cfg.Shards)-1 {
		panic(fmt.Sprintf("catalog: update of table %s has %d shards and %d split points", cfg.ID, len(cfg.Shards), len(cfg.SplitPoints)))
	}
	d, ok := s.databases[cfg.Database]
	if !ok {
		return NoDatabase(s.DatabaseName(cfg.Database))
	}
	if taken, ok := d.tables[cfg.Name]; ok && taken.Config.ID != cfg.ID {
		return tableRenameTaken(before.DatabaseName, before.Config.Name, d.Name, cfg.Name)
	}
	_, err := c.newIndexes(cfg, before.Config.LastIndex)
	return err
}

// DropTable ends a table. When it returns without an error the table is gone for good; its rows may still be on disk
// if their removal failed, which is then logged and tried again at the next start.
func (c *Catalog) DropTable(ctx context.Context, id TableID) (*Table, error) {
	var gone *Table
	err := c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		var ok bool
		if gone, ok = s.tables[id]; !ok {
			return nil, ErrTableGone
		}
		return []metadata.Change{remove(keyTable + string(id))}, nil
	})
	if err != nil {
		return nil, err
	}
	c.waitFor(gone.ended)
	return gone, nil
}

// waitFor waits for something that happens in the background, or for the end of the background.
func (c *Catalog) waitFor(done <-chan struct{}) {
	select {
	case <-done:
	case <-c.background.Done():
	}
}

// applyTable makes a change of a table's record to an unpublished snapshot, and to what is open of the table. The caller holds mu.
func (c *Catalog) applyTable(s *Snapshot, id TableID, value []byte) error {
	before, exists := s.tables[id]
	if value == nil {
		if exists {
			s.deleteTable(id)
			c.later(func() { c.finishDrop(before) })
		}
		return nil
	}
	cfg, err := decodeTable(id, value)
	if err != nil {
		return err
	}
	if !exists {
		return c.applyNewTable(s, cfg)
	}
	after := s.putTable(before.Table, cfg)
	before.SetDurability(tableConfig(&cfg, Layout{}).Durability)
	if err := c.applyIndexes(before, after); err != nil {
		return err
	}
	if err := c.applyLayout(s.server.ID, before, after); err != nil {
		return err
	}
	for _, p := range after.everyPart() {
		p.LimitHistory(c.historyLimits(&cfg))
	}
	return nil
}

func (c *Catalog) applyNewTable(s *Snapshot, cfg TableConfig) (err error) {
	open, err := c.openTable(c.background, s.server.ID, &cfg)
	if err != nil {
		return err
	}
	t := s.putTable(open, cfg)
	if err := c.applyIndexes(&Table{Table: open}, t); err != nil {
		return err
	}
	return c.openNext(c.background, s.server.ID, t)
}

// finishDrop removes the rows of a table that has no record any more.
func (c *Catalog) finishDrop(t *Table) {
	defer close(t.ended)
	t.stopBuilds()
	t.copies.stop()
	if err := errors.Join(t.Table.Drop(context.WithoutCancel(c.background)), dropParts(c.background, t.nextParts())); err != nil {
		c.log.Error("The rows of a dropped table could not be removed. This is tried again when the server starts.",
			"table", t.ID(), "error", err)
	}
}
