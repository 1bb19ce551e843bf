package extsort

import (
	"bytes"
	"unsafe"
)

// Memory is what a sorter asks before it takes memory.
type Memory interface {
	// Take takes n bytes, or is the error of there being too little.
	Take(n int) error
	// Give gives n bytes back.
	Give(n int)
}

// Pauser is asked now and then while a sorter computes, several times in a hundred milliseconds. Its error ends the sort.
type Pauser interface {
	Pause() error
}

// Options say what a sorter is for.
type Options struct {
	Limit  int  // how many of the first records are wanted; negative for all
	Unique bool // of the records with the same key only the first one is wanted

	Memory     Memory
	Files      *Directory // for what Memory has no room for; nil for none
	ShareBytes int        // what a sorter with Files takes of the memory; 0 for all that it gets
}

// A Sorter collects records and sorts them. Records with the same key stay in the order in which they came. It is not safe
// for concurrent use; several that work at the same time may share their Memory and Files, and Merge makes one sequence of them.
type Sorter struct {
	o Options

	records arena
	index   []record
	scratch []record
	sorted  bool // the index is
	stale   bool // the digits of the index are not those at depth 0

	taken int // of Memory; bytes() ≤ taken

	// seen has the keys of the index, as views of the arena; nil without Unique.
	seen map[string]struct{}

	// With a limit, a record whose key is not less than bound is not among the first. Nil until there are so many.
	bound      []byte
	boundDigit uint64
	other      arena // where those among the first are moved to

	runs  runs
	count int
}

// New makes an empty sorter. Close it, or give it to Merge.
func New(o Options) *Sorter {
	s := &Sorter{o: o}
	if o.Unique {
		s.seen = make(map[string]struct{})
	}
	return s
}

const (
	// indexBytes is what a record counts beside its bytes: its place in the index, which grows by doubling, and in the scratch.
	indexBytes = 3 * int(unsafe.Sizeof(record{}))
	// seenBytes is about what a key in the set of keys takes.
	seenBytes = 48
	// takeBytes is how much memory is taken at once: asking is an access to what other threads write.
	takeBytes = 256 << 10
	// minRunBytes is the least that is worth a run in a file.
	minRunBytes = 256 << 10
	// minCut is how many records a sorter with a limit collects at least before it drops those that are not among the first.
	minCut = 64
)

// Add adds a record, whose bytes are copied. No key may be the beginning of another. added is false for a record that is known
// not to be wanted.
func (s *Sorter) Add(key, row []byte, p Pauser) (added bool, err error) {
	if s.Rejects(key) {
		return false, nil
	}
	if s.seen != nil {
		if _, found := s.seen[string(key)]; found {
			return false, nil
		}
	}
	if err := s.reserve(maxHeader+len(key)+len(row), p); err != nil {
		return false, err
	}
	place := s.records.add(key, row)
	if s.seen != nil {
		mine, _ := s.records.at(place)
		s.seen[unsafe.String(unsafe.SliceData(mine), len(mine))] = struct{}{}
	}
	s.index = append(s.index, record{digit(key, 0), place})
	s.count++
	s.sorted = false
	if s.o.Limit >= 0 && len(s.index) >= max(2*s.o.Limit, minCut) {
		return true, s.cut(p)
	}
	return true, nil
}

// Rejects tells whether records with that key, or with one that it is the beginning of, are known not to be among the first.
func (s *Sorter) Rejects(key []byte) bool {
	switch {
	case s.o.Limit == 0:
		return true
	case s.bound == nil:
		return false
	case len(key) >= digitBytes:
		if d := digit(key, 0); d != s.boundDigit {
			return d > s.boundDigit
		}
	}
	return bytes.Compare(key, s.bound[:min(len(key), len(s.bound))]) > 0 || bytes.Equal(key, s.bound)
}

// Len is the number of records that were added.
func (s *Sorter) Len() int { return s.count }

// OnDisk tells whether there are runs in files.
func (s *Sorter) OnDisk() bool { return len(s.runs.levels) > 0 }

// bytes is what the sorter holds in memory.
func (s *Sorter) bytes() int {
	n := s.records.bytes + s.other.bytes + indexBytes*len(s.index)
	if s.seen != nil {
		n += seenBytes * len(s.index)
	}
	return n
}

// reserve makes sure that there is memory for another record of n bytes, if need be by writing those before it to a file.
func (s *Sorter) reserve(n int, p Pauser) error {
	for {
		want := s.bytes() + indexBytes + seenBytes + s.records.lacks(n)
		worth := s.o.Files != nil && s.bytes() >= minRunBytes && len(s.index) > 0
		if want <= s.taken && !(worth && s.o.ShareBytes > 0 && want > s.o.ShareBytes) {
			return nil
		}
		var err error
		if !worth || s.o.ShareBytes == 0 || want <= s.o.ShareBytes {
			more := max(want-s.taken, min(takeBytes, s.taken/2))
			if err = s.o.Memory.Take(more); err == nil {
				s.taken += more
				return nil
			}
			if !worth {
				return err
			}
		}
		if err := s.spill(p); err != nil {
			return err
		}
	}
}

// sort sorts the index.
func (s *Sorter) sort(p Pauser) (err error) {
	if s.sorted {
		return nil
	}
	if s.stale {
		if err := loadDigits(s.index, &s.records, 0, p); err != nil {
			return err
		}
	}
	s.stale = true
	s.scratch, err = sortIndex(s.index, s.scratch, &s.records, p)
	if s.o.Limit >= 0 && len(s.index) > s.o.Limit {
		s.index = s.index[:s.o.Limit]
	}
	s.sorted = err == nil
	return err
}

// Sort sorts what is in memory, which Merge does otherwise: those who add records in parallel sort them in parallel, too.
func (s *Sorter) Sort(p Pauser) error { return s.sort(p) }

// cut keeps the first records and forgets the others.
func (s *Sorter) cut(p Pauser) error {
	if err := s.sort(p); err != nil {
		return err
	}
	last, _ := s.records.at(s.index[len(s.index)-1].place)
	s.bound = append(s.bound[:0], last...)
	s.boundDigit = digit(last, 0)
	s.other.reset()
	for i := range s.index {
		key, row := s.records.at(s.index[i].place)
		s.index[i] = record{digit(key, 0), s.other.add(key, row)}
	}
	s.records, s.other = s.other, s.records
	s.stale = false
	if s.seen != nil {
		clear(s.seen)
		for _, r := range s.index {
			key, _ := s.records.at(r.place)
			s.seen[unsafe.String(unsafe.SliceData(key), len(key))] = struct{}{}
		}
	}
	return nil
}

// spill writes what is in memory to a file, as a run.
func (s *Sorter) spill(p Pauser) error {
	if err := s.sort(p); err != nil {
		return err
	}
	w, err := s.runs.begin(s.o)
	if err != nil {
		return err
	}
	for i, r := range s.index {
		if i%pauseRows == 0 {
			if err := p.Pause(); err != nil {
				return err
			}
		}
		if err := w.add(s.records.at(r.place)); err != nil {
			return err
		}
	}
	if err := w.end(); err != nil {
		return err
	}
	s.index, s.stale = s.index[:0], false
	s.records.reset()
	clear(s.seen)
	return s.runs.compact(s.o, p)
}

// Close gives back what the sorter holds. It may be called more than once.
func (s *Sorter) Close() {
	if s.taken > 0 {
		s.o.Memory.Give(s.taken)
	}
	s.runs.close(s.o.Files)
	*s = Sorter{o: s.o}
}
