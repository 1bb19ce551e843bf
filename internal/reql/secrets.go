package reql

import (
	"net/url"
	"strings"

	"rethinkdb/internal/datum"
)

// What is printed of a query is read by others than who has written it. It must not have passwords in it, so these are left out:
// fields called password, the credentials of r.http, and in queries on rethinkdb.users every text that may become one.

// concealed stands for what is left out.
const concealed = `"***"`

const passwordField = "password"

// secretArgument tells whether an optional argument or field of t is a secret as a whole. Those that only say whether there is a
// password are none.
func secretArgument(t *Term, o OptArg) bool {
	switch {
	case t.Type == TermHTTP:
		return o.Name == "auth" || o.Name == "header"
	case o.Name != passwordField:
		return false
	}
	return o.Term.Type != TermDatum || !harmless(o.Term.Datum)
}

func harmless(v datum.Value) bool { return v.Kind() == datum.KindBool || v.Kind() == datum.KindNull }

// conceal gives what may be shown of a literal.
func (p *printer) conceal(t *Term) datum.Value {
	v := t.Datum
	if parent, pos := t.Parent(); parent != nil && parent.Type == TermHTTP && pos == 0 && v.Kind() == datum.KindString {
		return datum.String(WithoutCredentials(v.AsString()))
	}
	c := concealer{left: p.limit}
	if names := t.names(); p.users && names != aName && names != aPattern && !t.isKey() {
		c.texts = true
	}
	return c.conceal(v)
}

// isKey tells whether the term, a literal, says which rows are meant.
func (t *Term) isKey() bool {
	return t.parent != nil && (t.parent.Type == TermGet || t.parent.Type == TermGetAll) && t.pos > 0
}

// concealer leaves passwords out of a value.
type concealer struct {
	texts bool // leave out all texts but the names of users
	left  int  // bytes that will be printed: what comes after them is left out as well
}

func (c *concealer) conceal(v datum.Value) datum.Value {
	switch v.Kind() {
	case datum.KindArray:
		var out []datum.Value
		for i := 0; i < v.Len() && c.left >= 0; i++ {
			out = append(out, c.conceal(v.At(i)))
		}
		return datum.Array(out)
	case datum.KindObject:
		var out []datum.Field
		for i := 0; i < v.Len() && c.left >= 0; i++ {
			name, val := v.FieldAt(i)
			c.left -= len(name)
			switch {
			case name == passwordField && !harmless(val):
				val = datum.String("***")
			case name != "id" || val.Kind() != datum.KindString:
				val = c.conceal(val)
			}
			out = append(out, datum.Field{Key: name, Val: val})
		}
		return datum.Object(out)
	case datum.KindString:
		if c.texts {
			return datum.String("***")
		}
	}
	c.left -= v.Bytes()
	return v
}

// WithoutCredentials leaves the user and the password out of the address of a page.
func WithoutCredentials(address string) string {
	scheme, rest := "", address
	if i := strings.Index(address, "://"); i >= 0 {
		scheme, rest = address[:i+3], address[i+3:]
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	at := strings.LastIndexByte(host, '@')
	if _, err := url.Parse(address); at < 0 && err != nil { // perhaps because of a password with such a character
		at = strings.LastIndexByte(rest, '@')
	}
	if at < 0 {
		return address
	}
	return scheme + "***" + rest[at:]
}

// reachesUsers tells whether a query names the table rethinkdb.users, or may do so by names that it computes.
func (q *Query) reachesUsers() bool {
	database := q.OptArg("db")
	var search func(t *Term) bool
	search = func(t *Term) bool {
		if t.Type == TermTable && len(t.Args) > 0 && maybe(t.Args[len(t.Args)-1], "users") {
			db := database
			if len(t.Args) > 1 {
				db = t.Args[0]
			}
			if db != nil && (db.Type != TermDB || len(db.Args) != 1 || maybe(db.Args[0], "rethinkdb")) {
				return true
			}
		}
		for _, a := range t.Args {
			if search(a) {
				return true
			}
		}
		for _, o := range t.OptArgs {
			if search(o.Term) {
				return true
			}
		}
		return false
	}
	return search(q.Term)
}

// maybe tells whether a term has a name for its value, as far as that is known.
func maybe(t *Term, name string) bool {
	return t.Type != TermDatum || t.Datum.Kind() == datum.KindString && t.Datum.AsString() == name
}
