package exec

import (
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// remote gives the node of a term that another server has to run, or nil.
func (b *builder) remote(t *reql.Term) (node, error) {
	root := b.rootTable(t)
	if root == nil {
		return nil, nil
	}
	db, name, literal := b.namesOf(root)
	if !literal || db == systemDatabase {
		return nil, nil
	}
	if t == root && t != b.query.Term { // what is made of it is made here; its rows are fetched when they are wanted
		return nil, nil
	}
	place := tablePlace{db: db, name: name, outdated: b.outdated(root)}
	_, here, err := place.locate(b.router)
	if errors.Is(err, ErrSpread) {
		if place.key = keyOf(t, root); !place.key.IsAbsent() {
			_, here, err = place.locate(b.router)
		}
	}
	if err != nil && userOf(t, root) == reql.TermInfo { // any replica has an estimate of its rows
		place.outdated = true
		_, here, _ = place.locate(b.router)
	}
	if here || errors.Is(err, ErrSpread) {
		return nil, nil
	}
	p, err := b.parcel(t)
	if err != nil {
		return nil, err
	}
	n := &remoteNode{parcel: *p, table: place, router: b.router}
	b.slow, b.long = true, true
	return n, nil
}

// parcel makes a term one that can be sent to another server.
func (b *builder) parcel(t *reql.Term) (*parcel, error) {
	p := &parcel{t: t, options: b.query.OptArgs}
	return p, b.capture(p, t, nil)
}

// send takes note that other servers may be asked for parts of a term.
func (b *builder) send(t *reql.Term) (err error) {
	if b.router != nil {
		b.sent[t], err = b.parcel(t)
	}
	return err
}

// keyOf is the key of the only row of a table that a term is about, if that is a literal.
func keyOf(t, table *reql.Term) datum.Value {
	for t != table && t.Args[0] != table {
		t = t.Args[0]
	}
	if t.Type != reql.TermGet || len(t.Args) != 2 || t.Args[1].Type != reql.TermDatum {
		return datum.Value{}
	}
	return t.Args[1].Datum
}

// userOf is the type of the term in t whose first argument is the table.
func userOf(t, table *reql.Term) reql.TermType {
	for t != table && t.Args[0] != table {
		t = t.Args[0]
	}
	return t.Type
}

const systemDatabase = "rethinkdb"

// rootTable gives the table that a term works on: the first argument of its first argument and so on. What only asks for a table's
// configuration, or changes it, works on no table: the catalog is the same on all servers. Nor does what is made of a feed, which is put together
// here.
func (b *builder) rootTable(t *reql.Term) *reql.Term {
	if b.atHome[t] {
		return nil
	}
	return rootTable(t)
}

func rootTable(t *reql.Term) *reql.Term {
	above := reql.TermType(0)
	for {
		if t.Type == reql.TermTable {
			if aboutConfiguration[above] {
				return nil
			}
			return t
		}
		if len(t.Args) == 0 || t.Type == reql.TermChanges {
			return nil
		}
		above = t.Type
		t = t.Args[0]
	}
}

// stay remembers that the terms of a chain are not those of another server, so that they are not looked at again and again.
func (b *builder) stay(t *reql.Term) {
	for len(t.Args) > 0 && !b.atHome[t] {
		b.atHome[t] = true
		t = t.Args[0]
	}
}

// stayWatched does so for the terms that say what a feed watches. Nothing is read of these here.
func (b *builder) stayWatched(t *reql.Term) {
	for {
		b.atHome[t] = true
		if len(t.Args) == 0 {
			return
		}
		if t.Type == reql.TermUnion {
			for _, a := range t.Args[1:] {
				b.stayWatched(a)
			}
		}
		t = t.Args[0]
	}
}

var aboutConfiguration = map[reql.TermType]bool{
	reql.TermConfig: true, reql.TermStatus: true, reql.TermWait: true, reql.TermReconfigure: true, reql.TermRebalance: true, reql.TermGrant: true,
	reql.TermIndexCreate: true, reql.TermIndexDrop: true, reql.TermIndexList: true, reql.TermIndexStatus: true, reql.TermIndexWait: true,
	reql.TermIndexRename: true, reql.TermSetWriteHook: true, reql.TermGetWriteHook: true,
}

// namesOf gives the names of a table and its database if they are written as literals.
func (b *builder) namesOf(t *reql.Term) (db, name string, ok bool) {
	db = "test"
	switch len(t.Args) {
	case 1:
		if o := b.query.OptArg("db"); o != nil {
			if db, ok = databaseName(o); !ok {
				return "", "", false
			}
		}
		name, ok = literalString(t.Args[0])
	case 2:
		if db, ok = databaseName(t.Args[0]); ok {
			name, ok = literalString(t.Args[1])
		}
	}
	return db, name, ok
}

func databaseName(t *reql.Term) (string, bool) {
	if t.Type != reql.TermDB || len(t.Args) != 1 {
		return "", false
	}
	return literalString(t.Args[0])
}

func literalString(t *reql.Term) (string, bool) {
	if t.Type != reql.TermDatum || t.Datum.Kind() != datum.KindString {
		return "", false
	}
	return t.Datum.AsString(), true
}

// outdated tells whether any replica may answer.
func (b *builder) outdated(table *reql.Term) bool {
	mode := table.OptArg("read_mode")
	if mode == nil {
		mode = b.query.OptArg("read_mode")
	}
	if mode == nil {
		return false
	}
	s, _ := literalString(mode)
	return s == "outdated"
}

// capture finds the variables in a part of a query that come from around it; bound are those of functions inside.
func (b *builder) capture(p *parcel, t *reql.Term, bound []int64) error {
	p.writes = p.writes || t.Type.WritesOrMeta()
	switch t.Type {
	case reql.TermFunc:
		if len(t.Args) == 2 {
			names, err := paramNames(t)
			if err != nil {
				return err
			}
			return b.capture(p, t.Args[1], append(bound[:len(bound):len(bound)], names...))
		}
	case reql.TermVar:
		if len(t.Args) == 1 && t.Args[0].Type == reql.TermDatum && t.Args[0].Datum.Kind() == datum.KindNumber {
			name := int64(t.Args[0].Datum.AsNumber())
			for _, b := range bound {
				if b == name {
					return nil
				}
			}
		}
		return b.captureVar(p, t)
	case reql.TermImplicitVar:
		if len(bound) > 0 {
			return nil // a function inside binds it, or it is an error that will be found over there
		}
		return b.captureVar(p, t)
	}
	if len(t.Args) > 0 {
		if err := b.capture(p, t.Args[0], bound); err != nil {
			return err
		}
	}
	return b.captureRest(p, t, bound)
}

// captureRest is capture for all of a term but its first argument.
func (b *builder) captureRest(p *parcel, t *reql.Term, bound []int64) error {
	for _, a := range t.Args[min(1, len(t.Args)):] {
		if err := b.capture(p, a, bound); err != nil {
			return err
		}
	}
	for _, o := range t.OptArgs {
		if err := b.capture(p, o.Term, bound); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) captureVar(p *parcel, t *reql.Term) error {
	v, err := b.compile(t)
	if err == nil {
		p.captured = append(p.captured, capturedVar{t, v})
	}
	return err
}
