package exec

import (
	"context"
	"sync"

	"rethinkdb/internal/datum"
)

// farRows are the rows of a term over a scan of a table with parts on other servers. Each part gives its own, those that are here as well: a stream
// of answers of its server, which computes the next one while this one is read, and no more. Rows come from whatever part has some, or merged if
// the scan has an order.
//
// A part whose server cannot be asked is read through package table, which looks for the rows wherever they are. But when rows have come from
// a server that is lost later, nobody knows which are missing, and the query fails.
type farRows struct {
	parcel *parcel
	of     *seq  // the sequence as it would be read here
	scan   *scan // its
	limit  int   // no part need give more; 0: all rows are wanted

	begun  bool
	parts  []*farPart
	ready  chan *farPart // those that have news. Its capacity is the number of parts, each of which is in it once at most
	cancel context.CancelFunc
	asking sync.WaitGroup // for first answers
}

func newFarRows(p *parcel, s *seq, limit int) *farRows {
	return &farRows{parcel: p, of: s, scan: s.scanned(), limit: limit}
}

// seq gives the rows as a sequence in the place of the one that would be read here.
func (r *farRows) seq(fr *frame) *seq {
	return &seq{src: r, table: r.of.table, fr: fr, at: r.of.at}
}

// near gives the sequence that would be read here in place of one of farRows that nobody has read.
func (s *seq) near() *seq {
	if r, ok := s.src.(*farRows); ok && len(s.steps) == 0 && s.group == nil && !r.begun {
		return r.of
	}
	return s
}

func (r *farRows) next(fr *frame) (datum.Value, bool, error) {
	if !r.begun {
		if err := r.begin(fr); err != nil {
			return datum.Value{}, false, err
		}
	}
	for {
		p, wait, err := r.choose(fr)
		switch {
		case err != nil:
			return datum.Value{}, false, err
		case p != nil:
			return p.take(r.scan.sorted), true, nil
		case !wait:
			return datum.Value{}, false, nil
		}
		fr.pace.end()
		select {
		case p := <-r.ready:
			p.came = true
		case <-fr.q.ctx.Done():
			return datum.Value{}, false, errInterrupted
		}
	}
}

// begin has all servers asked at the same time.
func (r *farRows) begin(fr *frame) error {
	r.begun = true
	if err := r.permitted(fr); err != nil {
		return err
	}
	t, _ := r.scan.of.Table.(partedTable)
	for _, p := range t.Parts() {
		share, ok := t.Share(p)
		if !ok {
			return r.parcel.lost(fr, ErrAstray, wholeTable)
		}
		q, err := r.parcel.message(fr, &partRequest{Groups: []uint32{uint32(p.Number())}, Stream: true, Limit: r.limit}, false)
		if err != nil {
			return err
		}
		r.parts = append(r.parts, &farPart{place: partPlace{r.scan.of.ID(), uint32(p.Number())}, share: share, query: q, awaited: true})
	}
	r.ready = make(chan *farPart, len(r.parts))
	// An answer may be waited for longer than the client's present request takes.
	ctx, cancel := context.WithCancel(context.WithoutCancel(fr.q.ctx))
	r.cancel = cancel
	router, client := fr.q.eng.others(), fr.q.client
	for _, p := range r.parts {
		server, here, err := p.place.where(router)
		if here || err != nil {
			r.ready <- p
			continue
		}
		r.asking.Go(func() {
			p.ask(ctx, router, server, client)
			r.ready <- p
		})
	}
	return nil
}

// open takes the answer of a part, and has it asked for the next one.
func (r *farRows) open(fr *frame, p *farPart) error {
	p.came, p.awaited = false, false
	answer := p.answer
	switch {
	case p.answer != nil:
		p.answer = nil
	case p.cursor == nil: // it was not asked, or in vain
		p.local = r.local(fr, p)
		return nil
	default:
		var more bool
		var err error
		if answer, more, err = p.cursor.Next(fr.q.ctx); err != nil {
			return r.parcel.lost(fr, err, wholeTable)
		}
		if !more {
			p.close()
		}
	}
	a, err := r.parcel.read(answer)
	if err != nil {
		return err
	}
	p.rows = a.rows
	fr.tally.rowsRead += int64(len(a.rows))
	if p.cursor != nil {
		p.awaited = true
		if !p.cursor.Wait(func() { r.ready <- p }) {
			r.ready <- p
		}
	}
	return nil
}

// local gives what a part comes to when it is computed here.
func (r *farRows) local(fr *frame, p *farPart) *seq {
	sc := *r.scan
	sc.rows = only(sc.rows, p.share)
	return r.of.placed(fr, &sc, r.limit)
}

// choose gives the part whose row is the next; nil if there is none, or if wait is set, not yet.
func (r *farRows) choose(fr *frame) (best *farPart, wait bool, err error) {
	r.news()
	for _, p := range r.parts {
		if err := r.fill(fr, p); err != nil {
			return nil, false, err
		}
		switch {
		case len(p.rows) == 0:
			wait = wait || p.awaited
		case !r.scan.sorted:
			return p, false, nil
		case best == nil || r.before(p, best):
			best = p
		}
	}
	if wait && r.scan.sorted {
		return nil, true, nil
	}
	return best, wait, nil
}

// news learns which parts have news.
func (r *farRows) news() {
	for {
		select {
		case p := <-r.ready:
			p.came = true
		default:
			return
		}
	}
}

// fill gets a part the next row, if it need not wait for that.
func (r *farRows) fill(fr *frame, p *farPart) error {
	for len(p.rows) == 0 {
		var err error
		switch {
		case p.came:
			err = r.open(fr, p)
		case p.local != nil:
			err = p.read(fr)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// before tells whether the next row of one part comes before that of another one.
func (r *farRows) before(a, b *farPart) bool {
	c := datum.Compare(a.rows[0].At(0), b.rows[0].At(0))
	if r.scan.opts.Descending {
		c = -c
	}
	return c < 0
}

func (r *farRows) close() {
	if r.cancel != nil {
		r.cancel()
		r.asking.Wait()
	}
	for _, p := range r.parts {
		p.close()
	}
	r.begun, r.parts = true, nil
	r.of.close()
}

func (r *farRows) permitted(fr *frame) error { return r.scan.of.require(fr, ReadRows) }

func (r *farRows) inputs() (seqs []*seq, _ use) {
	if !r.begun {
		return []*seq{r.of}, useOnce
	}
	for _, p := range r.parts {
		if p.local != nil {
			seqs = append(seqs, p.local)
		}
	}
	return seqs, useOnce
}
