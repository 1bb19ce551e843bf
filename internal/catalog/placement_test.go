package catalog

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"rethinkdb/internal/datum"
)

func TestPlacementIsRefused(t *testing.T) {
	servers := []Server{
		{ID: "1", Name: "one", Tags: []string{"default", "ssd"}},
		{ID: "2", Name: "two", Tags: []string{"default"}},
	}
	tooMany := "Can't put 3 replicas on servers with the tag `default` because there are only 2 servers with the tag `default`. " +
		"It's impossible to have more replicas of the data than there are servers."
	for name, c := range map[string]struct {
		edit func(*Placement)
		want string
	}{
		"no shards":   {func(p *Placement) { p.Shards = 0 }, "Every table must have at least one shard."},
		"65 shards":   {func(p *Placement) { p.Shards = 65 }, "Maximum number of shards is 64."},
		"3 replicas":  {func(p *Placement) { p.Replicas["default"] = 3 }, tooMany},
		"-1 replicas": {func(p *Placement) { p.Replicas["default"] = ^uint64(0) }, "Can't put 18446744073709551615 replicas on servers with the tag `default` because there are only 2 servers with the tag `default`. It's impossible to have more replicas of the data than there are servers."},
		"unknown tag": {func(p *Placement) { p.Replicas, p.PrimaryTag = map[string]uint64{"x": 1}, "x" }, "Could not find any servers with server tag `x`."},
		"no replicas": {func(p *Placement) { p.Replicas["default"] = 0 }, "You must set `replicas` to at least one. `replicas` includes the primary replica; if there are zero replicas, there is nowhere to put the data."},
		"primary tag": {func(p *Placement) { p.PrimaryTag = "ssd" }, "Can't use server tag `ssd` for primary replicas because you specified no replicas in server tag `ssd`."},
		"nonvoting":   {func(p *Placement) { p.NonVotingTags = []string{"x"} }, "You specified that the replicas in server tag `x` should be non-voting, but you didn't specify a number of replicas in server tag `x`."},
		"overlapping": {func(p *Placement) { p.Replicas["ssd"] = 1 }, "Server tags `ssd` and `default` overlap; the server `one` has both tags. The server tags used for replication settings for a given table must be non-overlapping."},
	} {
		t.Run(name, func(t *testing.T) {
			p := DefaultPlacement()
			c.edit(&p)
			_, err := place(servers, nil, p, UUIDSplits(max(p.Shards, 1)), nil)
			wantOpFailed(t, err, c.want)
		})
	}
}

func TestPlacementSpreadsReplicas(t *testing.T) {
	servers := []Server{{ID: "1", Tags: []string{"default"}}, {ID: "2", Tags: []string{"default"}}, {ID: "3", Tags: []string{"default"}}}
	p := DefaultPlacement()
	p.Shards, p.Replicas["default"] = 3, 2
	shards, err := place(servers, nil, p, UUIDSplits(3), nil)
	if err != nil {
		t.Fatal(err)
	}
	primaries, replicas := map[ServerID]int{}, map[ServerID]int{}
	for _, s := range shards {
		primaries[s.Primary]++
		if len(s.Replicas) != 2 || s.Replicas[0] <= s.Replicas[1] || !slices.Contains(s.Replicas, s.Primary) {
			t.Errorf("a shard has primary %s and replicas %v", s.Primary, s.Replicas)
		}
		for _, id := range s.Replicas {
			replicas[id]++
		}
	}
	if len(primaries) != 3 {
		t.Errorf("three shards have their primaries on %v", primaries)
	}
	if len(replicas) != 3 {
		t.Errorf("six replicas are on %v", replicas)
	}
}

func TestPlacementStaysWhereTheDataIs(t *testing.T) {
	servers := []Server{{ID: "1", Tags: []string{"default"}}, {ID: "2", Tags: []string{"default"}}}
	old := &TableConfig{Shards: []ShardConfig{{Primary: "2", Replicas: []ServerID{"2"}}}}
	shards, err := place(servers, map[ServerID]int{"2": 100}, DefaultPlacement(), nil, old)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(shards, []ShardConfig{{Primary: "2", Replicas: []ServerID{"2"}}}) {
		t.Errorf("the table moved: %+v", shards)
	}
	if shards, _ = place(servers, map[ServerID]int{"1": 1}, DefaultPlacement(), nil, nil); shards[0].Primary != "2" {
		t.Errorf("a new table goes to the server with more load: %+v", shards)
	}
}

func TestSplits(t *testing.T) {
	for n := 1; n <= MaxShards; n++ {
		splits := UUIDSplits(n)
		if len(splits) != n-1 || !slices.IsSorted(splits) || len(slices.Compact(slices.Clone(splits))) != n-1 {
			t.Fatalf("%d shards get the split points %q", n, splits)
		}
	}
	five := []string{"b", "c", "d", "e"} // of five shards
	for n, want := range map[int][]string{1: {}, 2: {"c"}, 3: {"b", "d"}, 4: {"b", "c", "d"}} {
		if got := FewerSplits(five, n); !slices.Equal(got, want) {
			t.Errorf("%d of 5 shards get %q, want %q", n, got, want)
		}
	}
	if got := UUIDSplits(2)[0]; got != SplitKey(datum.String("7fffffff-ffff-ffff-0000-000000000000")) {
		t.Errorf("the middle of the UUIDs is %q", got)
	}
}

func TestNames(t *testing.T) {
	for _, s := range []string{"a", "A-b_9", "-", "_x", "0123456789"} {
		if !ValidName(s) {
			t.Errorf("%q is refused", s)
		}
	}
	for _, s := range []string{"", "a b", "é", "a.b", "a\x00", "`"} {
		if ValidName(s) {
			t.Errorf("%q is accepted", s)
		}
	}
	id := NewUUID()
	for s, ok := range map[string]bool{
		id: true, "B99B9572-8E53-5FEF-9A2B-5E6ABA3EDF1C": true, "x": false, "": false, "{" + id + "}": false,
		"urn:uuid:" + id: false, fmt.Sprintf("%032x", 7): false, "b99b9572+8e53-5fef-9a2b-5e6aba3edf1c": false,
	} {
		if _, got := ParseUUID(s); got != ok {
			t.Errorf("ParseUUID(%q) says %v", s, got)
		}
	}
}
