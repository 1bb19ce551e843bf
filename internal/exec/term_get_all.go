package exec

import (
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermGetAll, spec{min: 1, max: -1, opts: []string{"index"}, val: evalGetAll, slow: true,
		doc: "The rows with any of some keys, or of some values of an index."})
}

// evalGetAll looks the keys up one by one, in their order; a key that is given several times gives its row as often.
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
	switch {
	case len(keys) == 0:
		s.src = noRows{}
	case given && index != t.PrimaryKey():
		s.src = failingRows{t.noIndex(index, c.n.t)}
	default:
		slices.SortStableFunc(keys, datum.Compare)
		s.src = &keyRows{table: t, keys: keys}
	}
	return val{x: &selectionVal{table: t, seq: s}, at: c.n.t}, nil
}

// keyRows reads the rows of ascending keys. Equal keys stand side by side and are read once.
type keyRows struct {
	table *tableVal
	keys  []datum.Value // the next one first
	row   datum.Value   // of the key before, when it comes again
	again bool
}

func (r *keyRows) next(fr *frame) (datum.Value, bool, error) {
	for len(r.keys) > 0 {
		key := r.keys[0]
		if !r.again {
			var err error
			if r.row, err = r.table.get(fr, key); err != nil {
				return datum.Value{}, false, err
			}
			if err := fr.tick(); err != nil {
				return datum.Value{}, false, err
			}
		}
		r.keys = r.keys[1:]
		r.again = len(r.keys) > 0 && datum.Equal(key, r.keys[0])
		if !r.row.IsAbsent() {
			return r.row, true, nil
		}
	}
	return datum.Value{}, false, nil
}

func (r *keyRows) close() { r.keys = nil }

// noRows is the source of an empty sequence.
type noRows struct{}

func (noRows) next(*frame) (datum.Value, bool, error) { return datum.Value{}, false, nil }
func (noRows) close()                                 {}

// failingRows is the source of a sequence that fails as soon as it is read.
type failingRows struct{ err error }

func (r failingRows) next(*frame) (datum.Value, bool, error) { return datum.Value{}, false, r.err }
func (r failingRows) close()                                 {}
