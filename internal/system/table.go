package system

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/google/uuid"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/feed"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

// DatabaseID is the UUID of the database `rethinkdb`. It is the same on every server.
const DatabaseID = "b99b9572-8e53-5fef-9a2b-5e6aba3edf1c"

// tableIDs is the name space in which the names of system tables become their UUIDs, the same on every server.
var tableIDs = uuid.MustParse("0eabef01-6deb-4069-9a2d-448db057ab1e")

// primaryKey is the primary key of all system tables.
const primaryKey = "id"

// systemTable is one system table, for all who use it.
type systemTable struct {
	name   string
	id     string
	source source

	writing sync.Mutex // held while one row is read, changed and written

	watching sync.Mutex // guards watches
	watches  map[watchKey]*feed.Watch
}

func newSystemTable(name string, src source) *systemTable {
	return &systemTable{name: name, id: uuid.NewSHA1(tableIDs, []byte(name)).String(), source: src}
}

// use is a system table as one term of a query sees it; it implements exec.Table.
type use struct {
	*systemTable
	system *System
	view   view
	// selected checks the rights to read the row that config() or status() has led to, which are not those to read the table.
	// It is nil for other uses.
	selected func() error
}

var _ exec.Table = (*use)(nil)

// ID returns the table's UUID.
func (u *use) ID() string { return u.id }

// Name returns the table's name.
func (u *use) Name() string { return u.name }

// DB returns the name of the system database.
func (u *use) DB() string { return catalog.SystemDatabase }

// PrimaryKey returns the name of the primary key's field.
func (u *use) PrimaryKey() string { return primaryKey }

// mayRead checks the right to read the table. Hidden tables are for admin only.
func (u *use) mayRead() error {
	if err := u.system.require(u.view.client, auth.Read, DatabaseID, u.id); err != nil {
		return err
	}
	if r, ok := u.source.(restricted); ok {
		if err := u.system.require(u.view.client, r.alsoTakes(), DatabaseID, u.id); err != nil {
			return err
		}
	}
	if c := u.view.client; hidden(u.name) && c != nil && c.User != auth.Admin {
		return reql.Errorf(reql.Permission, "Internal permission error, required `admin` permission.")
	}
	return nil
}

// mayReadRow checks the right to read the row that the use is about.
func (u *use) mayReadRow() error {
	if u.selected != nil {
		return u.selected()
	}
	return u.mayRead()
}

func (u *use) list(ctx context.Context) ([]datum.Value, error) {
	if err := u.mayRead(); err != nil {
		return nil, err
	}
	return u.source.list(ctx, u.view)
}

// Get reads the row with that key.
func (u *use) Get(ctx context.Context, key datum.Value, _ table.ReadOptions) (datum.Value, error) {
	if err := u.mayReadRow(); err != nil {
		return datum.Value{}, err
	}
	return u.source.get(ctx, u.view, key)
}

// Scan lists the rows in the range in order of their keys.
func (u *use) Scan(ctx context.Context, o table.ScanOptions) (table.Rows, error) {
	all, err := u.list(ctx)
	if err != nil {
		return nil, err
	}
	rows := make([]keyed, 0, len(all))
	for _, row := range all {
		key, _ := row.Get(primaryKey)
		if inRange(key, o.Range) {
			rows = append(rows, keyed{key, row})
		}
	}
	slices.SortFunc(rows, func(a, b keyed) int {
		if o.Descending {
			return datum.Compare(b.key, a.key)
		}
		return datum.Compare(a.key, b.key)
	})
	return &rowList{rows: rows}, nil
}

// ScanParallel gives all rows to one call of each: a system table is small.
func (u *use) ScanParallel(ctx context.Context, o table.ScanOptions, _ int, each func(worker int, rows table.Rows) error) error {
	rows, err := u.Scan(ctx, o)
	if err != nil {
		return err
	}
	return errors.Join(each(0, rows), rows.Close())
}

// Count counts the rows.
func (u *use) Count(ctx context.Context, _ table.ReadOptions) (int64, error) {
	rows, err := u.list(ctx)
	return int64(len(rows)), err
}

// DocCountEstimates returns the number of rows as that of one shard.
func (u *use) DocCountEstimates(ctx context.Context) ([]int64, error) {
	n, err := u.Count(ctx, table.ReadOptions{})
	if err != nil {
		return nil, wrap("When estimating doc count: ", err)
	}
	return []int64{n}, nil
}

// Sync is refused.
func (u *use) Sync(context.Context) error {
	return opFailed("Artificial tables don't support `sync()`.")
}

// Write changes rows one after the other. There is no batch: what an earlier row has changed stays when a later one
// fails. The durability is ignored, since every change is on disk when its row is done.
func (u *use) Write(ctx context.Context, req table.WriteRequest) (_ []table.WriteResult, err error) {
	defer u.system.announceSince(ctx, u.system.catalog.Version())
	defer func() {
		if err != nil { // a success is written down row by row
			u.system.auditOperation(u.view.client, "write", catalog.SystemDatabase+"."+u.name, "", &err)
		}
	}()
	if err := u.mayRead(); err != nil {
		return nil, err
	}
	if err := u.system.require(u.view.client, auth.Write, DatabaseID, u.id); err != nil {
		return nil, err
	}
	results := make([]table.WriteResult, len(req.Keys))
	for i, key := range req.Keys {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		generated := i < len(req.Generated) && req.Generated[i]
		r, err := u.writeRow(ctx, key, generated, func(old datum.Value) (datum.Value, error) { return req.Update(i, old) })
		if err != nil {
			return nil, err
		}
		results[i] = r
	}
	u.system.changed()
	return results, nil
}

// writeRow returns as error what ends the whole statement; what fails only the row is in the result.
func (u *use) writeRow(ctx context.Context, key datum.Value, generated bool, update func(old datum.Value) (datum.Value, error)) (table.WriteResult, error) {
	u.writing.Lock()
	defer u.writing.Unlock()
	var r table.WriteResult
	r.Old, r.Err = u.source.get(ctx, u.view, key)
	if r.Err == nil {
		r.New, r.Err = update(r.Old)
	}
	if r.Err == nil {
		if r.New.Kind() == datum.KindNull {
			r.New = datum.Value{}
		}
		r.Err = checkRow(key, r.Old, r.New)
	}
	if r.Err == nil {
		var written datum.Value
		written, r.Err = u.source.write(ctx, u.view, rowWrite{key: key, generated: generated, old: r.Old, new: r.New})
		if r.Err == nil {
			r.New = written
		}
	}
	if r.Err == nil {
		if r.Changed = !datum.Equal(r.Old, r.New); r.Changed {
			u.auditWrite(key, r.Old, r.New)
		}
		if s, ok := u.source.(secretive); ok {
			r.New = s.told(r.New)
		}
		return r, nil
	}
	if endsStatement(r.Err) {
		return r, r.Err
	}
	return r, nil
}

// checkRow checks that row, which may be absent, may be written under key in place of old.
func checkRow(key, old, row datum.Value) error {
	if err := table.CheckReplacement(primaryKey, old, row); err != nil || row.IsAbsent() {
		return err
	}
	if id, _ := row.Get(primaryKey); !datum.Equal(id, key) {
		return reql.Errorf(reql.QueryLogic, "Primary key `%s` cannot be changed (null -> %s)", primaryKey, row.Print())
	}
	return datum.CheckStorable(row)
}

// endsStatement tells errors about the query or about ourselves from those about a row.
func endsStatement(err error) bool {
	var e *reql.Error
	if errors.As(err, &e) {
		return e.Class == reql.Permission || e.Class == reql.Internal
	}
	var d *datum.Error
	return !errors.As(err, &d)
}

type keyed struct{ key, row datum.Value }

// rowList implements table.Rows.
type rowList struct{ rows []keyed }

func (l *rowList) Next(context.Context) (datum.Value, bool, error) {
	if len(l.rows) == 0 {
		return datum.Value{}, false, nil
	}
	row := l.rows[0].row
	l.rows = l.rows[1:]
	return row, true, nil
}

func (l *rowList) Park() error { return nil }

func (l *rowList) Close() error {
	l.rows = nil
	return nil
}

func inRange(key datum.Value, r table.Range) bool {
	if !r.Low.IsAbsent() {
		if c := datum.Compare(key, r.Low); c < 0 || c == 0 && r.LowOpen {
			return false
		}
	}
	if !r.High.IsAbsent() {
		if c := datum.Compare(key, r.High); c > 0 || c == 0 && r.HighOpen {
			return false
		}
	}
	return true
}
