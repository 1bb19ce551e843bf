package exec

import (
	"math"
	"sort"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/geo"
	"rethinkdb/internal/reql"
)

// feedSource is what a feed watches: the rows of one table by their keys or by an index, what becomes of them in steps, and
// perhaps that only the first ones count.
type feedSource struct {
	table *tableVal
	at    *reql.Term // blamed when the feed is aborted; nil for changes itself

	// One of these, or none for nothing that can ever change.
	point datum.Value   // the key of a single row
	keys  []datum.Value // ascending primary keys
	scan  *scan         // the whole table, or a range of it, by its key or by an index
	fails error         // nothing, but reading it is this error

	steps []step
	limit int    // of the first rows of scan, with ordered
	shown []step // filters of the first rows

	ordered bool

	part followedTable // what has the rows, when that is known; nil for a system table
}

// eager is the error of changes on a sequence that is made at once. It is blamed on the one that a slice is of.
func (s *seq) eager() error {
	if src, ok := s.src.(*sliceRows); ok {
		return src.s.eager()
	}
	return failAt(s.at, reql.QueryLogic, "Cannot call `changes` on an eager stream.")
}

// feedSources gives what a feed of the sequence watches, several for a union.
func (s *seq) feedSources(fr *frame) ([]*feedSource, error) {
	f := &feedSource{table: s.table, steps: s.steps}
	switch src := s.src.(type) {
	case noRows:
		if s.table == nil {
			return nil, s.eager()
		}
	case failingRows:
		f.fails = src.err
	case *keyRows:
		f.table, f.keys = src.table, src.keys
	case *scanRows:
		if _, values := src.scan.rows.(*distinctSource); values || s.shape.distinct {
			return nil, s.eager()
		}
		f.table, f.scan = src.scan.of, src.scan
	case *sliceRows:
		return s.feedOfFirst(src)
	case *unionRows:
		return s.feedOfUnion(fr, src)
	case *expandedRows:
		if src.from.shape.expanded {
			if _, err := src.from.feedSources(fr); err != nil {
				return nil, err
			}
			return nil, reql.Errorf(reql.QueryLogic, "Cannot call `changes` after `concat_map`.")
		}
		return nil, s.eager()
	case *scriptRows:
		return nil, failAt(s.at, reql.QueryLogic, "Cannot call `changes` after a non-deterministic function.")
	default:
		return nil, s.eager()
	}
	if s.shape.random != nil {
		return nil, failAt(s.shape.random, reql.QueryLogic, "Cannot call `changes` after a non-deterministic function.")
	}
	return []*feedSource{f}, nil
}

func (s *seq) feedOfFirst(src *sliceRows) ([]*feedSource, error) {
	if _, union := src.s.src.(*unionRows); union {
		return nil, failAt(s.at, reql.QueryLogic, "Cannot call `changes` on a slice of a union.")
	}
	scan, ok := src.s.src.(*scanRows)
	if !ok || src.s.shape.distinct || src.skip > 0 || src.left > math.MaxInt32 {
		return nil, src.s.eager()
	}
	if !scan.scan.sorted {
		return nil, reql.Errorf(reql.QueryLogic, "Cannot get changes on the first elements of an unordered stream.")
	}
	if s.shape.maps {
		return nil, failAt(s.at, reql.QueryLogic, "Changefeeds are not supported on queries that have a transformation following a `limit` term.  "+
			"Transformations include terms such as `filter`, `map`, `pluck`, etc.  Consider moving the transformation before the `limit` term.")
	}
	for _, q := range []*seq{src.s, s} {
		if q.shape.random != nil {
			return nil, failAt(q.shape.random, reql.QueryLogic, "Cannot call `changes` after a non-deterministic function.")
		}
	}
	return []*feedSource{{table: scan.scan.of, scan: scan.scan, steps: src.s.steps, ordered: true, limit: int(src.left), shown: s.steps}}, nil
}

func (s *seq) feedOfUnion(fr *frame, src *unionRows) ([]*feedSource, error) {
	if !src.anyOrder {
		return nil, s.eager()
	}
	if s.shape.random != nil {
		return nil, failAt(s.shape.random, reql.QueryLogic, "Cannot call `changes` after a non-deterministic function.")
	}
	var all []*feedSource
	for _, part := range src.seqs {
		sources, err := part.feedSources(fr)
		if err != nil {
			return nil, err
		}
		for _, f := range sources {
			if f.ordered && len(s.steps) > 0 {
				return nil, s.eager()
			}
			f.steps = append(f.steps[:len(f.steps):len(f.steps)], s.steps...)
		}
		all = append(all, sources...)
	}
	return all, nil
}

// feedSource gives what a feed of a single row watches. at is the term of the row.
func (s *singleVal) feedSource(fr *frame, at *reql.Term) *feedSource {
	if s.extreme != nil {
		scan, err := s.extreme.scan(fr, at, false)
		return &feedSource{table: s.table, scan: scan, fails: err, ordered: true, limit: 1}
	}
	return &feedSource{table: s.table, at: at, point: s.key}
}

// feedSource gives what a feed of the slice watches. An index that is not there has no rows, as in the reference.
func (s *sliceVal) feedSource(fr *frame, at *reql.Term) *feedSource {
	scan, err := s.scan(fr, at, false)
	return &feedSource{table: s.table, scan: scan, fails: err}
}

// check finds what cannot be had of the source.
func (f *feedSource) check(c call, o *feedOptions) error {
	kind := "range"
	switch {
	case f.ordered:
		kind = ""
	case !f.point.IsAbsent():
		kind = "point"
	case f.keys == nil && f.scan == nil:
		kind = "empty"
	}
	if o.Offsets && kind != "" {
		return c.logic("Cannot include offsets for %s subs.", kind)
	}
	if !f.ordered {
		return nil
	}
	if f.fails != nil {
		return f.fails
	}
	if _, system := f.table.Table.(watchedTable); system {
		return c.fail(reql.OpFailed, "System tables don't support changefeeds on `.limit()`.")
	}
	if f.limit > c.fr.q.arrayLimit {
		return c.fail(reql.ResourceLimit, "Array size limit `%d` exceeded.  (`.limit(X).changes()` is illegal if X is larger than the array size limit.)",
			c.fr.q.arrayLimit)
	}
	return nil
}

// note is the kind of the feed, as answers name it.
func (f *feedSource) note() int {
	switch {
	case !f.point.IsAbsent():
		return notePoint
	case f.ordered:
		return noteLimit
	}
	return noteRange
}

// copies tells how often the source has a row, before the steps.
func (f *feedSource) copies(row datum.Value) int {
	if f.scan == nil {
		return f.keyCopies(row)
	}
	switch src := f.scan.rows.(type) {
	case *indexSource:
		if src.index.Dropped() {
			return 0
		}
		scan := src.scan(f.scan.opts)
		return src.index.Copies(&scan, row)
	case *geoSource:
		return src.copies(row)
	}
	if key, _ := row.Get(f.table.PrimaryKey()); f.scan.opts.Range.Holds(key) {
		return 1
	}
	return 0
}

func (f *feedSource) keyCopies(row datum.Value) int {
	key, _ := row.Get(f.table.PrimaryKey())
	first := sort.Search(len(f.keys), func(i int) bool { return datum.Compare(f.keys[i], key) >= 0 })
	n := 0
	for first+n < len(f.keys) && datum.Equal(f.keys[first+n], key) {
		n++
	}
	return n
}

// everything tells that the feed shows all rows as they are.
func (f *feedSource) everything() bool {
	if f.scan == nil || len(f.steps) > 0 || f.ordered {
		return false
	}
	switch f.scan.rows.(type) {
	case *indexSource, *geoSource, *distinctSource:
		return false
	}
	return f.scan.whole()
}

// copies tells how many of the geometries of a row intersect what is looked for.
func (x *geoSource) copies(row datum.Value) (n int) {
	if x.info.Index.Dropped() {
		return 0
	}
	value, ok := x.info.Index.Function()(row)
	if !ok {
		return 0
	}
	err := geo.Geometries(value, x.info.Multi, func(s *geo.Shape) error {
		if geo.Intersects(x.query, s) {
			n++
		}
		return nil
	})
	if err != nil { // the index leaves out the row
		return 0
	}
	return n
}

// places gives the places of a row in the order of the source, for feed.Order.
func (f *feedSource) places(key []byte, row datum.Value) []string {
	src, ok := f.scan.rows.(*indexSource)
	if !ok {
		if v, _ := row.Get(f.table.PrimaryKey()); !f.scan.opts.Range.Holds(v) {
			return nil
		}
		return []string{string(key)}
	}
	var out []string
	src.index.EachValue(row, func(v datum.Value) {
		if !f.scan.opts.Range.Holds(v) {
			return
		}
		place, err := indexPlace(v, key)
		if err != nil {
			return // such a value is in no index
		}
		out = append(out, nextPlace(place, out))
	})
	return out
}

// indexPlace is the place of a row by one of its values in an index.
func indexPlace(v datum.Value, key []byte) (string, error) {
	b, err := datum.AppendKey(nil, v)
	return string(append(b, key...)), err
}

// nextPlace makes a place unique among those of the same row, which may have a value more than once.
func nextPlace(place string, taken []string) string {
	next := place
	for n := byte(0); ; n++ {
		free := true
		for _, t := range taken {
			free = free && t != next
		}
		if free {
			return next
		}
		if n == math.MaxUint8 {
			place, n = place+"\xff", 0
		}
		next = place + string([]byte{n})
	}
}
