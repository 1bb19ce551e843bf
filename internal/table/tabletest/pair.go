// Package tabletest compares tables of several parts with such of one, for tests of what may be between the two.
package tabletest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// Pair is a table with several parts and one with a single part, with the same rows and indexes.
type Pair struct {
	t       testing.TB
	store   *storage.Store
	r       *rand.Rand
	real    *table.Table // that has the several parts
	several *table.Table // that, or what reaches it
	single  *table.Table
	indexes []indexPair

	next storage.GroupID
	view View
}

// View gives a table that has parts of another one, with which it is compared in place of that: perhaps it reaches some from elsewhere. It is asked once, and
// Moved is called when the parts are others.
type View interface {
	Open(real *table.Table) (*table.Table, error)
	Moved(view, real *table.Table) error
}

type indexPair struct {
	name                  string
	config                table.IndexConfig
	real, several, single *table.Index
}

// New makes the two tables, with keys and shards as chance has them. view may be nil.
func New(t testing.TB, r *rand.Rand, view View) *Pair {
	t.Helper()
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	p := &Pair{t: t, r: r, store: store, view: view}
	p.single = p.create(table.Config{ID: "single", PrimaryKey: "id", Groups: []storage.GroupID{p.group()}})
	p.real = p.create(p.layout())
	p.several = p.real
	for i, c := range configs() {
		c.Number, c.Ready = uint32(i+1), true
		p.addIndex(c)
	}
	if view == nil {
		return p
	}
	if p.several, err = view.Open(p.real); err != nil {
		t.Fatal(err)
	}
	for i := range p.indexes {
		p.indexes[i].several = p.indexes[i].real.Only(p.several)
	}
	return p
}

func (p *Pair) group() storage.GroupID {
	p.next++
	return p.next
}

func (p *Pair) addIndex(c table.IndexConfig) {
	p.t.Helper()
	several, err := p.real.AddIndex(p.t.Context(), c)
	if err != nil {
		p.t.Fatal(err)
	}
	single, err := p.single.AddIndex(p.t.Context(), c)
	if err != nil {
		p.t.Fatal(err)
	}
	p.indexes = append(p.indexes, indexPair{fmt.Sprintf("index %d", c.Number), c, several, several, single})
}

// configs are indexes of all kinds.
func configs() []table.IndexConfig {
	return []table.IndexConfig{
		{Function: field("a")},
		{Function: field("long")},
		{Function: field("many"), Multi: true},
		{Function: field("longs"), Multi: true},
		{Function: func(row datum.Value) (datum.Value, bool) {
			a, ok := row.Get("a")
			l, ok2 := row.Get("long")
			return datum.Array([]datum.Value{a, l}), ok && ok2
		}},
		{Function: field("when")},
		{Function: field("many"), Multi: true, Geo: true, Cells: func(v datum.Value, add func([]byte)) error {
			add([]byte{'c', byte(v.AsNumber())})
			add([]byte{'d', byte(v.AsNumber()) / 2})
			return nil
		}},
	}
}

func field(name string) table.IndexFunction {
	return func(row datum.Value) (datum.Value, bool) { return row.Get(name) }
}

// Check writes rows, and compares everything that can be read, again and again. The table with several parts gets other ones in the middle of scans.
func (p *Pair) Check() {
	p.t.Helper()
	for range 6 {
		p.write(60)
		p.write(1)
		for range 12 {
			p.compare(nil)
		}
		p.compare(p.Move)
		p.compare(p.Move)
	}
}

// layout chooses groups, and which of them has the keys between which others.
func (p *Pair) layout() table.Config {
	c := table.Config{ID: "several", PrimaryKey: "id"}
	for range 1 + p.r.IntN(4) {
		c.Groups = append(c.Groups, p.group())
	}
	for range p.r.IntN(8) {
		key, err := table.AppendPrimaryKey(nil, p.key())
		if err != nil {
			p.t.Fatal(err)
		}
		c.Splits = append(c.Splits, string(key))
	}
	slices.Sort(c.Splits)
	c.Splits = slices.Compact(c.Splits)
	for range len(c.Splits) + 1 {
		c.Parts = append(c.Parts, p.r.IntN(len(c.Groups)))
	}
	return c
}

func (p *Pair) create(c table.Config) *table.Table {
	p.t.Helper()
	tbl, err := table.Create(p.t.Context(), p.store, c)
	if err != nil {
		p.t.Fatal(err)
	}
	return tbl
}

func (p *Pair) key() datum.Value {
	switch p.r.IntN(3) {
	case 0:
		return datum.Int(int64(p.r.IntN(300)))
	case 1:
		return datum.String(fmt.Sprint("k", p.r.IntN(300)))
	}
	return datum.Array([]datum.Value{datum.Bool(p.r.IntN(2) == 0), datum.Int(int64(p.r.IntN(100)))})
}

// long makes a string that is cut in an index, of which there are few that begin differently.
func (p *Pair) long() datum.Value {
	return datum.String(strings.Repeat(string(rune('a'+p.r.IntN(2))), 5000) + fmt.Sprint(p.r.IntN(5)))
}

func (p *Pair) row(key datum.Value) datum.Value {
	var many, longs []datum.Value
	for range p.r.IntN(4) {
		many = append(many, datum.Int(int64(p.r.IntN(12))))
		longs = append(longs, p.long())
	}
	when := datum.Time(float64(p.r.IntN(10)), p.r.IntN(3)*60)
	row := []datum.Field{{Key: "id", Val: key}, {Key: "a", Val: datum.Int(int64(p.r.IntN(20)))}, {Key: "many", Val: datum.Array(many)}, {Key: "when", Val: when}}
	if p.r.IntN(4) == 0 {
		row = append(row, datum.Field{Key: "long", Val: p.long()}, datum.Field{Key: "longs", Val: datum.Array(longs)})
	}
	return datum.Object(row)
}

// write changes some rows of both tables.
func (p *Pair) write(n int) {
	p.t.Helper()
	var keys, rows []datum.Value
	for range n {
		key := p.key()
		keys = append(keys, key)
		switch p.r.IntN(8) {
		case 0:
			rows = append(rows, datum.Null)
		case 1:
			rows = append(rows, datum.Object([]datum.Field{{Key: "id", Val: datum.String("another")}})) // an error
		default:
			rows = append(rows, p.row(key))
		}
	}
	req := table.WriteRequest{Keys: keys, Durability: table.DurabilitySoft, Update: func(i int, _ datum.Value) (datum.Value, error) { return rows[i], nil }}
	got, err := p.several.Write(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	want, err := p.single.Write(p.t.Context(), req)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range want {
		if fmt.Sprint(got[i].Err) != fmt.Sprint(want[i].Err) || got[i].Changed != want[i].Changed || show(got[i].Old) != show(want[i].Old) || show(got[i].New) != show(want[i].New) {
			p.t.Fatalf("the write of %s came to %+v, not %+v", keys[i].Print(), got[i], want[i])
		}
	}
}

func show(v datum.Value) string {
	if v.IsAbsent() {
		return "nothing"
	}
	return v.Print()
}

// Move copies the rows into new groups, and gives the table these.
func (p *Pair) Move() {
	p.t.Helper()
	c := p.layout()
	next := p.create(c)
	for _, x := range p.indexes {
		if _, err := next.AddIndex(p.t.Context(), x.config); err != nil {
			p.t.Fatal(err)
		}
	}
	p.copyTo(next)
	old := p.real.Parts()
	err := p.real.SetLayout(c, next.Parts())
	if err == nil && p.view != nil {
		err = p.view.Moved(p.several, p.real)
	}
	for _, part := range old {
		err = errors.Join(err, part.Drop(p.t.Context()))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *Pair) copyTo(next *table.Table) {
	p.t.Helper()
	rows, err := p.real.Scan(p.t.Context(), table.ScanOptions{})
	if err != nil {
		p.t.Fatal(err)
	}
	for more := true; more; {
		var row datum.Value
		if row, more, err = rows.Next(p.t.Context()); err != nil {
			p.t.Fatal(err)
		}
		if !more {
			break
		}
		key, _ := row.Get("id")
		results, err := next.Write(p.t.Context(), table.WriteRequest{Keys: []datum.Value{key}, Durability: table.DurabilitySoft,
			Update: func(int, datum.Value) (datum.Value, error) { return row, nil }})
		if err = errors.Join(err, results[0].Err); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := rows.Close(); err != nil {
		p.t.Fatal(err)
	}
}

// list reads all rows, parking now and then. With move, the table gets another layout once, in the middle.
func (p *Pair) list(rows table.Rows, err error, move func()) []string {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	var list []string
	at := p.r.IntN(40)
	for {
		row, ok, err := rows.Next(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		if !ok {
			break
		}
		list = append(list, short(row))
		if k, ok := rows.(table.Parker); ok && (p.r.IntN(10) == 0 || move != nil && len(list) == at) {
			if err := k.Park(); err != nil {
				p.t.Fatal(err)
			}
			if move != nil && len(list) >= at {
				move()
				move = nil
			}
		}
	}
	if err := rows.Close(); err != nil {
		p.t.Fatal(err)
	}
	return list
}

// short prints a row, or a value, without what makes it long.
func short(v datum.Value) string {
	return strings.NewReplacer(strings.Repeat("a", 5000), "a…", strings.Repeat("b", 5000), "b…").Replace(v.Print())
}

func (p *Pair) same(what string, got, want []string) {
	p.t.Helper()
	for i := range max(len(got), len(want)) {
		if i == len(got) || i == len(want) || got[i] != want[i] {
			p.t.Fatalf("%s: %d rows, and %d of the table with one part; they differ from row %d on:\n%q\n%q", what, len(got), len(want), i,
				got[min(i, len(got)):min(i+3, len(got))], want[min(i, len(want)):min(i+3, len(want))])
		}
	}
}

func (p *Pair) value() datum.Value {
	switch p.r.IntN(6) {
	case 0:
		return datum.Value{}
	case 1:
		return p.long()
	case 2:
		return datum.Array([]datum.Value{datum.Int(int64(p.r.IntN(20))), p.long()})
	case 3:
		return datum.Time(float64(p.r.IntN(10)), 0)
	}
	return datum.Int(int64(p.r.IntN(20)))
}

func (p *Pair) scanOptions() table.ScanOptions {
	o := table.ScanOptions{Descending: p.r.IntN(2) == 0, Transient: p.r.IntN(2) == 0}
	if p.r.IntN(2) == 0 {
		o.Range = table.Range{Low: p.key(), High: p.key(), LowOpen: p.r.IntN(2) == 0, HighOpen: p.r.IntN(2) == 0}
	}
	return o
}

func (p *Pair) indexScan() table.IndexScan {
	o := table.IndexScan{Descending: p.r.IntN(2) == 0, Transient: p.r.IntN(2) == 0, Values: p.r.IntN(3) == 0}
	if p.r.IntN(3) > 0 {
		o.Range = table.Range{Low: p.value(), High: p.value(), LowOpen: p.r.IntN(2) == 0, HighOpen: p.r.IntN(2) == 0}
		return o
	}
	for range 1 + p.r.IntN(6) {
		if v := p.value(); !v.IsAbsent() {
			o.Keys = append(o.Keys, v)
		}
	}
	slices.SortFunc(o.Keys, datum.Compare)
	o.Keys = slices.CompactFunc(o.Keys, datum.Equal)
	for range o.Keys {
		o.Copies = append(o.Copies, 1+p.r.IntN(3))
	}
	return o
}

// compare does something to both tables. With move, that with several parts is moved meanwhile.
func (p *Pair) compare(move func()) {
	p.t.Helper()
	ctx := p.t.Context()
	switch p.r.IntN(10) {
	case 4:
		p.compareShares(move)
	case 0:
		o := p.scanOptions()
		got, err := p.several.Scan(ctx, o)
		want, err2 := p.single.Scan(ctx, o)
		p.same(fmt.Sprintf("scan %+v", o), p.list(got, err, move), p.list(want, err2, nil))
	case 1:
		var keys []datum.Value
		for range 1 + p.r.IntN(30) {
			keys = append(keys, p.key())
		}
		got, err := p.several.GetMany(ctx, keys, table.ReadOptions{})
		want, err2 := p.single.GetMany(ctx, keys, table.ReadOptions{})
		if err != nil || err2 != nil {
			p.t.Fatal(err, err2)
		}
		for i, k := range keys {
			one, err := p.several.Get(ctx, k, table.ReadOptions{})
			if err != nil || show(one) != show(want[i]) || show(got[i]) != show(want[i]) {
				p.t.Fatalf("row %s is %s and %s, not %s: %v", k.Print(), show(one), show(got[i]), show(want[i]), err)
			}
		}
	case 2:
		got, err := p.several.Count(ctx, table.ReadOptions{})
		want, err2 := p.single.Count(ctx, table.ReadOptions{})
		if err != nil || err2 != nil || got != want {
			p.t.Fatalf("%d rows (%v), not %d (%v)", got, err, want, err2)
		}
	case 3:
		o, n := p.scanOptions(), 1+p.r.IntN(4)
		p.same(fmt.Sprintf("parallel scan %+v", o), p.parallel(n, func(each func(int, table.Rows) error) error { return p.several.ScanParallel(ctx, o, n, each) }),
			p.parallel(n, func(each func(int, table.Rows) error) error { return p.single.ScanParallel(ctx, o, n, each) }))
	default:
		p.compareIndex(p.indexes[p.r.IntN(len(p.indexes))], move)
	}
}

func (p *Pair) compareIndex(x indexPair, move func()) {
	p.t.Helper()
	ctx := p.t.Context()
	o := p.indexScan()
	what := fmt.Sprintf("%s, %+v", x.name, o)
	if x.config.Geo {
		var ranges []table.IndexRange
		for c := byte(0); c < 12; c += byte(1 + p.r.IntN(6)) {
			ranges = append(ranges, table.IndexRange{Low: []byte{'c', c}, High: []byte{'c', c + 1}})
		}
		ranges = append(ranges, table.IndexRange{Low: []byte{'d', 1}, High: []byte{'d', 4}})
		so := table.ScanOptions{Transient: o.Transient}
		p.same(what, p.list(x.several.ScanCells(ranges, so), nil, move), p.list(x.single.ScanCells(ranges, so), nil, nil))
		return
	}
	switch p.r.IntN(6) {
	case 3:
		p.compareIndexShares(x, o, move)
	case 4:
		p.compareAnyOrder(x, o, move)
	case 0:
		got, err := x.several.Count(ctx, o)
		want, err2 := x.single.Count(ctx, o)
		if err != nil || err2 != nil || got != want {
			p.t.Fatalf("%s: %d rows (%v), not %d (%v)", what, got, err, want, err2)
		}
	case 1:
		o.Keys, o.Copies = nil, nil
		got, err := x.several.Distinct(ctx, o)
		want, err2 := x.single.Distinct(ctx, o)
		p.same("distinct "+what, p.list(got, err, move), p.list(want, err2, nil))
	case 2:
		n := 1 + p.r.IntN(4)
		p.same("parallel "+what, p.parallel(n, func(each func(int, table.Rows) error) error { return x.several.ScanParallel(ctx, o, n, each) }),
			p.parallel(n, func(each func(int, table.Rows) error) error { return x.single.ScanParallel(ctx, o, n, each) }))
	default:
		got, err := x.several.Scan(ctx, o)
		want, err2 := x.single.Scan(ctx, o)
		p.same(what, p.list(got, err, move), p.list(want, err2, nil))
	}
}

// parallel gives the rows of all workers, sorted.
func (p *Pair) parallel(n int, scan func(each func(worker int, rows table.Rows) error) error) []string {
	p.t.Helper()
	var mu sync.Mutex
	var list []string
	err := scan(func(worker int, rows table.Rows) error {
		if worker < 0 || worker >= n {
			return fmt.Errorf("worker %d of %d", worker, n)
		}
		for {
			row, ok, err := rows.Next(p.t.Context())
			if err != nil || !ok {
				return err
			}
			mu.Lock()
			list = append(list, short(row))
			mu.Unlock()
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	slices.Sort(list)
	return list
}
