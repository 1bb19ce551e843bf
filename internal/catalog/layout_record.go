package catalog

import (
	"fmt"
	"slices"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// encodeLayout makes the fields of a record that say how a table is divided.
func encodeLayout(l *Layout) []datum.Field {
	shards := make([]datum.Value, len(l.Shards))
	for i, s := range l.Shards {
		shards[i] = datum.Object([]datum.Field{
			{Key: "primary", Val: datum.String(string(s.Primary))},
			{Key: "replicas", Val: stringArray(s.Replicas)},
			{Key: "nonvoting", Val: stringArray(s.NonVoting)},
		})
	}
	return append(encodeDivision(l.division()), datum.Field{Key: "shards", Val: datum.Array(shards)})
}

func encodeMove(m *Move) datum.Value {
	if m == nil {
		return datum.Null
	}
	return datum.Object(append([]datum.Field{
		{Key: "number", Val: datum.Int(int64(m.Number))},
		{Key: "placed", Val: boolArray(m.Placed)},
		{Key: "copier", Val: numberArray(m.Copier)},
		{Key: "copied", Val: boolArray(m.Copied)},
		{Key: "joined", Val: boolArray(m.Joined)},
		{Key: "sealed", Val: boolArray(m.Sealed)},
	}, encodeLayout(&m.From)...))
}

func numberArray[N ~int | ~uint32 | ~uint64](in []N) datum.Value {
	out := make([]datum.Value, len(in))
	for i, n := range in {
		out[i] = datum.Int(int64(n))
	}
	return datum.Array(out)
}

func boolArray(in []bool) datum.Value {
	out := make([]datum.Value, len(in))
	for i, b := range in {
		out[i] = datum.Bool(b)
	}
	return datum.Array(out)
}

// layout reads how a table is divided. Before version 6 all shards are in one group.
func (r *record) layout() (l Layout) {
	l.SplitPoints = recordStrings[string](r, "split_points")
	shards := r.field("shards", datum.KindArray)
	for i := 0; r.err == nil && i < shards.Len(); i++ {
		s := &record{key: fmt.Sprintf("%s (shard %d)", r.key, i), val: shards.At(i)}
		if s.val.Kind() != datum.KindObject {
			r.fail("has a shard of the wrong type %s", s.val.TypeName())
			break
		}
		l.Shards = append(l.Shards, ShardConfig{
			Primary:   ServerID(s.string("primary")),
			Replicas:  recordStrings[ServerID](s, "replicas"),
			NonVoting: recordStrings[ServerID](s, "nonvoting"),
		})
		r.err = s.err
	}
	if r.err == nil && (len(l.Shards) == 0 || len(l.SplitPoints) != len(l.Shards)-1) {
		r.fail("has %d shards and %d split points", len(l.Shards), len(l.SplitPoints))
	}
	l.Groups = recordNumbers[storage.GroupID](r, "groups")
	if _, ok := r.val.Get("parts"); ok && r.err == nil {
		l.Parts = recordNumbers[int](r, "parts")
	}
	l.Starts = r.starts(len(l.Groups))
	r.checkParts(&l)
	return l
}

// checkParts makes sure that each shard has a part and each part a shard, unless there are no groups yet.
func (r *record) checkParts(l *Layout) {
	if r.err != nil {
		return
	}
	if l.Parts == nil {
		if len(l.Groups) > 1 {
			r.fail("has %d groups and no parts", len(l.Groups))
		}
		return
	}
	used := make([]bool, len(l.Groups))
	for _, p := range l.Parts {
		if p < 0 || p >= len(used) {
			r.fail("has the impossible part %d", p)
			return
		}
		used[p] = true
	}
	for p, is := range used {
		if !is {
			r.fail("has no shard of part %d", p)
		}
	}
	if len(l.Parts) != len(l.Shards) {
		r.fail("has %d shards and parts of %d", len(l.Shards), len(l.Parts))
	}
}

// move reads the move of a table. Records before version 6 have none.
func (r *record) move(c *TableConfig) {
	v, ok := r.val.Get("move")
	if r.err != nil || !ok {
		return
	}
	if moves := r.int("moves"); moves >= 0 {
		c.Moves = uint64(moves)
	}
	if v.Kind() == datum.KindNull {
		return
	}
	if v.Kind() != datum.KindObject {
		r.fail("has a move of the wrong type %s", v.TypeName())
		return
	}
	x := &record{key: r.key + " (move)", val: v, err: r.err}
	m := &Move{Number: uint64(x.int("number")), From: x.layout(),
		Placed: recordBools(x, "placed"), Copier: recordNumbers[uint64](x, "copier"), Copied: recordBools(x, "copied"), Sealed: recordBools(x, "sealed")}
	if _, ok := v.Get("joined"); ok {
		m.Joined = recordBools(x, "joined")
	} else { // the record is of an older program, which begins with all replicas
		m.Joined = slices.Repeat([]bool{true}, len(m.Placed))
	}
	from := len(m.From.Groups)
	if len(c.Groups) == 0 {
		from = 0 // nobody has begun
	}
	if x.err == nil && (len(m.From.Groups) == 0 || len(m.Placed) != len(c.Groups) || len(m.Joined) != len(c.Groups) || len(m.Copier) != from || len(m.Copied) != from || len(m.Sealed) != from) {
		x.fail("does not belong to %d groups that become %d", len(m.From.Groups), len(c.Groups))
	}
	c.Move, r.err = m, x.err
}

// recordNumbers reads an array of numbers that are not negative.
func recordNumbers[N ~int | ~uint32 | ~uint64](r *record, name string) []N {
	v := r.field(name, datum.KindArray)
	if r.err != nil || v.Len() == 0 {
		return nil
	}
	out := make([]N, v.Len())
	for i := range out {
		n, err := v.At(i).Int64()
		if err != nil || n < 0 || n != int64(N(n)) {
			r.fail("has a field %q with the impossible number %s", name, v.At(i).Print())
			return nil
		}
		out[i] = N(n)
	}
	return out
}

func recordBools(r *record, name string) []bool {
	v := r.field(name, datum.KindArray)
	if r.err != nil || v.Len() == 0 {
		return nil
	}
	out := make([]bool, v.Len())
	for i := range out {
		if v.At(i).Kind() != datum.KindBool {
			r.fail("has a field %q with an element of the wrong type %s", name, v.At(i).TypeName())
			return nil
		}
		out[i] = v.At(i).Truthy()
	}
	return out
}
