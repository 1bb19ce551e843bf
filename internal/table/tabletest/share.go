package tabletest

import (
	"fmt"
	"slices"

	"rethinkdb/internal/table"
)

// shares divides the parts of the table with several ones into views, each with some of them.
func (p *Pair) shares() []*table.Table {
	p.t.Helper()
	shares := make([][]*table.Part, 1+p.r.IntN(3))
	for _, part := range p.several.Parts() {
		i := p.r.IntN(len(shares))
		shares[i] = append(shares[i], part)
	}
	var views []*table.Table
	for _, parts := range shares {
		v, ok := p.several.Share(parts...)
		if !ok {
			p.t.Fatal("the table has not all of its parts")
		}
		views = append(views, v)
	}
	return views
}

// compareShares reads the table share by share. Each gives its rows in their order, also when the table is moved meanwhile.
func (p *Pair) compareShares(move func()) {
	p.t.Helper()
	o := p.scanOptions()
	var got []string
	for _, v := range p.shares() {
		rows, err := v.Scan(p.t.Context(), o)
		got = append(got, p.list(rows, err, move)...)
		move = nil
	}
	want, err := p.single.Scan(p.t.Context(), o)
	p.sameRows(fmt.Sprintf("scan of shares %+v", o), got, p.list(want, err, nil))
}

// compareIndexShares is compareShares for an index.
func (p *Pair) compareIndexShares(x indexPair, o table.IndexScan, move func()) {
	p.t.Helper()
	o.AnyOrder = p.r.IntN(2) == 0
	var got []string
	for _, v := range p.shares() {
		rows, err := x.several.Only(v).Scan(p.t.Context(), o)
		got = append(got, p.list(rows, err, move)...)
		move = nil
	}
	want, err := x.single.Scan(p.t.Context(), o)
	p.sameRows(fmt.Sprintf("shares of %s, %+v", x.name, o), got, p.list(want, err, nil))
}

// compareAnyOrder reads an index part by part.
func (p *Pair) compareAnyOrder(x indexPair, o table.IndexScan, move func()) {
	p.t.Helper()
	o.AnyOrder = true
	got, err := x.several.Scan(p.t.Context(), o)
	want, err2 := x.single.Scan(p.t.Context(), o)
	p.sameRows(fmt.Sprintf("%s in any order, %+v", x.name, o), p.list(got, err, move), p.list(want, err2, nil))
}

// sameRows compares rows, whatever their order.
func (p *Pair) sameRows(what string, got, want []string) {
	p.t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	p.same(what, got, want)
}
