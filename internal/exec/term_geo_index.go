package exec

import (
	"cmp"
	"context"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/geo"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func init() {
	// Family: Geospatial
	//
	// table.getIntersecting(geometry, index: name) → selection
	//
	// The rows whose geometry in a geospatial index intersects another one, in no order.
	//
	// Options:
	// - index (string; needed): a geospatial index of the table
	//
	// Errors:
	// - QueryLogic: … requires an index argument.
	// - QueryLogic: Index `…` is not a geospatial index.  … can only be used with a geospatial index.
	//
	//	> r.table("places").getIntersecting(r.circle([0, 50], 500, unit: "km"), index: "at")("name")
	//	"London"
	register(reql.TermGetIntersecting, spec{min: 2, max: 2, opts: []string{"index"}, val: evalGetIntersecting, det: detSingleServer, slow: true})

	// table.getNearest(point, index: name) → array
	//
	// The rows whose geometry in a geospatial index is nearest to a point, as objects of `dist` and `doc`, the nearest
	// first.
	//
	// Options:
	// - index (string; needed): a geospatial index of the table
	// - max_results (integer; 100): how many rows at most
	// - max_dist (number; 100000): how far at most
	// - unit (string; "m"): of max_dist and dist: "m", "km", "mi", "nm" or "ft"
	// - geo_system (string or object; "WGS84"): or "unit_sphere", or an ellipsoid of its equatorial radius `a` and its
	//   flattening `f`
	//
	// Errors:
	// - QueryLogic: … requires an index argument.
	// - QueryLogic: max_results must be positive.
	// - QueryLogic: max_dist must be positive.
	//
	//	> r.table("places").getNearest(r.point(0, 50), index: "at", max_dist: 2000, unit: "km").map(x => ({name: x("doc")("name"), km: x("dist").round()}))
	//	[{"km":168,"name":"London"},{"km":1209,"name":"Vienna"}]
	register(reql.TermGetNearest, spec{min: 2, max: 2, opts: []string{"index", "max_results", "max_dist", "geo_system", "unit"},
		datum: evalGetNearest, det: detSingleServer, slow: true})
}

// ofQuery makes an error one of the query as a whole, as the original's errors of reading a geospatial index are.
func ofQuery(err error) error {
	switch e := err.(type) { //nolint:errorlint // these are never wrapped inside the executor
	case *reql.Error:
		c := *e
		c.TopLevel, c.Term = true, nil
		return &c
	case *datum.Error:
		return &reql.Error{Type: reql.RuntimeError, Class: classOf(e), Msg: e.Msg, TopLevel: true}
	}
	return err
}

// geoIndexName evaluates the option index of a term, which it needs.
func (c call) geoIndexName(t *tableVal, term string) (string, error) {
	name, ok, err := c.optStr("index")
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", c.logic("%s requires an index argument.", term)
	case name == t.PrimaryKey():
		return "", c.logic("%s cannot use the primary index.", term)
	}
	return name, nil
}

// geoIndex finds a geospatial index that can be read.
func (t *tableVal) geoIndex(fr *frame, name, term string) (table.IndexInfo, error) {
	info, err := t.index(fr, name, nil)
	if err == nil && !info.Geo {
		err = reql.Errorf(reql.QueryLogic, "Index `%s` is not a geospatial index.  %s can only be used with a geospatial index.", name, term)
	}
	return info, ofQuery(err)
}

func evalGetIntersecting(c call) (val, error) {
	t, err := c.table(0)
	if err != nil {
		return val{}, err
	}
	query, err := c.val(1)
	if err != nil {
		return val{}, err
	}
	name, err := c.geoIndexName(t, "get_intersecting")
	if err != nil {
		return val{}, err
	}
	g, err := query.geometry(c.fr)
	if err != nil {
		return val{}, err
	}
	s := &seq{table: t, fr: c.fr}
	if src, err := t.intersecting(c.fr, name, g); err != nil {
		s.src = failingRows{err} // it comes when the rows are wanted
	} else {
		s.src = &scanRows{scan: &scan{of: t, rows: src, index: name, opts: table.ScanOptions{Read: t.read}}}
	}
	return val{x: &selectionVal{table: t, seq: s}, at: c.n.t}, nil
}

func (t *tableVal) intersecting(fr *frame, name string, g datum.Value) (*geoSource, error) {
	info, err := t.geoIndex(fr, name, "get_intersecting")
	if err != nil {
		return nil, err
	}
	query, err := geo.Parse(g)
	if err != nil {
		return nil, ofQuery(err)
	}
	return &geoSource{Table: t.Table, info: info, limit: fr.q.arrayLimit, query: query}, nil
}

// geoSource is what intersects a geometry, by an index, in place of a whole table.
type geoSource struct {
	Table
	info  table.IndexInfo
	query *geo.Shape
	limit int // of rows that have to be remembered
}

func (x *geoSource) Scan(_ context.Context, o table.ScanOptions) (table.Rows, error) {
	return &geoRows{geoSource: x, rows: x.info.Index.ScanCells(indexRanges(x.query), o), transient: o.Transient}, nil
}

// indexRanges gives the ranges of an index in which there may be what intersects s.
func indexRanges(s *geo.Shape) []table.IndexRange {
	var out []table.IndexRange
	for _, r := range s.Ranges() {
		out = append(out, table.IndexRange{Low: r.Low, High: r.High})
	}
	return out
}

// geoRows gives each row once for each of its indexed geometries that intersect the query. Most rows have one geometry with
// one entry in the index. A row with several entries is found by each of them, and has to be remembered.
type geoRows struct {
	*geoSource
	rows      table.Rows
	transient bool

	row    datum.Value
	copies int // how often row still comes

	seen seenRows
}

func (r *geoRows) Next(ctx context.Context) (datum.Value, bool, error) {
	for r.copies == 0 {
		row, ok, err := r.rows.Next(ctx)
		if err != nil || !ok {
			return datum.Value{}, false, err
		}
		if r.copies, err = r.matches(row); err != nil {
			return datum.Value{}, false, ofQuery(err)
		}
		r.row = row
	}
	r.copies--
	return r.row, true, nil
}

// matches says how often a row comes of which an entry was found.
func (r *geoRows) matches(row datum.Value) (n int, err error) {
	value, ok := r.info.Index.Function()(row)
	if !ok {
		return 0, nil
	}
	if again, err := r.seen.again(&r.info, row, value, r.PrimaryKey(), r.limit); again || err != nil {
		return 0, err
	}
	err = geo.Geometries(value, r.info.Multi, func(s *geo.Shape) error {
		if geo.Intersects(r.query, s) {
			n++
		}
		return nil
	})
	return n, err
}

func (r *geoRows) Park() error {
	if r.transient && r.copies > 0 {
		r.row = r.row.Own()
	}
	if p, ok := r.rows.(table.Parker); ok {
		return p.Park()
	}
	return nil
}

func (r *geoRows) Close() error { return r.rows.Close() }

// seenRows are the keys of rows that an index may give again.
type seenRows struct {
	keys map[string]struct{}
	buf  []byte
}

// again tells whether a row has come before, and remembers it. A point has one entry, so that it comes once.
func (s *seenRows) again(info *table.IndexInfo, row, value datum.Value, primaryKey string, limit int) (bool, error) {
	if value.Kind() == datum.KindGeometry {
		if kind, _ := value.Get("type"); kind.AsString() == "Point" {
			return false, nil
		}
	}
	key, _ := row.Get(primaryKey)
	var err error
	if s.buf, err = datum.AppendKey(s.buf[:0], key); err != nil {
		return false, err
	}
	if _, ok := s.keys[string(s.buf)]; ok {
		return true, nil
	}
	if len(s.keys) >= limit {
		return false, reql.Errorf(reql.ResourceLimit, "Array size limit exceeded during geospatial index traversal.")
	}
	if s.keys == nil {
		s.keys = map[string]struct{}{}
	}
	s.keys[string(s.buf)] = struct{}{}
	return false, nil
}

func evalGetNearest(c call) (datum.Value, error) {
	t, err := c.table(0)
	if err != nil {
		return datum.Value{}, err
	}
	place, err := c.val(1)
	if err != nil {
		return datum.Value{}, err
	}
	name, err := c.geoIndexName(t, "get_nearest")
	if err != nil {
		return datum.Value{}, err
	}
	d, err := place.datum(c.fr)
	if err != nil {
		return d, err
	}
	center, err := geo.ParsePoint(d)
	if err != nil {
		return d, err
	}
	on, err := c.ellipsoid()
	if err != nil {
		return d, err
	}
	unit, err := c.unit()
	if err != nil {
		return d, err
	}
	maxDist, err := c.maxDist(unit)
	if err != nil {
		return d, err
	}
	maxResults, err := c.maxResults()
	if err != nil {
		return d, err
	}
	info, err := t.geoIndex(c.fr, name, "get_nearest")
	if err != nil {
		return d, err
	}
	n := nearest{fr: c.fr, table: t, info: info, unit: unit, max: maxResults}
	if n.search, err = on.Search(center, maxDist); err != nil {
		return d, ofQuery(err)
	}
	return n.run()
}

// maxDist is how far get_nearest looks, in meters.
func (c call) maxDist(unit geo.Unit) (float64, error) {
	d, at, ok, err := c.optDatum("max_dist")
	if !ok || err != nil {
		return 100_000, err
	}
	length, err := numAt(d, at)
	if err != nil {
		return 0, err
	}
	if length = unit.ToMeters(length); !(length > 0) {
		return 0, failAt(at, reql.QueryLogic, "max_dist must be positive.")
	}
	return length, nil
}

// maxResults is how many rows get_nearest gives at most.
func (c call) maxResults() (int64, error) {
	d, at, ok, err := c.optDatum("max_results")
	if !ok || err != nil {
		return 100, err
	}
	n, err := intAt(d, at)
	if err == nil && n <= 0 {
		err = failAt(at, reql.QueryLogic, "max_results must be positive.")
	}
	return n, err
}

// nearest is one evaluation of get_nearest.
type nearest struct {
	fr     *frame
	table  *tableVal
	info   table.IndexInfo
	search *geo.Search
	unit   geo.Unit
	max    int64

	found []neighbor
	// given are the rows of earlier rounds with how many of their geometries were near enough then: a row of a multi index
	// comes once for each.
	given map[string]int
}

// neighbor is a row that was found. Of two at the same distance, mostly none, a point comes before what surrounds it.
type neighbor struct {
	meters float64
	rank   int // 0 for a point
	row    datum.Value
}

func compareNeighbors(a, b neighbor) int {
	return cmp.Or(cmp.Compare(a.meters, b.meters), cmp.Compare(a.rank, b.rank))
}

func (n *nearest) run() (datum.Value, error) {
	n.given = map[string]int{}
	for {
		before := len(n.found)
		if err := n.round(); err != nil {
			return datum.Value{}, err
		}
		slices.SortStableFunc(n.found[before:], compareNeighbors)
		if !n.search.Widen(len(n.found)-before) || int64(len(n.found)) >= n.max {
			break
		}
	}
	if int64(len(n.found)) > n.max {
		n.found = n.found[:n.max]
	}
	if err := n.fr.checkArray(len(n.found)); err != nil {
		return datum.Value{}, err
	}
	out := make([]datum.Value, len(n.found))
	for i, x := range n.found {
		dist, err := datum.NewNumber(n.unit.FromMeters(x.meters))
		if err != nil {
			return datum.Value{}, err
		}
		out[i] = datum.Object([]datum.Field{{Key: "dist", Val: dist}, {Key: "doc", Val: x.row}})
	}
	return datum.Array(out), nil
}

// round finds the rows of the present ring.
func (n *nearest) round() error {
	ring, err := n.search.Ring()
	if err != nil {
		return ofQuery(err)
	}
	rows := n.info.Index.ScanCells(indexRanges(ring), table.ScanOptions{Transient: true})
	defer func() { _ = rows.Close() }() // an error of reading was reported
	var seen seenRows
	for {
		row, ok, err := rows.Next(n.fr.q.ctx)
		if err != nil {
			return n.fr.readError(err)
		}
		if !ok {
			return nil
		}
		n.fr.tally.rowsRead++
		if err := n.fr.tick(); err != nil {
			return err
		}
		value, ok := n.info.Index.Function()(row)
		if !ok {
			continue
		}
		if again, err := seen.again(&n.info, row, value, n.table.PrimaryKey(), n.fr.q.arrayLimit); err != nil {
			return ofQuery(err)
		} else if again {
			continue
		}
		if err := n.take(row, value); err != nil {
			return ofQuery(err)
		}
	}
}

// take adds a row once for each of its geometries that this round sees and no earlier one has.
func (n *nearest) take(row, value datum.Value) error {
	var near []neighbor
	err := geo.Geometries(value, n.info.Multi, func(s *geo.Shape) error {
		meters, ok, err := n.search.Distance(s)
		if ok {
			x := neighbor{meters: meters}
			if !s.IsPoint() {
				x.rank = 1
			}
			near = append(near, x)
		}
		return err
	})
	if err != nil || len(near) == 0 {
		return err
	}
	slices.SortFunc(near, compareNeighbors)
	pk, _ := row.Get(n.table.PrimaryKey())
	key, err := datum.AppendKey(nil, pk)
	if err != nil {
		return err
	}
	given := n.given[string(key)]
	if given >= len(near) {
		return nil
	}
	n.given[string(key)] = len(near)
	own := row.Own()
	for _, x := range near[given:] {
		x.row = own
		n.found = append(n.found, x)
	}
	if len(n.found) > n.fr.q.arrayLimit {
		return reql.Errorf(reql.ResourceLimit, "Array size limit exceeded during geospatial index traversal.")
	}
	return nil
}
