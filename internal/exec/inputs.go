package exec

import (
	"rethinkdb/internal/table"
)

// wrapper is a source that reads other sequences.
type wrapper interface {
	// inputs gives the sequences that are still to be read, and how long their rows are needed.
	inputs() ([]*seq, use)
}

// use is how long a source needs a row of a sequence that it reads.
type use uint8

const (
	useOnce   use = iota // until it gives its own next row
	useOften             // for several of its own rows, but not when it reads the next one
	useLonger            // for longer
)

func (r *sliceRows) inputs() ([]*seq, use)  { return []*seq{r.s}, useOnce }
func (r *offsetRows) inputs() ([]*seq, use) { return []*seq{r.s}, useOnce }
func (r *unionRows) inputs() ([]*seq, use)  { return r.seqs, useOnce }
func (r *mapRows) inputs() ([]*seq, use)    { return r.seqs, useOnce }
func (r *mergedRows) inputs() ([]*seq, use) { return r.seqs, useLonger }
func (r *foldRows) inputs() ([]*seq, use)   { return []*seq{r.s}, useLonger }
func (r *expandedRows) inputs() ([]*seq, use) {
	if r.inner != nil {
		return []*seq{r.from, r.inner}, useOften
	}
	return []*seq{r.from}, useOften
}

// passRows says that whoever reads the sequence keeps nothing of a row when it reads the next, so that a scan need not
// copy the rows. parks says that the sequence may be parked between two rows. It is called before the first row is read.
func (s *seq) passRows(parks bool) {
	switch src := s.src.(type) {
	case *scanRows:
		if src.rows == nil {
			src.scan.opts.Transient = true
		}
	case *sortedRows:
		src.rows.Reuse()
	case *distinctRows:
		src.rows.Reuse()
	case wrapper:
		seqs, use := src.inputs()
		if use == useLonger || use == useOften && parks {
			return
		}
		for _, in := range seqs {
			in.passRows(parks)
		}
	}
}

// park lets scans give back what they hold while nobody reads the sequence. The last row is not valid any more.
func (s *seq) park() error {
	switch src := s.src.(type) {
	case *scanRows:
		if p, ok := src.rows.(table.Parker); ok {
			return p.Park()
		}
	case wrapper:
		seqs, _ := src.inputs()
		for _, in := range seqs {
			if err := in.park(); err != nil {
				return err
			}
		}
	}
	return nil
}

// guarded is a source that reads what not everybody may read.
type guarded interface {
	// permitted checks the right to go on reading.
	permitted(fr *frame) error
}

func (r *scanRows) permitted(fr *frame) error  { return r.scan.of.require(fr, ReadRows) }
func (r *keyRows) permitted(fr *frame) error   { return r.table.require(fr, ReadRows) }
func (r *httpPages) permitted(fr *frame) error { return fr.q.eng.cluster.RequireConnect(fr.q.client) }

// permitted checks the rights to what the sequence reads, some of which may have been read ahead.
func (s *seq) permitted(fr *frame) error {
	switch src := s.src.(type) {
	case guarded:
		return src.permitted(fr)
	case wrapper:
		seqs, _ := src.inputs()
		for _, in := range seqs {
			if err := in.permitted(fr); err != nil {
				return err
			}
		}
	}
	return nil
}
