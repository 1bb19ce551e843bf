package geo

import (
	"encoding/binary"
	"slices"

	"github.com/golang/geo/s2"

	"rethinkdb/internal/datum"
)

// A geospatial index has for each geometry an entry for each cell of a covering: some cells of S2's quadtree that together
// contain the geometry. A cell's number lies between the numbers of the cells inside of it, so that all entries below a cell
// are in one range. A query looks, for each cell of its own covering, at that range, and at the few cells that contain the
// cell; whatever it finds may intersect and is then tested exactly.
const (
	indexCells = 8  // for each geometry; more cells fit closer but make more entries
	queryCells = 16 // for each query
)

// CellKeyBytes is the length of a cell's key.
const CellKeyBytes = 8

// Cells calls add with the key of each cell of the covering of a geometry. The slice is valid during the call.
func Cells(v datum.Value, add func(cell []byte)) (err error) {
	// A bug that some shape brings about must not end the server, and again when it starts and builds the index.
	defer func() {
		if r := recover(); r != nil {
			err = errorf("This geometry cannot be indexed: %v", r)
		}
	}()
	if v.Kind() != datum.KindGeometry {
		return errorf("Expected geometry but found %s.", v.TypeName())
	}
	s, err := Parse(v)
	if err != nil {
		return err
	}
	var key [CellKeyBytes]byte
	for _, cell := range s.covering(indexCells) {
		binary.BigEndian.PutUint64(key[:], uint64(cell))
		add(key[:])
	}
	return nil
}

func (s *Shape) covering(cells int) s2.CellUnion {
	coverer := s2.RegionCoverer{MaxLevel: s2.MaxLevel, LevelMod: 1, MaxCells: cells}
	switch {
	case s.point != nil:
		return s2.CellUnion{s2.CellFromPoint(*s.point).ID()}
	case s.line != nil:
		return coverer.Covering(s.line)
	case s.rect != nil:
		return coverer.Covering(*s.rect)
	case s.polygon.NumLoops() == 0:
		return nil
	}
	return coverer.Covering(s.polygon)
}

// KeyRange is a range of keys of an index: Low ≤ key < High.
type KeyRange struct{ Low, High []byte }

// Ranges returns the ranges of keys, ascending and apart from each other, in which an index has all geometries that
// intersect s, and some more.
func (s *Shape) Ranges() []KeyRange {
	type span struct{ low, high uint64 }
	var spans []span
	for _, cell := range s.covering(queryCells) {
		spans = append(spans, span{uint64(cell.RangeMin()), uint64(cell.RangeMax()) + 1})
		for level := cell.Level() - 1; level >= 0; level-- {
			outer := uint64(cell.Parent(level))
			spans = append(spans, span{outer, outer + 1})
		}
	}
	slices.SortFunc(spans, func(a, b span) int {
		switch {
		case a.low < b.low:
			return -1
		case a.low > b.low:
			return 1
		}
		return 0
	})
	var out []KeyRange
	end := uint64(0)
	for _, x := range spans {
		if len(out) > 0 && x.low <= end {
			end = max(end, x.high)
			out[len(out)-1].High = binary.BigEndian.AppendUint64(nil, end)
			continue
		}
		end = x.high
		out = append(out, KeyRange{binary.BigEndian.AppendUint64(nil, x.low), binary.BigEndian.AppendUint64(nil, x.high)})
	}
	return out
}
