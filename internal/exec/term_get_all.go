package exec

import (
	"context"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	// Family: Selecting data
	//
	// table.getAll([key…]) → selection
	//
	// The rows with any of some primary keys, or of some values of a secondary index. A key that is listed twice gives its
	// rows twice, as does a row of a multi index that has several of the values.
	//
	// Options:
	// - index (string; the primary key): the index to look into
	//
	// Errors:
	// - NonExistence: Keys cannot be NULL.
	// - OpFailed: Index `…` was not found on table `…`
	// - OpFailed: Index `…` on table `…` was accessed before its construction was finished.
	// - QueryLogic: Index `…` is a geospatial index.  Only get_nearest and get_intersecting can use a geospatial index.
	//
	//	> r.table("heroes").getAll(3, 1)("name")
	//	"Ada"
	//	"Emmy"
	//	> r.table("heroes").getAll("mathematics", index: "skills").count()
	//	3
	register(reql.TermGetAll, spec{min: 1, max: -1, opts: []string{"index"}, val: evalGetAll, slowOnMany: true})
}

// evalGetAll looks the keys up in their order; a key that is given several times gives its row as often.
func evalGetAll(c call) (val, error) {
	t, err := c.table(0)
	if err != nil {
		return val{}, err
	}
	index, given, err := c.optStr("index")
	if err != nil {
		return val{}, err
	}
	keys := make([]datum.Value, 0, c.len()-1)
	for i := 1; i < c.len(); i++ {
		key, at, err := c.datumAt(i)
		if err != nil {
			return val{}, err
		}
		switch key.Kind() {
		case datum.KindGeometry:
			return val{}, failAt(at, reql.QueryLogic,
				"Cannot use a geospatial index with `get_all`. Use `get_intersecting` instead.")
		case datum.KindNull:
			return val{}, failAt(at, reql.NonExistence, "Keys cannot be NULL.")
		}
		keys = append(keys, key)
	}
	s := &seq{table: t, fr: c.fr}
	slices.SortStableFunc(keys, datum.Compare)
	switch {
	case len(keys) == 0:
		s.src = noRows{}
	case given && index != t.PrimaryKey():
		if s, err = t.byKeys(c.fr, index, keys, c.n.t); err != nil {
			s = &seq{table: t, fr: c.fr, src: failingRows{err}}
		}
	default:
		s.src = &keyRows{table: t, keys: keys}
	}
	return val{x: &selectionVal{table: t, seq: s}, at: c.n.t}, nil
}

// keyRows reads the rows of ascending keys, some at a time.
type keyRows struct {
	table   *tableVal
	keys    []datum.Value // not read yet
	rows    []datum.Value // read and not returned yet; absent where there is none
	checked bool
}

// maxKeysPerRead bounds the memory of the rows that are read at once. The first read takes fewer, because many readers
// want just the first row.
const (
	maxKeysPerRead   = 128
	firstKeysPerRead = 16
)

func (r *keyRows) next(fr *frame) (datum.Value, bool, error) {
	for {
		for len(r.rows) > 0 {
			row := r.rows[0]
			r.rows = r.rows[1:]
			if !row.IsAbsent() {
				return row, true, nil
			}
		}
		if len(r.keys) == 0 {
			return datum.Value{}, false, nil
		}
		if err := r.read(fr); err != nil {
			return datum.Value{}, false, err
		}
	}
}

// read reads the rows of the next keys.
func (r *keyRows) read(fr *frame) error {
	limit := maxKeysPerRead
	if !r.checked { // a key that cannot be one fails the query before it returns any row
		for _, k := range r.keys {
			if err := datum.CheckPrimaryKey(k); err != nil {
				return err
			}
		}
		r.checked, limit = true, firstKeysPerRead
	}
	if err := fr.check(); err != nil {
		return err
	}
	n := min(limit, len(r.keys))
	keys := r.keys[:n]
	r.keys = r.keys[n:]
	var err error
	r.rows, err = r.table.getMany(fr, keys)
	return err
}

func (r *keyRows) close() { r.keys, r.rows = nil, nil }

// manyGetter is what tables with rows on disk are besides.
type manyGetter interface {
	// GetMany gives the rows of some keys, absent where there is none.
	GetMany(ctx context.Context, keys []datum.Value, ro table.ReadOptions) ([]datum.Value, error)
}

// getMany reads the rows of some keys; they are absent where there is none.
func (t *tableVal) getMany(fr *frame, keys []datum.Value) ([]datum.Value, error) {
	if many, ok := t.Table.(manyGetter); ok && len(keys) > 1 {
		if err := t.require(fr, ReadRows); err != nil {
			return nil, err
		}
		reading := fr.trace.begin("Reading rows by their keys from", t)
		rows, err := many.GetMany(fr.q.ctx, keys, t.read)
		fr.trace.end(reading)
		if err != nil {
			return nil, fr.readError(err)
		}
		n := 0
		for _, row := range rows {
			if !row.IsAbsent() {
				n++
			}
		}
		return rows, fr.hasRead(n)
	}
	rows := make([]datum.Value, len(keys))
	for i, k := range keys {
		var err error
		if rows[i], err = t.get(fr, k); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// noRows is the source of an empty sequence.
type noRows struct{}

func (noRows) next(*frame) (datum.Value, bool, error) { return datum.Value{}, false, nil }
func (noRows) close()                                 {}

// failingRows is the source of a sequence that fails as soon as it is read.
type failingRows struct{ err error }

func (r failingRows) next(*frame) (datum.Value, bool, error) { return datum.Value{}, false, r.err }
func (r failingRows) close()                                 {}
