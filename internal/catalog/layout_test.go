package catalog

import (
	"reflect"
	"slices"
	"testing"

	"rethinkdb/internal/storage"
)

// at is a shard with its primary replica on the first of some servers.
func at(servers ...ServerID) ShardConfig {
	return ShardConfig{Primary: servers[0], Replicas: Descending(servers)}
}

func TestShardsInTheSamePlacesShareAPart(t *testing.T) {
	for name, c := range map[string]struct {
		shards []ShardConfig
		parts  []int
		n      int
	}{
		"one":                       {[]ShardConfig{at("1")}, nil, 1},
		"the same for all":          {[]ShardConfig{at("1", "2"), at("1", "2"), at("1", "2")}, nil, 1},
		"other primary replica":     {[]ShardConfig{at("1", "2"), at("2", "1"), at("1", "2")}, []int{0, 1, 0}, 2},
		"other replicas":            {[]ShardConfig{at("1", "2"), at("1", "3")}, []int{0, 1}, 2},
		"one that votes less":       {[]ShardConfig{at("1", "2"), {Primary: "1", Replicas: []ServerID{"2", "1"}, NonVoting: []ServerID{"2"}}}, []int{0, 1}, 2},
		"three servers, six shards": {[]ShardConfig{at("1"), at("2"), at("3"), at("1"), at("2"), at("3")}, []int{0, 1, 2, 0, 1, 2}, 3},
	} {
		if parts, n := divide(c.shards); n != c.n || !slices.Equal(parts, c.parts) {
			t.Errorf("%s: the parts are %v of %d, not %v of %d", name, parts, n, c.parts, c.n)
		}
	}
}

func TestShardsStayInTheirGroupsIfTheyCan(t *testing.T) {
	one := Layout{Shards: []ShardConfig{at("1")}, Groups: []storage.GroupID{5}}
	three := Layout{Shards: []ShardConfig{at("1"), at("2"), at("1")}, SplitPoints: []string{"g", "p"}, Parts: []int{0, 1, 0}, Groups: []storage.GroupID{5, 6}}
	for name, c := range map[string]struct {
		layout Layout
		shards []ShardConfig
		splits []string
		parts  []int
		fits   bool
	}{
		"more shards in the same place":     {one, []ShardConfig{at("1"), at("1")}, []string{"k"}, nil, true},
		"more shards in another place":      {one, []ShardConfig{at("2", "1"), at("2", "1")}, []string{"k"}, nil, true},
		"more shards in different places":   {one, []ShardConfig{at("1"), at("2")}, []string{"k"}, nil, false},
		"a part moves":                      {three, []ShardConfig{at("1"), at("3"), at("1")}, three.SplitPoints, three.Parts, true},
		"a part is to be in two places":     {three, []ShardConfig{at("1"), at("2"), at("3")}, three.SplitPoints, nil, false},
		"parts that come to the same place": {three, []ShardConfig{at("3"), at("3"), at("3")}, three.SplitPoints, three.Parts, true},
		"a shard of two parts":              {three, []ShardConfig{at("1"), at("1")}, []string{"p"}, nil, false},
		"all in one":                        {three, []ShardConfig{at("1")}, nil, nil, false},
		"another split point":               {three, three.Shards, []string{"h", "p"}, nil, false},
		"a shard more within a part":        {three, []ShardConfig{at("1"), at("2"), at("2"), at("1")}, []string{"g", "h", "p"}, []int{0, 1, 1, 0}, true},
	} {
		parts, ok := c.layout.fits(c.shards, c.splits)
		if ok != c.fits || !slices.Equal(parts, c.parts) {
			t.Errorf("%s: %v, %v; expected %v, %v", name, parts, ok, c.parts, c.fits)
		}
	}
}

func TestShardsOfARange(t *testing.T) {
	l := Layout{SplitPoints: []string{"g", "p"}}
	for _, c := range []struct {
		r           keyRange
		first, last int
	}{
		{keyRange{"", ""}, 0, 2}, {keyRange{"", "g"}, 0, 0}, {keyRange{"", "h"}, 0, 1}, {keyRange{"g", "p"}, 1, 1}, {keyRange{"h", "i"}, 1, 1}, {keyRange{"p", ""}, 2, 2}, {keyRange{"f", ""}, 0, 2},
	} {
		if first, last := l.shardsOf(c.r); first != c.first || last != c.last {
			t.Errorf("the shards of %v are %d to %d, not %d to %d", c.r, first, last, c.first, c.last)
		}
	}
}

func TestOtherShardsBeginAMove(t *testing.T) {
	before := TableConfig{Shards: []ShardConfig{at("1")}, Groups: []storage.GroupID{5}}
	edit := func(c *TableConfig, splits []string, shards ...ShardConfig) TableConfig {
		after := c.Clone()
		after.Shards, after.SplitPoints = shards, splits
		if err := after.rearrange(c); err != nil {
			t.Fatal(err)
		}
		return after
	}
	moving := edit(&before, []string{"k"}, at("1"), at("2"))
	if m := moving.Move; m == nil || m.Number != 1 || !reflect.DeepEqual(m.From, before.Goal()) || moving.Groups != nil {
		t.Fatalf("a table that is divided has the move %+v and the groups %v", m, moving.Groups)
	}
	moving.Parts, moving.Groups = []int{0, 1}, []storage.GroupID{6, 7}
	if again := edit(&moving, []string{"k"}, at("1"), at("3")); again.Move.Number != 1 || !slices.Equal(again.Groups, moving.Groups) {
		t.Errorf("another place for a new part has begun the move %d into %v", again.Move.Number, again.Groups)
	}
	if other := edit(&moving, []string{"m"}, at("1"), at("2")); other.Move.Number != 2 || other.Groups != nil || !reflect.DeepEqual(other.Move.From, before.Goal()) {
		t.Errorf("another split point led to the move %+v into %v", other.Move, other.Groups)
	}
	if back := edit(&moving, nil, at("1")); back.Move != nil || !slices.Equal(back.Groups, before.Groups) {
		t.Errorf("a move that was called off left %+v and %v", back.Move, back.Groups)
	}
}

func TestUniqueIndexesKeepATableTogether(t *testing.T) {
	before := TableConfig{Name: "t", Shards: []ShardConfig{at("1")}, Groups: []storage.GroupID{5}, Indexes: []Index{{Name: "mail", Unique: true}}}
	after := before.Clone()
	after.Shards, after.SplitPoints = []ShardConfig{at("1"), at("2")}, []string{"k"}
	wantOpFailed(t, after.rearrange(&before), "The shards of a table with unique indexes must have the same primary replica and the same other replicas, because the values of all rows "+
		"have to be in one place. Table `t` has the unique index `mail`.")
}

func TestMovesAreRecorded(t *testing.T) {
	c := TableConfig{ID: "t", Name: "n", Database: "d", PrimaryKey: "id", Durability: Hard, WriteAcks: AckSingle,
		Shards: []ShardConfig{at("1"), at("2")}, SplitPoints: []string{"k"}, Parts: []int{1, 0}, Groups: []storage.GroupID{7, 1 << 31}, Moves: 3,
		Move: &Move{Number: 3, From: Layout{Shards: []ShardConfig{at("1")}, Groups: []storage.GroupID{4}},
			Placed: []bool{true, true}, Copier: []uint64{maxCopier - 1}, Copied: []bool{true}, Joined: []bool{false, true}, Sealed: []bool{false}}}
	got, err := decodeTable("t", encodeTable(c))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Move, c.Move) || !reflect.DeepEqual(got.Goal(), c.Goal()) || got.Moves != 3 {
		t.Errorf("a record of %+v, %+v was read as %+v, %+v", c.Goal(), c.Move, got.Goal(), got.Move)
	}
}
