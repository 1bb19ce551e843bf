package shard

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
)

// uniqueOn is a unique index on a field.
func uniqueOn(number uint32, field string) IndexConfig {
	return IndexConfig{Number: number, Unique: true, Function: byField(field), Name: func() string { return field }, Ready: true}
}

// uniqueMulti is a unique multi index on a field.
func uniqueMulti(number uint32, field string) IndexConfig {
	c := uniqueOn(number, field)
	c.Multi = true
	return c
}

// change is what a request does to a row: an absent row removes it.
type change struct {
	id  string
	row datum.Value
}

// set makes a row: `a n=1 m=1,2`. A row without fields is deleted.
func set(text string) change {
	words := strings.Fields(text)
	c := change{id: words[0]}
	if len(words) == 1 {
		return c
	}
	fields := []datum.Field{{Key: "id", Val: datum.String(c.id)}}
	for _, w := range words[1:] {
		name, values, _ := strings.Cut(w, "=")
		var list []datum.Value
		for _, v := range strings.Split(values, ",") {
			list = append(list, datum.String(v))
		}
		v := datum.Array(list)
		if len(list) == 1 {
			v = list[0]
		}
		fields = append(fields, datum.Field{Key: name, Val: v})
	}
	c.row = datum.Object(fields)
	return c
}

func apply(t testing.TB, s *Shard, durable bool, changes ...change) []Result {
	t.Helper()
	r := Request{Results: make([]Result, len(changes)), Durable: durable,
		Update: func(i int, _ datum.Value) (datum.Value, error) { return changes[i].row, nil }}
	for _, c := range changes {
		key := datum.String(c.id)
		encoded, err := datum.PrimaryKey(key)
		if err != nil {
			t.Fatal(err)
		}
		r.Values, r.Keys = append(r.Values, key), append(r.Keys, encoded)
	}
	if err := s.Write(context.Background(), &r); err != nil {
		t.Error(err)
	}
	return r.Results
}

// What one request after the other does, each with its rows separated by ";". A row that has to be refused has the row that
// is in its way after "!".
func TestUnique(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name     string
		requests []string
	}{
		{"another row has the value", []string{"a n=1", "b n=1 ! a n=1", "b n=2", "b n=1 ! a n=1"}},
		{"the row itself has the value", []string{"a n=1 x=1", "a n=1 x=2", "a n=1 x=2"}},
		{"a value that was given up", []string{"a n=1", "a n=2", "b n=1", "b", "c n=1"}},
		{"rows without a value", []string{"a x=1; b x=1", "c x=1"}},
		{"two new rows in one request", []string{"a n=1; b n=1 ! a n=1; c n=2"}},
		{"an exchange", []string{"a n=1; b n=2", "a n=2; b n=1"}},
		{"a rotation", []string{"a n=1; b n=2; c n=3", "a n=2; b n=3; c n=1"}},
		{"everything moves up", []string{"a n=1; b n=2; c n=3", "a n=2; b n=3; c n=4"}},
		{"the value of a row that is deleted in the same request", []string{"a n=1", "b n=1; a"}},
		{"rows that count on one that is refused", []string{"a n=1; b n=2; c n=3", "a n=2 ! b n=2; b n=3 ! c n=3"}},
		{"an exchange of which one half is refused", []string{"a n=1 m=1; b n=2; c m=9", "a n=2 m=9 ! c m=9; b n=1 ! a n=1 m=1"}},
		{"a winner that is refused", []string{"z m=9", "a n=1 m=9 ! z m=9; b n=1"}},
		{"a winner that is refused later", []string{"q n=5", "a n=5 m=1 ! q n=5; b m=1; c n=6; q n=6 ! c n=6"}},
		{"the winner of two gives room to a third", []string{"p m=1", "a m=2; p m=2 ! a m=2; b m=1 ! p m=1"}},
		{"elements of an array", []string{"a m=1,2,2", "b m=3,2 ! a m=1,2,2", "b m=3,4", "a m=1,3 ! b m=3,4", "a m=1", "b m=2,3"}},
		{"two indexes", []string{"a n=1 m=1", "b n=2 m=1 ! a n=1 m=1", "b n=1 m=2 ! a n=1 m=1"}},
		{"long values", []string{"a n=" + long + "1", "b n=" + long + "2", "c n=" + long + "1 ! a n=" + long + "1", "a n=" + long + "3; c n=" + long + "1"}},
		{"long elements", []string{"a m=" + long + "1," + long + "2", "b m=" + long + "3," + long + "2 ! a m=" + long + "1," + long + "2", "b m=" + long + "3"}},
		{"a row several times", []string{"a n=1", "b n=1 ! a n=1; b n=2; b n=3; c n=2"}},
		{"a row that gives up what it has got in the same request", []string{"b n=1; b n=2; c n=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, _ := newTestShard(t)
			addIndex(t, s, uniqueOn(1, "n"))
			addIndex(t, s, uniqueMulti(2, "m"))
			for _, request := range c.requests {
				var changes []change
				var holders []datum.Value
				for _, one := range strings.Split(request, ";") {
					row, holder, refused := strings.Cut(one, "!")
					changes = append(changes, set(row))
					holders = append(holders, datum.Value{})
					if refused {
						holders[len(holders)-1] = set(holder).row
					}
				}
				for i, res := range apply(t, s, false, changes...) {
					checkResult(t, request, changes[i], holders[i], res)
				}
			}
		})
	}
}

func checkResult(t *testing.T, request string, c change, holder datum.Value, res Result) {
	t.Helper()
	var dup *DuplicateError
	switch {
	case holder.IsAbsent() && res.Err != nil:
		t.Errorf("%.80s: row %s has the error %.200s", request, c.id, res.Err)
	case holder.IsAbsent():
	case !errors.As(res.Err, &dup):
		t.Errorf("%.80s: row %s was not refused: %v", request, c.id, res.Err)
	case !datum.Equal(dup.Holder, holder) || !datum.Equal(dup.Row, c.row) || res.Changed:
		t.Errorf("%.80s: row %s: %.400s", request, c.id, res.Err)
	}
}

func TestDuplicateErrorText(t *testing.T) {
	s, _, _ := newTestShard(t)
	addIndex(t, s, uniqueOn(1, "n"))
	apply(t, s, false, set("a n=1"))
	got := apply(t, s, false, set("b n=1"))[0].Err.Error()
	const want = "Duplicate value of unique index `n`:\n{\n\t\"id\":\t\"a\",\n\t\"n\":\t\"1\"\n}\n{\n\t\"id\":\t\"b\",\n\t\"n\":\t\"1\"\n}"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// valuesOfRow returns the values of a row in the indexes of these tests, with the name of the index before each.
func valuesOfRow(row datum.Value) []string {
	var out []string
	for _, name := range []string{"n", "m"} {
		v, ok := row.Get(name)
		switch {
		case !ok:
		case name == "m" && v.Kind() == datum.KindArray:
			for i := range v.Len() {
				out = append(out, name+v.At(i).AsString())
			}
		default:
			out = append(out, name+v.Print())
		}
	}
	return out
}

// holders returns who has each value, and fails when somebody else has it, too.
func holders(t testing.TB, rows map[string]datum.Value) map[string]string {
	t.Helper()
	by := map[string]string{}
	for id, row := range rows {
		for _, v := range valuesOfRow(row) {
			if other, ok := by[v]; ok && other != id {
				t.Errorf("rows %s and %s have the value %.60s", other, id, v)
			}
			by[v] = id
		}
	}
	return by
}

// allRows reads the shard.
func allRows(t testing.TB, s *Shard) map[string]datum.Value {
	t.Helper()
	out := map[string]datum.Value{}
	rows := s.Scan(ScanOptions{})
	for {
		row, ok, err := rows.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		id, _ := row.Get("id")
		out[id.AsString()] = row
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

// randomChange makes rows that often collide, with short and long values, with several values, or with none.
func randomChange(r *rand.Rand, ids, values int) change {
	c := change{id: fmt.Sprint(r.IntN(ids))}
	if r.IntN(6) == 0 {
		return c
	}
	value := func() datum.Value {
		v := fmt.Sprint(r.IntN(values))
		if r.IntN(4) == 0 {
			v = strings.Repeat("y", 4200) + v
		}
		return datum.String(v)
	}
	fields := []datum.Field{{Key: "id", Val: datum.String(c.id)}, {Key: "x", Val: datum.Int(r.Int64N(1000))}}
	if r.IntN(4) > 0 {
		fields = append(fields, datum.Field{Key: "n", Val: value()})
	}
	if r.IntN(2) == 0 {
		var m []datum.Value
		for range r.IntN(4) {
			m = append(m, value())
		}
		fields = append(fields, datum.Field{Key: "m", Val: datum.Array(m)})
	}
	c.row = datum.Object(fields)
	return c
}

// Random requests: what is refused has a reason, what is not was done, and nothing is refused when everything could be done.
func TestUniqueAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		s, store, _ := newTestShard(t)
		n := addIndex(t, s, uniqueOn(1, "n"))
		m := addIndex(t, s, uniqueMulti(2, "m"))
		r := rand.New(rand.NewPCG(seed, 1))
		model := map[string]datum.Value{}
		for round := range 120 {
			var changes []change
			for range 1 + r.IntN(8) {
				c := randomChange(r, 12, 16)
				if r.IntN(10) > 0 && slices.ContainsFunc(changes, func(d change) bool { return d.id == c.id }) {
					continue
				}
				changes = append(changes, c)
			}
			results := apply(t, s, false, changes...)
			checkRound(t, model, changes, results)
			if t.Failed() {
				t.Fatalf("seed %d, round %d", seed, round)
			}
		}
		got := allRows(t, s)
		if len(got) != len(model) {
			t.Errorf("%d rows, want %d", len(got), len(model))
		}
		for id, row := range model {
			if !datum.Equal(got[id], row) {
				t.Errorf("row %s: %.100s, want %.100s", id, got[id].PrintCompact(), row.PrintCompact())
			}
		}
		for _, x := range []*Index{n, m} {
			if got, want := dump(t, store, x.config.Number), expected(t, s, x); got != want {
				t.Errorf("entries %s, want %s", got, want)
			}
		}
	}
}

// checkRound checks the results of one request and makes its changes to the model.
func checkRound(t *testing.T, model map[string]datum.Value, changes []change, results []Result) {
	t.Helper()
	ids := map[string]bool{}
	possible := true // with all changes made
	all := map[string]string{}
	after := map[string]datum.Value{}
	for id, row := range model {
		after[id] = row
	}
	for i, c := range changes {
		ids[c.id] = true
		put(after, c)
		if results[i].Err == nil {
			put(model, c)
		}
	}
	for id, row := range after {
		for _, v := range valuesOfRow(row) {
			if other, ok := all[v]; ok && other != id {
				possible = false
			}
			all[v] = id
		}
	}
	by := holders(t, model)
	for i, res := range results {
		if res.Err == nil {
			continue
		}
		var dup *DuplicateError
		if !errors.As(res.Err, &dup) {
			t.Error(res.Err)
			continue
		}
		if len(ids) < len(changes) {
			continue // reasons may be gone when a row comes again
		}
		if possible {
			t.Errorf("row %s was refused without need: %.300s", changes[i].id, res.Err)
		}
		if !datum.Equal(dup.Row, changes[i].row) {
			t.Errorf("row %s was refused as %.100s", changes[i].id, dup.Row.PrintCompact())
		}
		holder, _ := dup.Holder.Get("id")
		if !slices.ContainsFunc(valuesOfRow(changes[i].row), func(v string) bool {
			return by[v] == holder.AsString() && by[v] != changes[i].id && slices.Contains(valuesOfRow(dup.Holder), v)
		}) {
			t.Errorf("row %s was refused for no reason: %.300s", changes[i].id, res.Err)
		}
	}
}

func put(rows map[string]datum.Value, c change) {
	if c.row.IsAbsent() {
		delete(rows, c.id)
		return
	}
	rows[c.id] = c.row
}

// Many writers, few values: each value has one row at any time, also when it comes back after a crash. Writers and readers agree on
// who it is.
func TestUniqueUnderConcurrency(t *testing.T) {
	s, _, mem := newTestShard(t)
	addIndex(t, s, uniqueOn(1, "n"))
	addIndex(t, s, uniqueMulti(2, "m"))
	var crashed []*storage.MemFS
	var mu sync.Mutex
	var wg sync.WaitGroup
	var refused, done atomic.Int64
	for w := range 8 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 9))
			for i := range 60 {
				var changes []change
				for range 1 + r.IntN(6) {
					changes = append(changes, randomChange(r, 40, 30))
				}
				for _, res := range apply(t, s, i%4 == 0, changes...) {
					if res.Err != nil {
						refused.Add(1)
					} else {
						done.Add(1)
					}
				}
				if i == 10*w && w%2 == 0 {
					mu.Lock()
					crashed = append(crashed, mem.Crash())
					mu.Unlock()
				}
			}
		})
	}
	for range 50 {
		holders(t, allRows(t, s))
	}
	wg.Wait()
	holders(t, allRows(t, s))
	if refused.Load() == 0 || done.Load() == 0 {
		t.Errorf("%d rows were refused, %d were not", refused.Load(), done.Load())
	}
	for _, fs := range crashed {
		again, err := Open(openMem(t, fs), s.config)
		if err != nil {
			t.Fatal(err)
		}
		holders(t, allRows(t, again))
		addIndex(t, again, uniqueOn(1, "n"))
		for id, row := range allRows(t, again) {
			n, ok := row.Get("n")
			if !ok {
				continue
			}
			res := apply(t, again, false, change{"new", datum.Object([]datum.Field{{Key: "id", Val: datum.String("new")}, {Key: "n", Val: n}})})[0]
			var dup *DuplicateError
			if !errors.As(res.Err, &dup) {
				t.Errorf("after a crash the value of row %s was given away: %v", id, res.Err)
			}
		}
	}
}

// Of many inserts of one value at the same time, under different keys, exactly one succeeds.
func TestUniqueRace(t *testing.T) {
	s, _, _ := newTestShard(t)
	addIndex(t, s, uniqueOn(1, "n"))
	for round := range 100 {
		var wg sync.WaitGroup
		var winners atomic.Int64
		for w := range 8 {
			wg.Go(func() {
				c := set(fmt.Sprintf("%d-%d n=%d", round, w, round))
				if apply(t, s, false, c)[0].Err == nil {
					winners.Add(1)
				}
			})
		}
		wg.Wait()
		if winners.Load() != 1 {
			t.Fatalf("round %d has %d winners", round, winners.Load())
		}
	}
}

// Writers that exchange values with each other in both directions neither wait for ever nor lose a value.
func TestUniqueExchanges(t *testing.T) {
	s, _, _ := newTestShard(t)
	addIndex(t, s, uniqueOn(1, "n"))
	const rows = 10
	for i := range rows {
		apply(t, s, false, set(fmt.Sprintf("%d n=%d", i, i)))
	}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 4))
			for range 200 {
				exchange(t, s, r.IntN(rows), r.IntN(rows))
			}
		})
	}
	wg.Wait()
	if n := len(holders(t, allRows(t, s))); n != rows {
		t.Errorf("%d values, want %d", n, rows)
	}
}

// exchange gives two rows each other's value. Update sees the rows one after the other, so the values are read before; when
// they have changed meanwhile nothing is done.
func exchange(t *testing.T, s *Shard, a, b int) {
	if a == b {
		return
	}
	ids := []string{fmt.Sprint(a), fmt.Sprint(b)}
	var read [2]datum.Value
	r := Request{Results: make([]Result, 2)}
	for i, id := range ids {
		row, err := s.Get(keyOf(t, id))
		if err != nil {
			t.Error(err)
			return
		}
		read[i] = row
		r.Values, r.Keys = append(r.Values, datum.String(id)), append(r.Keys, keyOf(t, id))
	}
	r.Update = func(i int, old datum.Value) (datum.Value, error) {
		n, _ := read[1-i].Get("n")
		if !datum.Equal(old, read[i]) {
			return old, nil
		}
		return old.WithField("n", n), nil
	}
	if err := s.Write(context.Background(), &r); err != nil {
		t.Error(err)
	}
}

// A build finds the two rows, and names them.
func TestBuildOfWhatIsNotUnique(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name, rows    string
		first, second string
	}{
		{"one value", "a n=1; b n=2; c n=1", "a", "c"},
		{"elements", "a m=1,2; b m=3; c m=4,2,2", "a", "c"},
		{"long values", "a n=" + long + "1; b n=" + long + "2; c n=3; d n=" + long + "1", "a", "d"},
		{"long elements", "a m=" + long + "1," + long + "2; b m=" + long + "3; c m=" + long + "4," + long + "1", "a", "c"},
		{"nothing", "a n=1 m=1,1; b n=2 m=2," + long + "1," + long + "2; c n=" + long + "1; d n=" + long + "2; e x=1; f x=1", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _, _ := newTestShard(t)
			for _, row := range strings.Split(c.rows, ";") {
				apply(t, s, false, set(row))
			}
			var first, second string
			for i, config := range []IndexConfig{uniqueOn(1, "n"), uniqueMulti(2, "m")} {
				config.Ready = false
				err := addIndex(t, s, config).Build(t.Context(), 2)
				var dup *NotUniqueError
				if errors.As(err, &dup) {
					first, second = dup.First.AsString(), dup.Second.AsString()
				} else if err != nil {
					t.Errorf("index %d: %v", i, err)
				}
			}
			if first != c.first || second != c.second {
				t.Errorf("rows %q and %q, want %q and %q", first, second, c.first, c.second)
			}
		})
	}
}

// While an index is built rows come and go, some with values that others have: in the end either the build has found two, or
// there are none, and from then on there come none.
func TestUniqueBuildWhileRowsChange(t *testing.T) {
	failed, built := 0, 0
	for seed := range uint64(8) {
		s, _, _ := newTestShard(t)
		r := rand.New(rand.NewPCG(seed, 2))
		for i := range 400 {
			write(t, s, fmt.Sprint(i), rowOf(fmt.Sprint(i), i))
		}
		// A third of the builds begins with a duplicate; a writer may remove it in time.
		if seed%3 == 0 {
			write(t, s, "400", rowOf("400", r.IntN(400)))
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(w)))
				for ctx.Err() == nil {
					id := fmt.Sprint(r.IntN(420))
					c := change{id: id, row: rowOf(id, r.IntN(100_000))}
					if r.IntN(40) == 0 {
						c.row = rowOf(id, r.IntN(400))
					}
					if r.IntN(3) == 0 {
						c.row = datum.Value{}
					}
					apply(t, s, false, c)
				}
			})
		}
		config := uniqueOn(1, "n")
		config.Ready = false
		x := addIndex(t, s, config)
		err := x.Build(t.Context(), 2)
		var dup *NotUniqueError
		switch {
		case errors.As(err, &dup):
			failed++
		case err != nil:
			t.Error(err)
		default:
			built++
			for range 5 {
				holders(t, allRows(t, s))
			}
		}
		stop()
		wg.Wait()
		if err == nil {
			holders(t, allRows(t, s))
		}
	}
	t.Logf("%d builds, %d failures", built, failed)
	if built == 0 {
		t.Error("no build succeeded")
	}
}

// A request that is cut into parts for its repeated keys says so when one of them cannot be written.
func TestPartlyWritten(t *testing.T) {
	s, _, _ := newTestShard(t)
	addIndex(t, s, uniqueOn(1, "n"))
	ctx, cancel := context.WithCancel(t.Context())
	key := keyOf(t, "a")
	held := s.latches.hashValue(cutKey(append(slices.Clone(s.indexes.Load().unique[0].prefix), mustKey(t, datum.Int(2))...)))
	if err := s.latches.acquire(ctx, held); err != nil {
		t.Fatal(err)
	}
	defer s.latches.release(held)
	r := Request{Values: []datum.Value{datum.String("a"), datum.String("a")}, Keys: [][]byte{key, key}, Results: make([]Result, 2),
		Update: func(i int, _ datum.Value) (datum.Value, error) {
			if i == 1 {
				cancel()
			}
			return rowOf("a", i+1), nil
		}}
	if err := s.Write(ctx, &r); !errors.Is(err, ErrPartlyWritten) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want ErrPartlyWritten", err)
	}
	if row, err := s.Get(key); err != nil || !datum.Equal(row, rowOf("a", 1)) {
		t.Errorf("row %s, %v", row.PrintCompact(), err)
	}
}

func mustKey(t *testing.T, v datum.Value) []byte {
	t.Helper()
	key, err := datum.AppendKey(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
