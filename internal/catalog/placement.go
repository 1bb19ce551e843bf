package catalog

import (
	"cmp"
	"maps"
	"slices"

	"rethinkdb/internal/reql"
)

// MaxShards is the largest number of shards of a table.
const MaxShards = 64

// Load on a server: a primary replica answers reads and evaluates writes, so it counts for a little more than a
// secondary one. Only the ratio matters.
const (
	primaryLoad   = 10
	secondaryLoad = 8
)

// Placement is what a user asks for when a table is created or reconfigured.
type Placement struct {
	Shards        int               // at least 1
	Replicas      map[string]uint64 // server tag → replicas of each shard
	PrimaryTag    string
	NonVotingTags []string
}

// DefaultPlacement is one shard with one replica on any server with the default tag.
func DefaultPlacement() Placement {
	return Placement{Shards: 1, Replicas: map[string]uint64{DefaultTag: 1}, PrimaryTag: DefaultTag}
}

func (p Placement) check(withTag map[string][]Server) error {
	if p.Shards <= 0 {
		return reql.Errorf(reql.OpFailed, "Every table must have at least one shard.")
	}
	var total uint64
	for _, n := range p.Replicas {
		total += n
	}
	if total == 0 {
		return reql.Errorf(reql.OpFailed, "You must set `replicas` to at least one. `replicas` includes the primary "+
			"replica; if there are zero replicas, there is nowhere to put the data.")
	}
	if p.Shards > MaxShards {
		return reql.Errorf(reql.OpFailed, "Maximum number of shards is %d.", MaxShards)
	}
	if p.Replicas[p.PrimaryTag] == 0 {
		return reql.Errorf(reql.OpFailed, "Can't use server tag `%s` for primary replicas because you specified no "+
			"replicas in server tag `%s`.", p.PrimaryTag, p.PrimaryTag)
	}
	for _, tag := range normalTags(p.NonVotingTags) {
		if _, ok := p.Replicas[tag]; !ok {
			return reql.Errorf(reql.OpFailed, "You specified that the replicas in server tag `%s` should be non-voting, "+
				"but you didn't specify a number of replicas in server tag `%s`.", tag, tag)
		}
	}
	claimed := map[ServerID]string{}
	for _, tag := range slices.Sorted(maps.Keys(p.Replicas)) {
		if p.Replicas[tag] == 0 {
			continue
		}
		if len(withTag[tag]) == 0 {
			return reql.Errorf(reql.OpFailed, "Could not find any servers with server tag `%s`.", tag)
		}
		for _, server := range withTag[tag] {
			if other, ok := claimed[server.ID]; ok {
				return reql.Errorf(reql.OpFailed, "Server tags `%s` and `%s` overlap; the server `%s` has both tags. "+
					"The server tags used for replication settings for a given table must be non-overlapping.",
					tag, other, server.Name)
			}
			claimed[server.ID] = tag
		}
	}
	return nil
}

// candidate is a server that may get replicas in one round of choices.
type candidate struct {
	id        ServerID
	load      int       // from this table
	otherLoad int       // from other tables
	moveCost  []float64 // per shard: how much of its data the server lacks
	open      []int     // shards that the server may still get, cheapest first
}

// next returns the candidate to be served next, or nil.
func next(candidates []*candidate) *candidate {
	var best *candidate
	for _, c := range candidates {
		if len(c.open) == 0 {
			continue
		}
		if best == nil || cmp.Or(
			cmp.Compare(c.load, best.load),
			cmp.Compare(c.moveCost[c.open[0]], best.moveCost[best.open[0]]),
			cmp.Compare(c.otherLoad, best.otherLoad)) < 0 {
			best = c
		}
	}
	return best
}

// choose gives every shard n of the candidates' servers, always to the server with the least load from this table, then
// with the least data to copy, then with the least load from other tables.
func choose(candidates []*candidate, shards int, n uint64, load int, assign func(shard int, c *candidate)) {
	have := make([]uint64, shards)
	for missing := uint64(shards) * n; missing > 0; {
		c := next(candidates)
		shard := c.open[0]
		c.open = c.open[1:]
		if have[shard] < n {
			have[shard]++
			missing--
			c.load += load
			assign(shard, c)
		}
	}
}

// Place chooses servers for the shards that splits divides a table into. old is the table's present configuration, nil
// for a new table: servers that have the data already are preferred.
func (s *Snapshot) Place(p Placement, splits []string, old *TableConfig) ([]ShardConfig, error) {
	return place(s.Servers(), s.loadOfOtherTables(old), p, splits, old)
}

func place(all []Server, load map[ServerID]int, p Placement, splits []string, old *TableConfig) ([]ShardConfig, error) {
	withTag := map[string][]Server{}
	for _, server := range all {
		for tag := range p.Replicas {
			if server.HasTag(tag) {
				withTag[tag] = append(withTag[tag], server)
			}
		}
	}
	if err := p.check(withTag); err != nil {
		return nil, err
	}
	shards := make([]ShardConfig, p.Shards)
	for _, tag := range slices.Sorted(maps.Keys(p.Replicas)) {
		n, servers := p.Replicas[tag], withTag[tag]
		if n == 0 {
			continue
		}
		if uint64(len(servers)) < n {
			return nil, reql.Errorf(reql.OpFailed, "Can't put %d replicas on servers with the tag `%s` because there are "+
				"only %d servers with the tag `%s`. It's impossible to have more replicas of the data than there are servers.",
				n, tag, len(servers), tag)
		}
		candidates := make([]*candidate, len(servers))
		for i, server := range servers {
			candidates[i] = newCandidate(server.ID, p.Shards, splits, old, load[server.ID])
		}
		// All primary replicas come first, because it matters most that they end up on different servers.
		if tag == p.PrimaryTag {
			n--
			choose(candidates, p.Shards, 1, primaryLoad, func(shard int, c *candidate) {
				shards[shard].Primary = c.id
				shards[shard].Replicas = append(shards[shard].Replicas, c.id)
			})
			for _, c := range candidates {
				c.open = c.shardsWithout(shards)
			}
		}
		choose(candidates, p.Shards, n, secondaryLoad, func(shard int, c *candidate) {
			shards[shard].Replicas = append(shards[shard].Replicas, c.id)
			if slices.Contains(p.NonVotingTags, tag) {
				shards[shard].NonVoting = append(shards[shard].NonVoting, c.id)
			}
		})
	}
	for i := range shards {
		shards[i].Replicas = Descending(shards[i].Replicas)
		shards[i].NonVoting = Descending(shards[i].NonVoting)
	}
	return shards, nil
}

func newCandidate(id ServerID, shards int, splits []string, old *TableConfig, otherLoad int) *candidate {
	c := &candidate{id: id, otherLoad: otherLoad, moveCost: make([]float64, shards)}
	for shard := range shards {
		if old != nil {
			c.moveCost[shard] = moveCost(id, shardRange(splits, shard), old)
		}
		c.open = append(c.open, shard)
	}
	c.sortOpen()
	return c
}

func (c *candidate) sortOpen() {
	slices.SortStableFunc(c.open, func(a, b int) int { return cmp.Compare(c.moveCost[a], c.moveCost[b]) })
}

// shardsWithout returns the shards that the candidate's server has no replica of.
func (c *candidate) shardsWithout(shards []ShardConfig) []int {
	c.open = c.open[:0]
	for i, s := range shards {
		if !slices.Contains(s.Replicas, c.id) {
			c.open = append(c.open, i)
		}
	}
	c.sortOpen()
	return c.open
}

func (s *Snapshot) loadOfOtherTables(except *TableConfig) map[ServerID]int {
	load := map[ServerID]int{}
	for id, t := range s.tables {
		if except != nil && id == except.ID {
			continue
		}
		for _, shard := range t.Config.Shards {
			for _, server := range shard.Replicas {
				load[server] += secondaryLoad
			}
			load[shard.Primary] += primaryLoad - secondaryLoad
		}
	}
	return load
}

// keyRange is a range of encoded primary keys; an empty high end is unbounded.
type keyRange struct{ low, high string }

func (r keyRange) overlaps(o keyRange) bool {
	return (r.high == "" || o.low < r.high) && (o.high == "" || r.low < o.high)
}

func shardRange(splits []string, shard int) keyRange {
	var r keyRange
	if shard > 0 {
		r.low = splits[shard-1]
	}
	if shard < len(splits) {
		r.high = splits[shard]
	}
	return r
}

// moveCost estimates how much of the data in r a server lacks: 0 as its primary replica, 1 as a voting and 2 as a
// non-voting one, 3 without any, averaged over the present shards that r overlaps.
func moveCost(id ServerID, r keyRange, old *TableConfig) float64 {
	sum, n := 0.0, 0.0
	for i, shard := range old.Shards {
		if !shardRange(old.SplitPoints, i).overlaps(r) {
			continue
		}
		n++
		switch {
		case shard.Primary == id:
		case slices.Contains(shard.NonVoting, id):
			sum += 2
		case slices.Contains(shard.Replicas, id):
			sum++
		default:
			sum += 3
		}
	}
	if n == 0 {
		return 0
	}
	return sum / n
}
