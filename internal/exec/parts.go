package exec

import (
	"context"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
	"rethinkdb/internal/watchdog"
)

// partPlace names a part of a table.
type partPlace struct {
	table string // its identifier
	group uint32
}

// where tells which server has the primary replica of the part.
func (p partPlace) where(r Router) (server string, here bool, err error) {
	if p.table == "" || r == nil {
		return "", true, nil
	}
	return r.Primary(p.table, p.group)
}

// watch gives a context that ends as well when the primary replica is found to be on another server.
func (p partPlace) watch(ctx context.Context, r Router, server string) (context.Context, func()) {
	return watchdog.Context(ctx, func() error {
		if now, here, err := p.where(r); err == nil && (here || now != server) {
			return ErrLostContact
		}
		return nil
	})
}

// primary is where for a query. That nobody has it at the moment is errPartLost.
func (p partPlace) primary(fr *frame) (server string, here bool, err error) {
	if server, here, err = p.where(fr.q.eng.others()); errors.Is(err, ErrNotReached) {
		err = errPartLost
	}
	return server, here, err
}

// others is the way to other servers, nil if there are none.
func (e *Engine) others() Router {
	if e.router == nil {
		return nil
	}
	return e.router()
}

// partedTable is a table with rows on disk, which are in one or more parts.
type partedTable interface {
	Parts() []*table.Part
	Only(parts ...int) *table.Table
	Share(parts ...*table.Part) (*table.Table, bool)
	View(group table.GroupID) (*table.Table, bool)
	PartOf(key []byte) int
	ShardOf(key []byte) (low, high []byte)
	FirstKeyOf(p *table.Part) []byte
}

// parts are where the rows of the source are.
func (f *feedSource) parts() (places []partPlace) {
	t, parted := f.table.Table.(partedTable)
	if !parted {
		return []partPlace{{}}
	}
	parts := t.Parts()
	wanted := func(int) bool { return true }
	if len(parts) > 1 && f.scan == nil {
		wanted = f.partsOfKeys(t)
	}
	for i, p := range parts {
		if wanted(i) {
			places = append(places, partPlace{table: f.table.ID(), group: uint32(p.Number())})
		}
	}
	return places
}

// partsOfKeys tells which parts have the keys that are watched. A key that is none is found out when the feed is opened.
func (f *feedSource) partsOfKeys(t partedTable) func(i int) bool {
	keys := f.keys
	if !f.point.IsAbsent() {
		keys = []datum.Value{f.point}
	}
	has := map[int]bool{}
	for _, k := range keys {
		if key, err := table.AppendPrimaryKey(nil, k); err == nil {
			has[t.PartOf(key)] = true
		}
	}
	if len(has) == 0 {
		has[0] = true
	}
	return func(i int) bool { return has[i] }
}

// in gives the source with the rows of one part of its table alone.
func (f *feedSource) in(p partPlace) (*feedSource, error) {
	t, parted := f.table.Table.(partedTable)
	if !parted {
		return f, nil
	}
	view, ok := t.View(table.GroupID(p.group))
	if !ok {
		return nil, errPartLost
	}
	one := *f
	one.part = view.Parts()[0]
	if f.scan != nil {
		scan := *f.scan
		scan.rows = only(scan.rows, view)
		one.scan = &scan
	}
	return &one, nil
}

// only gives what is scanned with the rows of some parts of the table alone.
func only(rows Table, view *table.Table) Table {
	part := partView{view}
	switch x := rows.(type) {
	case *indexSource:
		one := *x
		one.Table, one.index = part, x.index.Only(view)
		return &one
	case *distinctSource:
		one := *x
		one.Table, one.index = part, x.index.Only(view)
		return &one
	case *geoSource:
		one := *x
		one.Table, one.info.Index = part, x.info.Index.Only(view)
		return &one
	}
	return part
}

// partView is some parts of a table in its place.
type partView struct{ *table.Table }

// DocCountEstimates implements Table.
func (partView) DocCountEstimates(context.Context) ([]int64, error) { return nil, nil }
