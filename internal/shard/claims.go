package shard

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// claims are what a request does to the values of unique indexes.
type claims struct {
	rows   []claimant // changed rows in the order of the request
	moves  []move     // of one row after the other
	order  []int32    // of moves, so that those of one value are together, and of these the givers first
	list   []claim
	hashes []uint64 // the latches of the values

	old, new entries
	buf      []byte
}

// claimant is a row that gives up values or takes new ones.
type claimant struct {
	row      int32 // in the request
	from, to int32 // its moves
	refused  bool
}

// move is one value that a row takes, or gives up.
type move struct {
	index    *Index
	key      []byte // prefix of the index, whole encoding of the value
	claimant int32
	claim    int32
	gives    bool
}

// claim is a value that some row takes.
type claim struct {
	givers, takers []int32     // moves
	holder         datum.Value // a row that has the value whatever the request does; absent when there is none
	winner         int32       // the claimant that gets the value unless it is refused; -1 at first
}

// reset empties the claims. keep is false when they have become large.
func (c *claims) reset() (keep bool) {
	if cap(c.buf)+cap(c.old.buf)+cap(c.new.buf) > maxScratchBytes || cap(c.moves) > maxScratchBytes/100 {
		return false
	}
	clear(c.moves)
	clear(c.list)
	c.rows, c.moves, c.order, c.list, c.hashes, c.buf = c.rows[:0], c.moves[:0], c.order[:0], c.list[:0], c.hashes[:0], c.buf[:0]
	return true
}

// compare adds the moves of one row in one index: the difference between c.old and c.new.
func (c *claims) compare(x *Index) {
	i, j := 0, 0
	for i < len(c.old.list) || j < len(c.new.list) {
		var order int
		switch {
		case i == len(c.old.list):
			order = 1
		case j == len(c.new.list):
			order = -1
		default:
			order = bytes.Compare(c.old.key(i), c.new.key(j))
		}
		switch {
		case order < 0:
			c.add(x, c.old.key(i), true)
			i++
		case order > 0:
			c.add(x, c.new.key(j), false)
			j++
		default:
			i++
			j++
		}
	}
}

func (c *claims) add(x *Index, value []byte, gives bool) {
	start := len(c.buf)
	c.buf = append(append(c.buf, x.prefix...), value...) // if this moves, older keys keep the old memory
	c.moves = append(c.moves, move{index: x, key: c.buf[start:len(c.buf):len(c.buf)], claimant: int32(len(c.rows)), claim: -1, gives: gives})
}

// group makes a claim of each value that is taken, in the order of values.
func (c *claims) group() {
	for i := range c.moves {
		c.order = append(c.order, int32(i))
	}
	slices.SortFunc(c.order, func(i, j int32) int {
		a, b := &c.moves[i], &c.moves[j]
		if d := bytes.Compare(a.key, b.key); d != 0 {
			return d
		}
		if a.gives != b.gives {
			if a.gives {
				return -1
			}
			return 1
		}
		return cmp.Compare(i, j)
	})
	for from := 0; from < len(c.order); {
		key := c.moves[c.order[from]].key
		takers, to := from, from
		for ; to < len(c.order) && bytes.Equal(c.moves[c.order[to]].key, key); to++ {
			if c.moves[c.order[to]].gives {
				takers = to + 1
			}
		}
		if takers < to {
			for _, m := range c.order[from:to] {
				c.moves[m].claim = int32(len(c.list))
			}
			c.list = append(c.list, claim{givers: c.order[from:takers], takers: c.order[takers:to], winner: -1})
		}
		from = to
	}
}

// key returns the key of the value of a claim.
func (c *claims) key(i int) []byte { return c.moves[c.list[i].takers[0]].key }

// moveBytes is about the memory of a move and its part of claims, besides the key.
const moveBytes = 128

// bytes returns about how much memory the moves take.
func (c *claims) bytes() int { return len(c.buf) + moveBytes*len(c.moves) }

func (c *claims) movesOf(k int32) []move { return c.moves[c.rows[k].from:c.rows[k].to] }

// cutKey returns what the entries of a value begin with.
func cutKey(key []byte) []byte { return key[:min(len(key), storage.IndexPrefixLen+MaxValueKeyBytes)] }

// resolve decides which rows are refused. Afterwards no value has two rows, and what stands in the way of a refused row, in
// the end, is a row that has its value.
//
// It begins with the hope that all rows give up what they want to give up. Rows whose value has a holder are refused; they
// keep their old values, so others are refused that have counted on those, and so on. Of several rows that take one value, the first
// in the request gets it. A row may then have been refused for the sake of one that was refused later; so at last the refused
// ones get what is free after all. If no two rows would have one value with all changes made, none is refused.
func (c *claims) resolve() {
	for i := range c.list {
		if !c.list[i].holder.IsAbsent() {
			c.refuseTakers(&c.list[i])
		}
	}
	for k := range c.rows {
		c.race(int32(k))
	}
	for k := range c.rows {
		c.admit(int32(k))
	}
}

// refuse lets a row keep its old values.
func (c *claims) refuse(k int32) {
	if c.rows[k].refused {
		return
	}
	c.rows[k].refused = true
	for _, m := range c.movesOf(k) {
		if m.gives && m.claim >= 0 {
			c.refuseTakers(&c.list[m.claim])
		}
	}
}

func (c *claims) refuseTakers(cl *claim) {
	for _, m := range cl.takers {
		c.refuse(c.moves[m].claimant)
	}
}

// race makes a row the winner of its values, or refuses it when there is one already.
func (c *claims) race(k int32) {
	if c.rows[k].refused {
		return
	}
	for _, m := range c.movesOf(k) {
		if !m.gives && c.won(&c.list[m.claim]) {
			c.refuse(k)
			return
		}
	}
	c.win(k)
}

// won tells whether a row gets the value.
func (c *claims) won(cl *claim) bool { return cl.winner >= 0 && !c.rows[cl.winner].refused }

func (c *claims) win(k int32) {
	for _, m := range c.movesOf(k) {
		if !m.gives {
			c.list[m.claim].winner = k
		}
	}
}

// admit takes back the refusal of a row that nothing stands in the way of any more, and then perhaps of others.
func (c *claims) admit(k int32) {
	if !c.rows[k].refused {
		return
	}
	for _, m := range c.movesOf(k) {
		if !m.gives && !c.free(&c.list[m.claim]) {
			return
		}
	}
	c.rows[k].refused = false
	c.win(k)
	for _, m := range c.movesOf(k) {
		if m.gives && m.claim >= 0 {
			for _, t := range c.list[m.claim].takers {
				c.admit(c.moves[t].claimant)
			}
		}
	}
}

func (c *claims) free(cl *claim) bool {
	return cl.holder.IsAbsent() && !c.won(cl) && c.keeper(cl) < 0
}

// keeper returns a claimant that wanted to give up the value and was refused, or -1.
func (c *claims) keeper(cl *claim) int32 {
	for _, m := range cl.givers {
		if k := c.moves[m].claimant; c.rows[k].refused {
			return k
		}
	}
	return -1
}

// obstacle returns a row that has a value which a refused row wants, and the index. Of several it is one that the request
// does not change: others may have been refused because of this one.
func (c *claims) obstacle(k int32, r *Request) (x *Index, row datum.Value) {
	for _, m := range c.movesOf(k) {
		if m.gives {
			continue
		}
		cl := &c.list[m.claim]
		if !cl.holder.IsAbsent() {
			return m.index, cl.holder
		}
		if x != nil {
			continue
		}
		if c.won(cl) {
			x, row = m.index, r.Results[c.rows[cl.winner].row].New
		} else if keeper := c.keeper(cl); keeper >= 0 {
			x, row = m.index, r.Results[c.rows[keeper].row].Old
		}
	}
	if x == nil {
		panic(fmt.Sprintf("shard: row %d of a request was refused for no reason", c.rows[k].row))
	}
	return x, row
}
