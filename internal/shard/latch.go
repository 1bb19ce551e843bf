package shard

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
)

// latches give each key to one writer at a time, so that reading a row, computing its successor and applying the batch is
// one step for everybody else.
//
// There is one latch per key in use, found through the key's hash, and none for a key at rest. (A fixed array of striped
// locks was the first thought. A batch of 200 keys takes so many stripes that two batches without a common key exclude each
// other as soon as the array has a size that every table can afford.) Two keys with one hash share a latch, which only costs
// time.
//
// A writer takes the latches of its keys before it reads a row, and those of the values that it adds to unique indexes once
// it has computed the new rows. Deadlock is excluded by order: hashes of values are greater than those of keys, each kind is
// taken all at once in ascending order, and nothing afterwards. Waiters are served in the order of their arrival.
type latches struct {
	seed  maphash.Seed
	parts [latchParts]latchPart
}

// latchParts spreads the mutexes that guard the maps. A power of two.
const latchParts = 32

type latchPart struct {
	mu   sync.Mutex
	held map[uint64]*latchQueue // a nil queue: held, and nobody waits
	_    [48]byte               // parts on cache lines of their own
}

type latchQueue struct {
	waiters []chan struct{} // each is closed when its owner has the latch
}

func newLatches() *latches {
	return &latches{seed: maphash.MakeSeed()}
}

// hash returns the hash of a primary key.
func (l *latches) hash(key []byte) uint64 { return maphash.Bytes(l.seed, key) &^ latchOfValue }

// hashValue returns the hash of an index and a value in it.
func (l *latches) hashValue(key []byte) uint64 { return maphash.Bytes(l.seed, key) | latchOfValue }

// latchOfValue is the bit that tells hashes of values from those of primary keys.
const latchOfValue = 1 << 63

func (l *latches) part(hash uint64) *latchPart { return &l.parts[hash%latchParts] }

// acquire takes the latch of a hash.
func (l *latches) acquire(ctx context.Context, hash uint64) error {
	p := l.part(hash)
	p.mu.Lock()
	q, held := p.held[hash]
	if !held {
		if p.held == nil {
			p.held = make(map[uint64]*latchQueue)
		}
		p.held[hash] = nil
		p.mu.Unlock()
		return nil
	}
	if q == nil {
		q = &latchQueue{}
		p.held[hash] = q
	}
	turn := make(chan struct{})
	q.waiters = append(q.waiters, turn)
	p.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	i := slices.Index(q.waiters, turn)
	if i >= 0 {
		q.waiters = slices.Delete(q.waiters, i, i+1)
	}
	p.mu.Unlock()
	if i < 0 {
		l.release(hash) // it was handed over at the same moment
	}
	return context.Cause(ctx)
}

// release hands the latch to the first waiter.
func (l *latches) release(hash uint64) {
	p := l.part(hash)
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.held[hash]
	if q == nil || len(q.waiters) == 0 {
		delete(p.held, hash)
		return
	}
	close(q.waiters[0])
	q.waiters = slices.Delete(q.waiters, 0, 1)
}

// acquireAll takes the latches of ascending hashes without duplicates, or none of them.
func (l *latches) acquireAll(ctx context.Context, hashes []uint64) error {
	for i, h := range hashes {
		if err := l.acquire(ctx, h); err != nil {
			l.releaseAll(hashes[:i])
			return err
		}
	}
	return nil
}

func (l *latches) releaseAll(hashes []uint64) {
	for _, h := range hashes {
		l.release(h)
	}
}
