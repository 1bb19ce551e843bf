package shard

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// ChangedKeys are the keys of rows that have changed, for somebody who copies the rows. He takes the keys from time to time and reads what the rows are then: of
// many changes of a row he copies the last one.
//
// The history of the group was the first thought. It has its own limits, which the user sets, copies every change of a row, and writes everything twice.
type ChangedKeys struct {
	bytes atomic.Int64 // that keys takes, about
	limit atomic.Int64 // of bytes, from which writers wait, at most for delay
	delay atomic.Int64 // nanoseconds

	mu   sync.Mutex
	keys map[string]struct{}
	room chan struct{} // closed when keys are taken; nil: nobody waits
}

const (
	// maxChangedBytes is how much memory the keys may take. Writers wait then until some are taken: who copies is slower than they are.
	maxChangedBytes = 64 << 20
	// changedKeyBytes is about what a key takes besides its bytes.
	changedKeyBytes = 64
)

// FollowKeys has the keys of all rows collected that change from now on: by writes that reads do not see yet. There is one who follows a shard so.
func (s *Shard) FollowKeys(ctx context.Context) (*ChangedKeys, error) {
	c := &ChangedKeys{keys: map[string]struct{}{}}
	c.limit.Store(maxChangedBytes)
	s.changeWriters(func(set *indexSet) bool {
		set.changed = c
		return true
	})
	if err := s.drained(ctx); err != nil {
		s.UnfollowKeys(c)
		return nil, err
	}
	return c, nil
}

// UnfollowKeys is the end of FollowKeys.
func (s *Shard) UnfollowKeys(c *ChangedKeys) {
	s.changeWriters(func(set *indexSet) bool {
		if set.changed != c {
			return false
		}
		set.changed = nil
		return true
	})
	c.Take() // whoever waits for room
}

// add takes the keys of the rows that a request has changed.
func (c *ChangedKeys) add(r *Request, order []int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, i := range order {
		if !r.Results[i].Changed {
			continue
		}
		if _, known := c.keys[string(r.Keys[i])]; !known {
			c.keys[string(r.Keys[i])] = struct{}{}
			c.bytes.Add(int64(len(r.Keys[i])) + changedKeyBytes)
		}
	}
}

// Take returns the keys so far, in their order, and forgets them.
func (c *ChangedKeys) Take() [][]byte {
	c.mu.Lock()
	taken := c.keys
	c.keys = map[string]struct{}{}
	c.bytes.Store(0)
	if c.room != nil {
		close(c.room)
		c.room = nil
	}
	c.mu.Unlock()
	keys := make([][]byte, 0, len(taken))
	for k := range taken {
		keys = append(keys, []byte(k))
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
}

// Len returns how many keys there are.
func (c *ChangedKeys) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.keys)
}

// Crowded tells whether the keys take so much memory that it is time to take them.
func (c *ChangedKeys) Crowded() bool { return c.bytes.Load() >= maxChangedBytes/2 }

// Slow has each writer wait for some time, or until keys are taken, as long as there are more than a number of keys. With 0 nobody waits.
func (c *ChangedKeys) Slow(keys int, delay time.Duration) {
	limit := int64(maxChangedBytes)
	if keys > 0 {
		limit = min(limit, int64(keys)*2*changedKeyBytes)
	}
	c.limit.Store(limit)
	c.delay.Store(int64(delay))
}

// full tells whether writers have to wait. c may be nil.
func (c *ChangedKeys) full() bool { return c != nil && c.bytes.Load() >= c.limit.Load() }

// admit waits until there is room, or until the writer has waited for long enough.
func (c *ChangedKeys) admit(ctx context.Context) error {
	c.mu.Lock()
	if !c.full() {
		c.mu.Unlock()
		return nil
	}
	if c.room == nil {
		c.room = make(chan struct{})
	}
	room := c.room
	c.mu.Unlock()
	var patience <-chan time.Time // for ever, if there is no more memory
	if c.bytes.Load() < maxChangedBytes {
		timer := time.NewTimer(time.Duration(c.delay.Load()))
		defer timer.Stop()
		patience = timer.C
	}
	select {
	case <-room:
		return nil
	case <-patience:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
