package system

import (
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/feed"
)

// Feeds of system tables. A table looks different in each format and, some of them, to each user, so it has a watch for each of
// these. A watch looks once a second while somebody watches, and at once after each change of the catalog and each write
// to a system table.

// watchKey says how a table is seen.
type watchKey struct {
	format Format
	user   string
}

// Watch gives what feeds of the table follow.
func (u *use) Watch() *feed.Watch {
	key := watchKey{format: u.view.format}
	if u.view.client != nil {
		key.user = u.view.client.User
	}
	t := u.systemTable
	t.watching.Lock()
	defer t.watching.Unlock()
	w := t.watches[key]
	if w == nil {
		seen := u.view
		_, log := t.source.(logsTable)
		_, auditLog := t.source.(auditTable)
		w = feed.NewWatch(func(ctx context.Context) ([]datum.Value, error) { return t.source.list(ctx, seen) }, log || auditLog)
		if t.watches == nil {
			t.watches = map[watchKey]*feed.Watch{}
		}
		t.watches[key] = w
	}
	return w
}

// changed says that rows of system tables may have changed.
func (s *System) changed() {
	for _, t := range s.tables {
		t.watching.Lock()
		for _, w := range t.watches {
			w.Poke()
		}
		t.watching.Unlock()
	}
}

// followCatalog has the watches look after each change of the catalog.
func (s *System) followCatalog(ctx context.Context) {
	for {
		next := s.catalog.Changed()
		s.changed()
		select {
		case <-next:
		case <-ctx.Done():
			return
		}
	}
}

// endWatches ends all feeds of the table.
func (t *systemTable) endWatches() {
	t.watching.Lock()
	defer t.watching.Unlock()
	for _, w := range t.watches {
		w.Hub().Close()
	}
}
