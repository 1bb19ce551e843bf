package catalog

import (
	"context"
	"errors"
	"slices"

	"rethinkdb/internal/pace"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// A bequest is what the new groups of a move inherit of the history of an old one, so that feeds and resume tokens go on there: see internal/shard/inheritance.go. Nothing
// is inherited as long as nobody has followed the group. Most of it comes before the group is sealed, and the rest of the last moments afterwards.
//
//	a group that is Sealed, and was followed, has bequeathed its whole history, the seal included.
type bequest struct {
	heirs   []int                                 // of the new groups: those that share keys with the old one
	of      []storage.GroupID                     // whose histories: the group's own comes last
	through map[storage.GroupID]table.CommitIndex // up to where each is inherited
	starts  []table.HistoryPlace                  // where the histories of the new groups begin; zero for those that are no heirs
}

// bequeath has the new groups inherit what they do not have yet.
func (k *copier) bequeath(ctx context.Context) error {
	now, ok := k.catalog.current.Load().tables[k.table.Config.ID]
	if !ok || !k.part.Followed() || k.catalog.historyLimits(&now.Config).Bytes <= 0 {
		return nil
	}
	if k.bequest.heirs == nil {
		if err := k.findHeirs(k.catalog.historyLimits(&now.Config).Bytes); err != nil {
			return err
		}
		if err := k.inherit(ctx, nil); err != nil { // their histories begin, if there is nothing to inherit
			return err
		}
	}
	for _, of := range k.bequest.of {
		for more := true; more; {
			if e, err := k.part.Group().Epoch(); err != nil || e != k.epoch {
				return errEpochOver
			}
			var list []table.Inherited
			var err error
			if list, more, err = k.part.Legacy(ctx, of, k.bequest.through[of], copyBytes); err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			if err := k.inherit(ctx, list); err != nil {
				return err
			}
			k.bequest.through[of] = list[len(list)-1].Index
		}
	}
	return nil
}

// findHeirs finds out what there is to bequeath, and to whom. Of histories that the group has inherited itself the oldest are left out if all together are longer than the limit.
func (k *copier) findHeirs(limit int64) error {
	b := &k.bequest
	goal := k.table.Config.Goal()
	from, to := k.table.Config.Move.From.division(), goal.division()
	for i := range to.Groups {
		if from.Overlaps(k.at, &to, i) {
			b.heirs = append(b.heirs, i)
		}
	}
	b.starts, b.through = make([]table.HistoryPlace, len(to.Groups)), map[storage.GroupID]table.CommitIndex{}
	ancestors, err := k.part.Ancestors()
	if err != nil {
		return err
	}
	slices.SortFunc(ancestors, func(x, y table.Ancestor) int { return int(x.Group) - int(y.Group) }) // older groups have smaller numbers
	for i := len(ancestors) - 1; i >= 0; i-- {
		if limit -= ancestors[i].Bytes; limit < 0 {
			break
		}
		b.of = append(b.of, ancestors[i].Group)
	}
	b.of = append(b.of, k.part.Number())
	return nil
}

// inherit gives each heir what concerns its rows. What was not done, or may not have been, is done again: it makes no difference.
func (k *copier) inherit(ctx context.Context, list []table.Inherited) error {
	next := k.table.next
	for _, heir := range k.bequest.heirs {
		share := make([]table.Inherited, len(list))
		for i, e := range list {
			var err error
			if share[i], err = e.Only(func(key []byte) bool { return next.PartOf(key) == heir }); err != nil {
				return err
			}
		}
		for {
			first, err := next.Inherit(ctx, heir, share)
			if errors.Is(err, table.ErrNotPrimary) {
				if err := pace.Sleep(ctx, retryCopy); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			k.bequest.starts[heir] = first
			break
		}
	}
	return nil
}

// noteStarts writes down where the histories of the heirs begin.
func (b *bequest) noteStarts(cfg *TableConfig) {
	if b.heirs == nil {
		return
	}
	starts := make([]table.HistoryPlace, len(cfg.Groups))
	copy(starts, cfg.Starts)
	for _, heir := range b.heirs {
		starts[heir] = b.starts[heir]
	}
	cfg.Starts = starts
}
