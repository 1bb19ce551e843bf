package shard

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
)

// A CommitIndex is the place of a write in the order of a shard's writes.
type CommitIndex = replication.Index

// A Change is what a write did to one row. It is valid for ever and shared: nothing of it may be changed.
type Change struct {
	Key      []byte      // the encoded primary key
	Old, New datum.Value // the stored rows before and after; absent where there is none
	Number   uint32      // among the changes of the commit, those that nobody is interested in included
}

// A Tap is told of the commits of a shard: package feed follows tables with it. Its methods are called by writers, so they
// never wait for anything that takes time.
type Tap interface {
	// Generation grows whenever keys become interesting that were not. It is 0 as long as none has ever been.
	Generation() uint64
	// Interested tells whether changes of the row with this key are wanted.
	Interested(key []byte) bool
	// Committed takes the interesting changes of one commit, if there are any. The calls come in the order of commits, when
	// reads see the commit and before they see the next one.
	Committed(index CommitIndex, changes []Change)
	// Dropped says that the shard is no more.
	Dropped()
	// Moved says that all commits have been told: the rows are in other groups from now on. It returns when nothing is left to be done about
	// any of them.
	Moved()
	// Close ends everything; the server stops. It returns when nothing of the tap runs any more.
	Close()
	// IndexDropped says that an index is no more.
	IndexDropped(x *Index)
}

// Follow attaches what open makes to the shard, unless something is attached, and returns what is. It stays for the life of
// the shard. To miss nothing, a follower first makes Generation grow and then calls Applied:
//
//	a commit whose index is greater than what Applied returns is reported to Committed.
//
// Proof: a writer makes its commit visible to Applied before it looks at Generation for the last time. So it sees the new
// generation, or Applied sees the commit.
func (s *Shard) Follow(open func() Tap) Tap {
	if t := s.tap.Load(); t != nil {
		return *t
	}
	t := open()
	if !s.tap.CompareAndSwap(nil, &t) {
		return s.Follow(open)
	}
	switch g := s.indexes.Load().gate; { // who ends the tap later than this sees it
	case s.dropped.Load():
		t.Dropped()
	case g != nil && g.moved:
		t.Moved()
	}
	return t
}

// Applied returns the index of the last commit that reads see.
func (s *Shard) Applied() CommitIndex { return s.now().State().Applied }

// TakeTap takes away what follows the shard, if anything does: it is told of no commit any more. end ends it, which may take time; nil for nothing.
func (s *Shard) TakeTap() (end func()) {
	t := s.tap.Swap(nil)
	if t == nil {
		return nil
	}
	return func() {
		(*t).Dropped()
		(*t).Close()
	}
}

// FinishTap ends what follows the shard, which has been told everything that will ever be to tell.
func (s *Shard) FinishTap() {
	if t := s.tap.Load(); t != nil {
		(*t).Moved()
	}
}

// Followed tells whether anybody has ever wanted to know what changes.
func (s *Shard) Followed() bool {
	t := s.tap.Load()
	return s.history.on.Load() || t != nil && (*t).Generation() > 0
}

// CloseTap ends what follows the shard.
func (s *Shard) CloseTap() {
	if t := s.tap.Load(); t != nil {
		(*t).Close()
	}
}

// report collects what one write has to tell the tap, and what the history keeps of it. When nobody is interested, it costs three
// atomic loads.
type report struct {
	shard *Shard // constant

	copied    bool   // nobody is told of the rows, which are no news
	recording bool   // the history was on when the write began
	entry     []byte // of the history
	number    uint32 // of the next change

	tap        Tap // nil: there was none when the write began
	generation uint64
	request    *Request
	order      []int32
	changes    []Change
}

func (p *report) begin(r *Request, order []int32) {
	p.request, p.order, p.copied = r, order, r.Copied
	if p.recording = p.shard.history.on.Load(); p.recording {
		p.entry = beginEntry(p.entry)
	}
	if t := p.shard.tap.Load(); t != nil && !p.copied {
		p.tap, p.generation = *t, (*t).Generation()
	}
}

// add takes the change of one row: its new encoding is copied, nil for a row that is deleted.
func (p *report) add(key []byte, old datum.Value, encoded []byte) {
	if p.copied {
		return
	}
	number := p.number
	p.number++
	if p.recording {
		p.record(key, old, encoded)
	}
	if p.tap == nil || p.generation == 0 || !p.tap.Interested(key) {
		return
	}
	c := Change{Old: old, Number: number}
	own := make([]byte, len(key)+len(encoded))
	c.Key = own[:copy(own, key):len(key)]
	if encoded != nil {
		c.New = datum.View(own[len(key):][:copy(own[len(key):], encoded)])
	}
	if p.changes == nil {
		p.changes = make([]Change, 0, len(p.order))
	}
	p.changes = append(p.changes, c)
}

// record adds a change to the entry of the history, until that is too large to be kept.
func (p *report) record(key []byte, old datum.Value, encoded []byte) {
	if int64(len(p.entry)) <= p.shard.history.maxEntryBytes() {
		p.entry = appendChange(p.entry, key, old, encoded)
	}
}

// Record implements replication.Observer.
func (p *report) Record() []byte {
	h := &p.shard.history
	if !h.on.Load() {
		p.recording = false // it has been switched off meanwhile
		return nil
	}
	if !p.recording { // or on
		p.recording, p.entry = true, beginEntry(p.entry)
		if !p.copied {
			p.eachChange(p.record)
		}
	}
	kind := entryChanges
	if int64(len(p.entry)) > h.maxEntryBytes() {
		kind, p.entry = entryOmitted, p.entry[:entryHeadBytes]
	}
	h.stamp(kind, p.entry)
	return p.entry
}

// Applied implements replication.Observer.
func (p *report) Applied(index CommitIndex) {
	t := p.shard.tap.Load()
	if t == nil || p.copied {
		return
	}
	if g := (*t).Generation(); p.tap == nil || g != p.generation {
		p.again(*t, g)
	}
	if len(p.changes) > 0 {
		p.tap.Committed(index, p.changes)
	}
}

// again collects the changes once more, for somebody who has come while the write was under way.
func (p *report) again(t Tap, generation uint64) {
	p.tap, p.generation, p.changes = t, generation, nil
	p.recording, p.number = false, 0 // the history has them
	p.eachChange(p.add)
}

// eachChange calls f with the changes of the write.
func (p *report) eachChange(f func(key []byte, old datum.Value, encoded []byte)) {
	for _, i := range p.order {
		res := &p.request.Results[i]
		switch {
		case !res.Changed:
		case res.New.IsAbsent():
			f(p.request.Keys[i], res.Old, nil)
		default:
			f(p.request.Keys[i], res.Old, datum.AppendEncoded(nil, res.New))
		}
	}
}

// reset forgets the write. The changes belong to the tap now.
func (p *report) reset() {
	*p = report{shard: p.shard, entry: p.entry[:0]}
	if cap(p.entry) > maxScratchBytes {
		p.entry = nil
	}
}

// EachValue calls f for each value that a row is indexed by, in no defined order; a value comes as often as the row has it.
func (c *IndexConfig) EachValue(row datum.Value, f func(v datum.Value)) {
	v, ok := c.Function(row)
	if !ok {
		return
	}
	if !c.Multi || v.Kind() != datum.KindArray {
		if Indexable(v) {
			f(v)
		}
		return
	}
	for i := range v.Len() {
		if e := v.At(i); Indexable(e) {
			f(e)
		}
	}
}

// Dropped tells whether the index has ended.
func (x *Index) Dropped() bool { return x.dropped.Load() }
