package storage

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// rowCache keeps rows that reads of a few rows have found, so that reading a hot row costs a hash look-up instead of a search
// through memtables, filters and blocks: 0.1 µs instead of 2 to 4.
//
// The cache must never give a row that is older than a write that was visible before the read began, nor one that is newer
// than the state of the store that the reader is in. It has a clock that counts the batches that are visible and had rows
// in them. A writer announces its keys before the batch is applied, which drops them and keeps readers from putting them
// back, and ends the announcement afterwards, which moves the clock. A reader looks at the clock before it opens its state
// of the store; that is its moment. So
//
//	a value that was read in a state of moment m may be put ⇔ no change of its part is under way, and none has ended after m;
//	a value that was put by a reader of moment m is that of every state from m on, as long as it is in the cache.
//
// For a change that is not in the state of a reader was applied after his moment, so it ends after it, or has not ended. The
// second rule is what lets a scan of an index take rows from the cache: they are those of its own state if m ≤ its moment,
// which is nearly always so. (To remember changes of single rows would be finer; 256 parts make collisions rare enough.)
//
// The writer who replaces a single row puts what it has written, at the moment when its change ends, if no other change of the
// part was under way at the same time: then its row is the newest. Batches of several rows put none: they would drive out what is
// being read.
//
// Rows leave by the clock algorithm: the hand clears the mark of a row that was used since it last came by, and takes the row
// otherwise. Values are constant and belong to the collector, so they may be given away without a copy.
type rowCache struct {
	seed      maphash.Seed
	partBytes atomic.Int64
	visible   atomic.Uint64 // the clock
	parts     [rowCacheParts]rowCachePart
}

// A moment is a reading of the clock of a rowCache.
type moment uint64

const (
	rowCacheParts = 256 // a power of two
	// rowCacheShare is the part of the budget that rows take.
	rowCacheShare = 4
	// slotBytes is about what a row costs beside its key and value: the slot and its place in the map.
	slotBytes = 96
)

// rowCacheBytes is what the row cache takes out of the budget.
func rowCacheBytes(budget int64) int64 { return budget / rowCacheShare }

type rowCachePart struct {
	mu       sync.Mutex // guards everything below; nothing is called while it is held
	begun    uint64     // changes that were announced
	changing int        // those that have not ended
	changed  moment     // when the last one ended
	index    map[uint64]int32
	slots    []rowSlot
	free     []int32
	hand     int
	bytes    int64
}

type rowSlot struct {
	data     []byte // key and value; nil: the slot is free
	hash     uint64
	since    moment // of the reader who put it
	keyBytes int32
	used     bool // since the hand came by
}

func newRowCache(bytes int64) *rowCache {
	c := &rowCache{seed: maphash.MakeSeed()}
	c.partBytes.Store(bytes / rowCacheParts)
	return c
}

func (c *rowCache) hash(key []byte) uint64 { return maphash.Bytes(c.seed, key) }

func (c *rowCache) part(hash uint64) *rowCachePart { return &c.parts[hash%rowCacheParts] }

// now returns the present moment.
func (c *rowCache) now() moment { return moment(c.visible.Load()) }

// ticket is what a reader that missed needs to put the value that it finds.
type ticket struct {
	hash uint64
	at   moment
}

// get returns the value that key has in a state of that moment, or a ticket to put it.
func (c *rowCache) get(key []byte, at moment) (value []byte, ok bool, t ticket) {
	t = ticket{hash: c.hash(key), at: at}
	p := c.part(t.hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if i, found := p.index[t.hash]; found {
		if s := &p.slots[i]; s.since <= at && string(s.data[:s.keyBytes]) == string(key) {
			s.used = true
			return s.data[s.keyBytes:len(s.data):len(s.data)], true, t
		}
	}
	return nil, false, t
}

// putCopy puts a copy of a row that a reader with this ticket has read, and returns the copy of the value.
func (c *rowCache) putCopy(t ticket, key, value []byte) []byte {
	data := make([]byte, len(key)+len(value))
	copy(data, key)
	copy(data[len(key):], value)
	c.put(t, data, len(key))
	return data[len(key):len(data):len(data)]
}

// takes tells whether a row with so many bytes of key and value may be in the cache.
func (c *rowCache) takes(dataBytes int) bool {
	return int64(dataBytes)+slotBytes <= c.partBytes.Load()/4
}

// put adds a row that a reader with this ticket has read. data is the key followed by the value.
func (c *rowCache) put(t ticket, data []byte, keyBytes int) {
	if !c.takes(len(data)) {
		return
	}
	p := c.part(t.hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changing == 0 && p.changed <= t.at {
		c.insert(p, t, data, keyBytes)
	}
}

// putWritten adds a row that takes, by the only writer of its batch, whose change ended at t.at.
func (c *rowCache) putWritten(t ticket, a announcement, data []byte, keyBytes int) {
	p := c.part(t.hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.alone && p.changing == 0 && p.begun == a.number {
		c.insert(p, t, data, keyBytes)
	}
}

// insert adds a row to a part, whose mutex the caller holds.
func (c *rowCache) insert(p *rowCachePart, t ticket, data []byte, keyBytes int) {
	size := int64(len(data)) + slotBytes
	if i, found := p.index[t.hash]; found { // from another reader, or a different key with this hash
		p.remove(i)
	}
	for p.bytes+size > c.partBytes.Load() && p.bytes > 0 {
		p.evict()
	}
	var i int32
	if n := len(p.free); n > 0 {
		i = p.free[n-1]
		p.free = p.free[:n-1]
	} else {
		i = int32(len(p.slots))
		p.slots = append(p.slots, rowSlot{})
	}
	p.slots[i] = rowSlot{data: data, hash: t.hash, since: t.at, keyBytes: int32(keyBytes)}
	if p.index == nil {
		p.index = make(map[uint64]int32)
	}
	p.index[t.hash] = i
	p.bytes += size
}

// resize changes the memory for rows, and drops those that have no room any more.
func (c *rowCache) resize(bytes int64) {
	c.partBytes.Store(bytes / rowCacheParts)
	for i := range c.parts {
		c.parts[i].shrink(bytes / rowCacheParts)
	}
}

func (p *rowCachePart) shrink(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.bytes > bytes {
		p.evict()
	}
}

// evict removes the next row that was not used since the hand came by. There is one: the hand clears marks.
func (p *rowCachePart) evict() {
	for {
		if p.hand++; p.hand >= len(p.slots) {
			p.hand = 0
		}
		switch s := &p.slots[p.hand]; {
		case s.data == nil:
		case s.used:
			s.used = false
		default:
			p.remove(int32(p.hand))
			return
		}
	}
}

func (p *rowCachePart) remove(i int32) {
	s := &p.slots[i]
	p.bytes -= int64(len(s.data)) + slotBytes
	delete(p.index, s.hash)
	*s = rowSlot{}
	p.free = append(p.free, i)
}

// announcement is what a writer needs to put the row that it has written.
type announcement struct {
	number uint64 // among those of the part
	alone  bool   // no other change of the part was under way
}

// beginChanges announces that the rows with these hashes are about to change, and returns the announcement of the last of them.
func (c *rowCache) beginChanges(hashes []uint64) (last announcement) {
	for _, h := range hashes {
		p := c.part(h)
		p.mu.Lock()
		p.begun++
		p.changing++
		last = announcement{number: p.begun, alone: p.changing == 1}
		if i, found := p.index[h]; found {
			p.remove(i)
		}
		p.mu.Unlock()
	}
	return last
}

// endChanges follows beginChanges when readers of the engine see the changes. It returns the moment.
func (c *rowCache) endChanges(hashes []uint64) (at moment) {
	if len(hashes) == 0 {
		return 0
	}
	at = c.tick()
	for _, h := range hashes {
		c.part(h).endChange(at)
	}
	return at
}

// tick moves the clock.
func (c *rowCache) tick() moment { return moment(c.visible.Add(1)) }

func (p *rowCachePart) endChange(at moment) {
	p.mu.Lock()
	p.changing--
	p.changed = max(p.changed, at)
	p.mu.Unlock()
}

// beginChangeOfAll and endChangeOfAll are for changes whose keys nobody knows.
func (c *rowCache) beginChangeOfAll() {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		p.begun++
		p.changing++
		p.index, p.slots, p.free, p.hand, p.bytes = nil, nil, nil, 0, 0
		p.mu.Unlock()
	}
}

func (c *rowCache) endChangeOfAll() {
	at := c.tick()
	for i := range c.parts {
		c.parts[i].endChange(at)
	}
}

// size is the number of bytes in use.
func (c *rowCache) size() (bytes int64) {
	for i := range c.parts {
		p := &c.parts[i]
		p.mu.Lock()
		bytes += p.bytes
		p.mu.Unlock()
	}
	return bytes
}
