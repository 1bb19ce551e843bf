package system

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

// repairTest is a table on a (this server), b and c, which are there, and x, y, z, which are lost. A shard is written "a* b c-": the primary replica has a star, one that
// does not vote a minus.
type repairTest struct {
	*world
	ids   map[string]catalog.ServerID
	names map[catalog.ServerID]string
}

func newRepairTest(t *testing.T) *repairTest {
	r := &repairTest{world: newWorld(t), ids: map[string]catalog.ServerID{}, names: map[catalog.ServerID]string{}}
	r.ids["a"] = catalog.ServerID(r.server)
	for _, name := range []string{"b", "c"} {
		r.ids[name] = r.join(name, true)
	}
	for _, name := range []string{"x", "y", "z"} {
		r.ids[name] = r.join(name, false)
	}
	for name, id := range r.ids {
		r.names[id] = name
	}
	return r
}

func (r *repairTest) shard(text string) (s catalog.ShardConfig) {
	for word := range strings.FieldsSeq(text) {
		id := r.ids[word[:1]]
		s.Replicas = append(s.Replicas, id)
		switch word[1:] {
		case "*":
			s.Primary = id
		case "-":
			s.NonVoting = append(s.NonVoting, id)
		}
	}
	s.Replicas, s.NonVoting = catalog.Descending(s.Replicas), catalog.Descending(s.NonVoting)
	return s
}

func (r *repairTest) text(s catalog.ShardConfig) string {
	var words []string
	for _, id := range s.Replicas {
		word := r.names[id]
		switch {
		case id == s.Primary:
			word += "*"
		case slices.Contains(s.NonVoting, id):
			word += "-"
		}
		words = append(words, word)
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// has is a replica whose log has so many entries, and which knows who votes.
func (r *repairTest) has(entries uint64, voters string) catalog.ReplicaState {
	var set []replication.ServerID
	for name := range strings.FieldsSeq(voters) {
		set = append(set, replication.ServerID(r.ids[name]))
	}
	return catalog.ReplicaState{Holds: true, Readable: true, End: replication.LogPosition{Term: 1, Index: entries}, Voters: [][]replication.ServerID{set}}
}

// TestRepairPlan has the cases that the reference is tested with, and what is of our own making: the replica with the longest log goes on.
func TestRepairPlan(t *testing.T) {
	r := newRepairTest(t)
	const unavailable = "One or more shards of this table have no available replicas."
	for name, test := range map[string]struct {
		shards string
		told   map[string]catalog.ReplicaState
		mode   string // unsafe_rollback if empty
		want   string // shards, first of the repair, others; or the beginning of an error
	}{
		"all is well":           {"a*", map[string]catalog.ReplicaState{"a": r.has(1, "a")}, "", "This table doesn't need to be repaired."},
		"one without a vote":    {"a* x-", map[string]catalog.ReplicaState{"a": r.has(1, "a")}, "", "This table doesn't need to be repaired."},
		"one of three":          {"a* b x", map[string]catalog.ReplicaState{"a": r.has(1, "a b x"), "b": r.has(1, "a b x")}, "", "This table doesn't need to be repaired."},
		"half":                  {"a* x", map[string]catalog.ReplicaState{"a": r.has(1, "a x")}, "", "a* x-: a"},
		"two of three":          {"a* x y", map[string]catalog.ReplicaState{"a": r.has(1, "a x y")}, "", "a* x- y-: a"},
		"all that vote":         {"x* a-", map[string]catalog.ReplicaState{"a": r.has(1, "x")}, "", "a* x-: a"},
		"the longest log":       {"a* b x y z", map[string]catalog.ReplicaState{"a": r.has(3, "a b x y z"), "b": r.has(4, "a b x y z")}, "", "a* b x- y- z-: b a"},
		"it was being moved":    {"x* y", map[string]catalog.ReplicaState{"a": r.has(3, "a x y")}, "", "a* x- y-: a"},
		"nothing is left":       {"x*", nil, "", "The server(s) hosting table `test.tbl` are currently unreachable. The table was not repaired. At least one of a table's replicas must be accessible"},
		"nothing, and erase":    {"x*", nil, repairErase, "a*: a erase"},
		"only an empty replica": {"x* b", map[string]catalog.ReplicaState{"b": {}}, "", unavailable},
		"erase where one was":   {"x* b", map[string]catalog.ReplicaState{"b": {}}, repairErase, "b*: b erase"},
		"shards become one":     {"a* x, x* a", map[string]catalog.ReplicaState{"a": r.has(1, "a x")}, "", "a* x-: a"},
		"shards that differ":    {"a* x, x* a y", map[string]catalog.ReplicaState{"a": r.has(1, "a x y")}, "", "a* x-, a* x- y-: a"},
	} {
		t.Run(name, func(t *testing.T) {
			p, table := r.plan(test.shards, test.told)
			mode := test.mode
			if mode == "" {
				mode = repairRollback
			}
			p.repair(mode == repairErase)
			if err := p.refuse(table, mode, nil); err != nil {
				if !strings.HasPrefix(err.Error(), test.want) {
					t.Errorf("%v, want %s", err, test.want)
				}
				return
			}
			if got := r.describe(p); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func (r *repairTest) plan(shards string, told map[string]catalog.ReplicaState) (*repairing, *catalog.Table) {
	snap := r.catalog.Snapshot()
	table, _ := snap.TableByID(catalog.TableID(r.tbl))
	table = &catalog.Table{Config: table.Config.Clone(), DatabaseName: "test"}
	table.Config.Shards, table.Config.SplitPoints = nil, nil
	for text := range strings.SplitSeq(shards, ",") {
		table.Config.Shards = append(table.Config.Shards, r.shard(text))
	}
	table.Config.SplitPoints = catalog.UUIDSplits(len(table.Config.Shards))
	p := &repairing{snap: snap, all: tableReports{}, config: table.Config.Clone()}
	for name, state := range told {
		p.all.add(r.ids[name], map[storage.GroupID]catalog.ReplicaState{p.config.Groups[0]: state})
	}
	return p, table
}

func (r *repairTest) describe(p *repairing) string {
	var shards []string
	for _, s := range p.config.Shards {
		shards = append(shards, r.text(s))
	}
	repair := p.config.Repair(p.config.Groups[0])
	text := strings.Join(shards, ", ") + ": " + r.names[catalog.ServerID(repair.First)]
	for _, o := range repair.Others {
		text += " " + r.names[catalog.ServerID(o)]
	}
	if repair.Erase {
		text += " erase"
	}
	if len(p.config.SplitPoints) != len(shards)-1 {
		text += fmt.Sprintf(" with %d split points", len(p.config.SplitPoints))
	}
	return text
}

// A table is repaired again only if the first repair cannot be carried out, and then in a later era.
func TestRepairAgain(t *testing.T) {
	r := newRepairTest(t)
	told := map[string]catalog.ReplicaState{"a": r.has(1, "a x y"), "b": r.has(1, "a x y")}
	p, table := r.plan("x* y a", told)
	p.config.SetRepair(catalog.GroupRepair{Group: p.config.Groups[0], Repair: replication.Repair{Era: 4, First: replication.ServerID(r.ids["a"])}})
	p.repair(false)
	if err := p.refuse(table, repairRollback, nil); err == nil {
		t.Error("a repair that is under way is begun again")
	}
	p.config.SetRepair(catalog.GroupRepair{Group: p.config.Groups[0], Repair: replication.Repair{Era: 4, First: replication.ServerID(r.ids["z"])}})
	p.repair(false)
	if err := p.refuse(table, repairRollback, nil); err != nil {
		t.Error(err)
	}
	if got := p.config.Repair(p.config.Groups[0]); got.Era != 5 {
		t.Errorf("the next repair is %+v", got)
	}
}

// Who is there and does not answer may have what nobody else has.
func TestRepairWaitsForTheSilent(t *testing.T) {
	r := newRepairTest(t)
	p, table := r.plan("x* b", nil)
	p.repair(true)
	err := p.refuse(table, repairErase, []catalog.ServerID{r.ids["b"], r.ids["c"]})
	if want := "The server `b` is connected but does not answer"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	if err := p.refuse(table, repairErase, []catalog.ServerID{r.ids["c"]}); err != nil {
		t.Errorf("a server that has nothing to do with it: %v", err)
	}
}
