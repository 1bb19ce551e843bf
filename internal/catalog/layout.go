package catalog

import (
	"slices"
	"strings"

	"rethinkdb/internal/reql"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// A Layout says how the rows of a table are divided. Users see shards: ranges of the primary key, each with a primary replica and others. The
// rows are in parts: each is one replication group with the rows of those shards that are to be on the same servers, so that 64 shards on three servers
// need three groups and not 64.
//
//	shards of one part have the same placement
//
// except in tables of programs that had one group for each table: those have one part, which is where its first shard is to be.
//
// It is a value: whoever gets one may not change what its slices hold.
type Layout struct {
	Shards      []ShardConfig
	SplitPoints []string
	Parts       []int                // of each shard, the place of its part in Groups; nil: all are in one part
	Groups      []storage.GroupID    // of the parts. They are never used again
	Starts      []table.HistoryPlace // of the groups, as of table.Division; nil if they have inherited nothing
}

// Part returns which part has the rows of a shard.
func (l *Layout) Part(shard int) int {
	if l.Parts == nil {
		return 0
	}
	return l.Parts[shard]
}

// first returns the first shard of a part.
func (l *Layout) first(part int) *ShardConfig {
	for i := range l.Shards {
		if l.Part(i) == part {
			return &l.Shards[i]
		}
	}
	panic("catalog: a part has no shard")
}

// equal tells whether two shards are to be in the same places.
func (s *ShardConfig) equal(o *ShardConfig) bool {
	return s.Primary == o.Primary && slices.Equal(s.Replicas, o.Replicas) && slices.Equal(s.NonVoting, o.NonVoting)
}

func equalShards(a, b []ShardConfig) bool {
	return slices.EqualFunc(a, b, func(x, y ShardConfig) bool { return x.equal(&y) })
}

// divide puts shards into as few parts as their placements allow: it returns the part of each shard, and how many parts there are.
func divide(shards []ShardConfig) (parts []int, n int) {
	var firsts []*ShardConfig
	parts = make([]int, len(shards))
	for i := range shards {
		at := slices.IndexFunc(firsts, shards[i].equal)
		if at < 0 {
			at = len(firsts)
			firsts = append(firsts, &shards[i])
		}
		parts[i] = at
	}
	return compactParts(parts, len(firsts)), len(firsts)
}

// compactParts gives the parts of a layout with one part the form that they have in Layout.
func compactParts(parts []int, n int) []int {
	if n == 1 {
		return nil
	}
	return parts
}

// fits tells whether other shards can have the rows of their ranges where these are in this layout, and in which parts: the range of each shard has to be in one
// part, and the shards of each part in the same places. Then nothing has to be copied from group to group.
func (l *Layout) fits(shards []ShardConfig, splits []string) (parts []int, ok bool) {
	firsts := make([]*ShardConfig, len(l.Groups))
	parts = make([]int, len(shards))
	for i := range shards {
		first, last := l.shardsOf(shardRange(splits, i))
		part := l.Part(first)
		for j := first + 1; j <= last; j++ {
			if l.Part(j) != part {
				return nil, false
			}
		}
		if firsts[part] == nil {
			firsts[part] = &shards[i]
		}
		if !firsts[part].equal(&shards[i]) {
			return nil, false
		}
		parts[i] = part
	}
	return compactParts(parts, len(l.Groups)), true
}

// shardsOf returns the first and the last shard with keys of a range.
func (l *Layout) shardsOf(r keyRange) (first, last int) {
	first, exact := slices.BinarySearch(l.SplitPoints, r.low)
	if exact {
		first++
	}
	last = len(l.SplitPoints)
	if r.high != "" {
		last, _ = slices.BinarySearch(l.SplitPoints, r.high)
	}
	return first, last
}

// ShardAt returns the shard that has the first key of the i-th of other shards.
func (l *Layout) ShardAt(splits []string, i int) int {
	first, _ := l.shardsOf(shardRange(splits, i))
	return first
}

// A Move is the copying of a table into other groups, because its rows are to be divided in another way. The configuration has the layout that they are copied
// into, whose groups nobody has made yet in the beginning. The package comment of mover.go has the whole story.
type Move struct {
	Number uint64 // of the moves of the table: a greater one takes the place of a smaller
	From   Layout // where the rows are until the end

	Placed []bool   // of each new group: its replicas are where they are to be, as long as it is being filled
	Copier []uint64 // of each old group: a random number of who copies it, 0 if nobody has begun yet
	Copied []bool   // of each old group: what lacks is what was written in the last moment
	Joined []bool   // of each new group: all of its replicas are where they are to be, or have been asked for since; all are true below levelFilling
	Sealed []bool   // of each old group: it takes no more writes, and nothing lacks
}

// filling tells whether a new group is to have its primary replica alone, because that is given most of the rows: files can be added to one replica only, and the others get
// copies of them.
func (c *TableConfig) filling(group storage.GroupID) bool {
	m := c.Move
	return m != nil && slices.Contains(m.Copied, false) && slices.Contains(m.Joined, false) && slices.Contains(c.Groups, group)
}

// maxCopier bounds the numbers of those who copy: records have them as numbers of the language.
const maxCopier = 1 << 53

func (m *Move) clone() *Move {
	if m == nil {
		return nil
	}
	n := *m
	n.Placed, n.Copier, n.Copied = slices.Clone(m.Placed), slices.Clone(m.Copier), slices.Clone(m.Copied)
	n.Joined, n.Sealed = slices.Clone(m.Joined), slices.Clone(m.Sealed)
	return &n
}

// Goal is the layout that the configuration asks for. During a move that is not the one in use, and may have no groups yet.
func (c *TableConfig) Goal() Layout {
	return Layout{Shards: c.Shards, SplitPoints: c.SplitPoints, Parts: c.Parts, Groups: c.Groups, Starts: c.Starts}
}

// Present is the layout in use.
func (c *TableConfig) Present() Layout {
	if c.Move != nil {
		return c.Move.From
	}
	return c.Goal()
}

// rearrange finds out what other shards than before mean for the rows: they stay in their groups, whose replicas may move, or they have to be copied
// into other groups. before is the configuration that c was made of.
func (c *TableConfig) rearrange(before *TableConfig) error {
	if equalShards(c.Shards, before.Shards) && slices.Equal(c.SplitPoints, before.SplitPoints) {
		if c.LastIndex == before.LastIndex {
			return nil
		}
		if c.Move != nil {
			c.beginMove(c.Move.From) // with the index, when that is built
		}
		return c.checkUnique()
	}
	present := before.Present()
	if parts, ok := present.fits(c.Shards, c.SplitPoints); ok {
		c.Parts, c.Groups, c.Starts, c.Move = parts, present.Groups, present.Starts, nil
		return nil
	}
	if goal := before.Goal(); before.Move != nil && len(goal.Groups) > 0 {
		if parts, ok := goal.fits(c.Shards, c.SplitPoints); ok {
			c.Parts = parts
			return nil
		}
	}
	c.beginMove(present)
	return c.checkUnique()
}

// beginMove makes the rows be copied from where they are, from the beginning if they are being copied already.
func (c *TableConfig) beginMove(present Layout) {
	c.Moves++
	c.Move = &Move{Number: c.Moves, From: present}
	c.Parts, c.Groups, c.Starts = nil, nil, nil
}

// maxPast is how many divisions of the past a table remembers. Whoever goes on with a feed after so many changes begins anew.
const maxPast = 8

// endMove makes the new groups those of the table. If they have inherited from the old ones, these are remembered.
func (c *TableConfig) endMove() {
	from := c.Move.From
	c.Move = nil
	if !slices.ContainsFunc(c.Starts, func(p table.HistoryPlace) bool { return p.Index > 0 }) {
		c.Past, c.Starts = nil, nil
		return
	}
	c.Past = append(slices.Clone(c.Past), from.division())
	c.Past = c.Past[max(0, len(c.Past)-maxPast):]
}

// division is what the histories of the groups have to know of the layout.
func (l *Layout) division() table.Division {
	return table.Division{Groups: l.Groups, Splits: l.SplitPoints, Parts: l.Parts, Starts: l.Starts}
}

// checkUnique refuses unique indexes of a table in several parts: who writes a row could not see the values in the others.
func (c *TableConfig) checkUnique() error {
	if present := c.Present(); len(present.Groups) == 1 {
		if _, goal := divide(c.Shards); goal == 1 || c.Move == nil {
			return nil
		}
	}
	var names []string
	for _, x := range c.Indexes {
		if x.Unique {
			names = append(names, "`"+x.Name+"`")
		}
	}
	if len(names) == 0 {
		return nil
	}
	return reql.Errorf(reql.OpFailed, "The shards of a table with unique indexes must have the same primary replica and the same other replicas, because the values of all rows "+
		"have to be in one place. Table `%s` has the unique index %s.", c.Name, strings.Join(names, ", "))
}
