package exec

import (
	"slices"

	"rethinkdb/internal/table"
)

// Batches of the stream of a part. The first is small, because many readers want just the first rows, and each one twice as large as the one before.
const (
	firstPartBytes = 8 << 10
	maxPartBytes   = 256 << 10
)

// partRows gives the rows of a part that another server wants, as it wants them.
func (fr *frame) partRows(v val) (*seq, error) {
	s, err := v.seq(fr)
	if err != nil || fr.q.served {
		return s, err
	}
	sc := s.scanned()
	if sc == nil {
		return s, errNoScan
	}
	if !fr.hasParts(sc) {
		return s, strayed()
	}
	t, parted := sc.of.Table.(partedTable)
	if !parted {
		return s, strayed()
	}
	part := fr.q.plan.part
	var parts []*table.Part
	for _, p := range t.Parts() {
		if slices.Contains(part.Groups, uint32(p.Number())) {
			parts = append(parts, p)
		}
	}
	share, ok := t.Share(parts...)
	if !ok || len(parts) < len(part.Groups) {
		return s, strayed()
	}
	one := *sc
	one.rows = only(sc.rows, share)
	return s.placed(fr, &one, part.Limit), nil
}

// stream appends the first answer of such rows.
func (cur *Cursor) stream(dst []byte, v val) (out []byte, more bool) {
	var err error
	if cur.seq, err = cur.fr.partRows(v); err != nil {
		return cur.fail(dst, blame(err, cur.fr.q.plan.q.Term)), false
	}
	cur.opts = batchOptions{minRows: 1, maxRows: noRowLimit, maxTime: defaultBatchTime, maxBytes: firstPartBytes, firstScaledown: 1}
	cur.seq.passRows(true)
	return cur.batch(dst, true)
}

// grow makes the next batch of such rows larger.
func (cur *Cursor) grow() {
	if part := cur.fr.q.plan.part; part != nil && part.Stream {
		cur.opts.maxBytes = min(2*cur.opts.maxBytes, maxPartBytes)
	}
}

// contributions gives the sequence as a term that reads it to its end is to read it: each server with parts gives what the term comes to over these, and the
// rows that are here are as they are.
func (c call) contributions(s *seq) (*seq, error) {
	served, err := c.serve(s)
	if err != nil {
		return nil, err
	}
	c.fr.q.served = c.fr.q.served || served
	d := c.division(s)
	switch {
	case d == nil:
		return s, nil
	case c.fr.brief:
		return nil, c.fr.giveUp()
	}
	return newFarRows(d.parcel, s, 0).seq(c.fr), nil
}
