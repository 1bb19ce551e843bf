package extsort

import (
	"bytes"
)

// Rows are the sorted records of some sorters. They are not safe for concurrent use.
type Rows struct {
	sorters []*Sorter
	heap    []*source // the one with the least record first
	began   bool
	limit   int // records still to come; negative for all
	unique  bool
	reuse   bool
	last    []byte // the last key, with unique
	n       uint
}

// source is a sorted part of the records.
type source struct {
	digit    uint64 // of the key
	key, row []byte // the present record
	order    int    // among sources with the same key: the one with the earlier records first

	// In memory, or else in a run.
	sorter *Sorter
	i      int
	run    runReader
}

// Merge sorts what is in memory and returns the records of all sorters, whose options are the same. Of records with the same
// key those of an earlier sorter come first. The sorters belong to the rows, also when there is an error.
func Merge(sorters []*Sorter, p Pauser) (*Rows, error) {
	r := &Rows{sorters: sorters, limit: -1}
	for _, s := range sorters {
		r.limit, r.unique = s.o.Limit, s.o.Unique
		if err := s.sort(p); err != nil {
			r.Close()
			return nil, err
		}
		for _, run := range s.runs.all() {
			r.addRun(run)
		}
		if len(s.index) > 0 {
			r.heap = append(r.heap, &source{sorter: s, order: len(r.heap)})
		}
	}
	return r, nil
}

func (r *Rows) addRun(run run) {
	r.heap = append(r.heap, &source{run: runReader{run: run}, order: len(r.heap)})
}

// Reuse says that a row is not needed any more when the next one is asked for, so that less memory is needed when there are
// runs. Without it rows are valid for as long as anybody has them.
func (r *Rows) Reuse() { r.reuse = true }

// Len is the number of records, as far as it is known: with Options.Unique it may be less.
func (r *Rows) Len() int {
	n := 0
	for _, s := range r.sorters {
		n += s.count
	}
	if r.limit >= 0 {
		n = min(n, r.limit)
	}
	return n
}

// OnDisk tells whether there are runs in files.
func (r *Rows) OnDisk() bool {
	for _, s := range r.sorters {
		if s.OnDisk() {
			return true
		}
	}
	return false
}

// Next returns the next row; ok is false when there are no more.
func (r *Rows) Next(p Pauser) (row []byte, ok bool, err error) {
	key, row, err := r.next(p)
	return row, key != nil, err
}

// next returns the next record, a nil key at the end.
func (r *Rows) next(p Pauser) (key, row []byte, err error) {
	if r.n++; r.n%pauseRows == 0 {
		if err := p.Pause(); err != nil {
			return nil, nil, err
		}
	}
	if !r.began {
		r.began = true
		if err := r.begin(); err != nil {
			return nil, nil, err
		}
	} else if len(r.heap) > 0 {
		if err := r.advance(); err != nil {
			return nil, nil, err
		}
	}
	if r.unique {
		for len(r.heap) > 0 && r.last != nil && bytes.Equal(r.heap[0].key, r.last) {
			if err := r.advance(); err != nil {
				return nil, nil, err
			}
		}
	}
	if len(r.heap) == 0 || r.limit == 0 {
		return nil, nil, nil
	}
	if r.limit > 0 {
		r.limit--
	}
	first := r.heap[0]
	if r.unique {
		r.last = append(r.last[:0], first.key...)
	}
	return first.key, first.row, nil
}

// begin reads the first record of each source.
func (r *Rows) begin() error {
	some := r.heap[:0]
	for _, s := range r.heap {
		ok, err := s.advance(r.reuse)
		if err != nil {
			return err
		}
		if ok {
			some = append(some, s)
		}
	}
	r.heap = some
	for i := len(r.heap)/2 - 1; i >= 0; i-- {
		r.down(i)
	}
	return nil
}

// advance takes the first record away.
func (r *Rows) advance() error {
	ok, err := r.heap[0].advance(r.reuse)
	if err != nil {
		return err
	}
	if !ok {
		last := len(r.heap) - 1
		r.heap[0] = r.heap[last]
		r.heap = r.heap[:last]
	}
	r.down(0)
	return nil
}

func (r *Rows) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(r.heap); child++ {
			if r.heap[child].less(r.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		r.heap[i], r.heap[least] = r.heap[least], r.heap[i]
		i = least
	}
}

func (s *source) less(o *source) bool {
	if s.digit != o.digit {
		return s.digit < o.digit
	}
	if c := bytes.Compare(s.key, o.key); c != 0 {
		return c < 0
	}
	return s.order < o.order
}

func (s *source) advance(reuse bool) (ok bool, err error) {
	if s.sorter == nil {
		s.key, s.row, err = s.run.next(reuse)
	} else if s.key, s.row = nil, nil; s.i < len(s.sorter.index) {
		s.key, s.row = s.sorter.records.at(s.sorter.index[s.i].place)
		s.i++
	}
	if s.key == nil {
		return false, err
	}
	s.digit = digit(s.key, 0)
	return true, nil
}

// Close gives back what the sorters hold. Rows that are still needed stay valid. It may be called more than once.
func (r *Rows) Close() {
	for _, s := range r.sorters {
		s.Close()
	}
	*r = Rows{began: true}
}
