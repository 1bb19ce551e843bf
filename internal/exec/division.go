package exec

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
	"rethinkdb/internal/watchdog"
)

// A table may have its rows in several parts on several servers. Package table gives them to whoever wants rows. But where a term reads a scan to its
// end and only wants what comes of it, as count, sum, group or delete do, each server is asked for what its parts contribute: it gets the whole
// term, evaluates that over these parts alone, and answers with the state of its accumulator or the result of its writes. What its own parts contribute the
// server that was asked computes itself.

// dividedTerms are the terms for which this is done.
var dividedTerms = map[reql.TermType]bool{
	reql.TermCount: true, reql.TermSum: true, reql.TermAvg: true, reql.TermMin: true, reql.TermMax: true, reql.TermReduce: true,
	reql.TermDistinct: true, reql.TermContains: true, reql.TermOrderBy: true,
	reql.TermUpdate: true, reql.TermReplace: true, reql.TermDelete: true,
}

// divide takes note of a term that may be evaluated so.
func (b *builder) divide(n *opNode) error {
	t := n.t
	if b.router == nil || b.part != nil || !dividedTerms[t.Type] || !b.onSeveral(rootTable(t.Args[0])) {
		return nil
	}
	if t.Type == reql.TermContains && len(t.Args) > 2 { // for each thing that is looked for it takes another row
		return nil
	}
	if t.Type != reql.TermOrderBy { // which may read a pipeline instead
		takeOver(n)
	}
	return b.send(t)
}

// onSeveral tells whether a table is on several servers, as far as is known when the query is compiled.
func (b *builder) onSeveral(table *reql.Term) bool {
	if table == nil {
		return false
	}
	db, name, literal := b.namesOf(table)
	if !literal || db == systemDatabase {
		return false
	}
	_, _, err := b.router.Locate(db, name, false)
	return errors.Is(err, ErrSpread)
}

// division is a scan of a table as it is evaluated by several servers.
type division struct {
	c      call
	parcel *parcel
	scan   *scan
	root   *seq // whose source the scan is
	router Router
	limit  int // of an order_by: so many rows of each server are enough
}

// division gives the division of the term's evaluation over a sequence; nil if all rows are here, or it makes no difference.
func (c call) division(s *seq) *division {
	p := c.fr.q.plan.sent[c.n.t]
	if p == nil || c.fr.q.plan.part != nil {
		return nil
	}
	root := s.chain()[0]
	if root.scan == nil || !divisible(root.scan) {
		return nil
	}
	d := &division{c: c, parcel: p, scan: root.scan, root: root, router: c.fr.q.eng.others()}
	if d.router == nil || !d.elsewhere() {
		return nil
	}
	return d
}

// elsewhere tells whether some rows are not here.
func (d *division) elsewhere() bool {
	for _, g := range d.groups() {
		if _, here, err := d.place(g).where(d.router); err != nil || !here {
			return true
		}
	}
	return false
}

func (d *division) groups() (groups []uint32) {
	for _, p := range d.scan.of.Table.(partedTable).Parts() {
		groups = append(groups, uint32(p.Number()))
	}
	return groups
}

func (d *division) place(group uint32) partPlace {
	return partPlace{table: d.scan.of.ID(), group: group}
}

// servers tells which groups have their primary replicas on which server; "" is this one.
func (d *division) servers(groups []uint32) (map[string][]uint32, error) {
	at := map[string][]uint32{}
	for _, g := range groups {
		server, here, err := d.place(g).where(d.router)
		if err != nil {
			return nil, err
		}
		if here {
			server = ""
		}
		at[server] = append(at[server], g)
	}
	return at, nil
}

// run has all parts evaluated: those of other servers at the same time, whose answers take gets one after the other, and those that are here by local, with the
// sequence restricted to them.
func (d *division) run(take func(answer datum.Value) error, local func() error) error {
	groups := d.groups()
	var until time.Time // since the first time that some were not there
	for {
		at, err := d.servers(groups)
		if err == nil {
			groups, err = d.round(at, take, local)
		}
		switch {
		case err == nil && len(groups) == 0:
			return nil
		case err != nil && !errors.Is(err, ErrNotReached):
			return err
		case until.IsZero():
			until = time.Now().Add(placePatience)
		case time.Now().After(until):
			return d.lost(ErrNotReached, groups)
		}
		select {
		case <-time.After(placePause):
		case <-d.c.fr.q.ctx.Done():
			return errInterrupted
		}
	}
}

// contribution is what came of asking a server.
type contribution struct {
	groups []uint32
	answer datum.Value
	err    error
}

// round asks each server once, and returns the groups that turned out not to be where they were thought to be: nothing was done there, or only read.
func (d *division) round(at map[string][]uint32, take func(answer datum.Value) error, local func() error) (left []uint32, err error) {
	ctx, cancel := context.WithCancel(d.c.fr.q.ctx)
	answers := make(chan contribution, len(at))
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	waiting := 0
	for server, groups := range at {
		if server == "" {
			continue
		}
		q, err := d.parcel.message(d.c.fr, &partRequest{Groups: groups, Limit: d.limit}, false)
		if err != nil {
			return nil, err
		}
		waiting++
		asking.Go(func() {
			answer, err := d.ask(ctx, server, groups, q)
			answers <- contribution{groups, answer, err}
		})
	}
	if here := at[""]; len(here) > 0 {
		view, err := d.scan.of.view(here)
		if err != nil {
			return nil, d.lost(err, here)
		}
		d.root.restrict(only(d.scan.rows, view))
		if err := local(); err != nil {
			return nil, err
		}
	}
	d.c.fr.pace.end() // what is left is to wait
	for ; waiting > 0; waiting-- {
		switch a := <-answers; {
		case errors.Is(a.err, ErrNotReached), errors.Is(a.err, ErrAstray), errors.Is(a.err, ErrLostContact) && !d.parcel.writes:
			left = append(left, a.groups...)
		case a.err != nil:
			return nil, d.lost(a.err, a.groups)
		default:
			if err := take(a.answer); err != nil {
				return nil, err
			}
		}
	}
	return left, nil
}

// ask gets what the parts of a server contribute.
func (d *division) ask(ctx context.Context, server string, groups []uint32, q []byte) (datum.Value, error) {
	ctx, stop := watchdog.Context(ctx, func() error {
		for _, g := range groups {
			if now, here, err := d.place(g).where(d.router); err == nil && (here || now != server) {
				return ErrLostContact
			}
		}
		return nil
	})
	defer stop()
	answer, cursor, err := d.router.Start(ctx, server, d.c.fr.q.client, q)
	if err != nil {
		return datum.Value{}, err
	}
	if cursor != nil {
		cursor.Close()
		return datum.Value{}, fmt.Errorf("read the answer of another server: it has not ended")
	}
	if astray(answer) {
		return datum.Value{}, ErrAstray
	}
	r, err := d.parcel.read(answer)
	if err == nil && !r.atom {
		err = fmt.Errorf("read the answer of another server: it is no value")
	}
	if err != nil {
		return datum.Value{}, err
	}
	return r.rows[0], nil
}

// lost is the error of parts that cannot be reached, or not any more.
func (d *division) lost(err error, groups []uint32) error {
	if e, ok := errors.AsType[*reql.Error](err); ok {
		return e
	}
	return d.parcel.lost(d.c.fr, err, d.shard(groups))
}

// shard names the first shard of groups of which one cannot be reached.
func (d *division) shard(groups []uint32) string {
	t := d.scan.of.Table.(partedTable)
	for _, p := range t.Parts() {
		g := uint32(p.Number())
		if !slices.Contains(groups, g) {
			continue
		}
		if _, _, err := d.place(g).where(d.router); err != nil || len(groups) == 1 {
			return shardName(t.ShardOf(t.FirstKeyOf(p)))
		}
	}
	return wholeTable
}

// restrict makes the sequence read another source in place of the one that it scans.
func (s *seq) restrict(rows Table) {
	one := *s.scan
	one.rows = rows
	s.scan, s.src = &one, &scanRows{scan: &one}
}

// view gives some parts of a table.
func (t *tableVal) view(groups []uint32) (*table.Table, error) {
	parted, ok := t.Table.(partedTable)
	if !ok {
		return nil, ErrAstray
	}
	parts := parted.Parts()
	var chosen []int
	for _, g := range groups {
		i := slices.IndexFunc(parts, func(p *table.Part) bool { return uint32(p.Number()) == g })
		if i < 0 {
			return nil, ErrAstray
		}
		chosen = append(chosen, i)
	}
	return parted.Only(chosen...), nil
}

// serve restricts a sequence to the parts that another server has asked the term for; false if none has.
func (c call) serve(s *seq) (bool, error) {
	plan := c.fr.q.plan
	if plan.part == nil || plan.q.Term != c.n.t {
		return false, nil
	}
	root := s.chain()[0]
	for join, ok := root.src.(*joinRows); ok; join, ok = root.src.(*joinRows) { // who has asked joins otherwise: there the table is not far
		root = join.s.chain()[0]
	}
	if root.scan == nil {
		return false, errNoScan
	}
	if !c.fr.hasParts(root.scan) {
		return false, strayed()
	}
	view, err := root.scan.of.view(plan.part.Groups)
	if err != nil {
		return false, strayed()
	}
	root.restrict(only(root.scan.rows, view))
	return true, nil
}

// errNoScan is the error of a request for parts of what is not read from a table.
var errNoScan = errors.New("answer another server: there is no scan to ask for parts of")

// hasParts tells whether this server has the primary replicas of the parts that another one asks for.
func (fr *frame) hasParts(sc *scan) bool {
	router := fr.q.eng.others()
	for _, g := range fr.q.plan.part.Groups {
		if _, here, err := (partPlace{sc.of.ID(), g}).where(router); err != nil || !here {
			return false
		}
	}
	return true
}

// strayed is what a server answers that does not have the primary replica.
func strayed() error {
	return &reql.Error{Type: reql.RuntimeError, Class: reql.OpFailed, TopLevel: true, Msg: astrayText}
}
