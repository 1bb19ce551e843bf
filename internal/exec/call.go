package exec

import (
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// call is one evaluation of a term: its arguments, not yet evaluated. It is passed by value and never kept.
type call struct {
	n    *opNode
	fr   *frame
	args []node
}

func (c call) len() int { return len(c.args) }

// fail is an error blamed on the term itself.
func (c call) fail(class reql.ErrorClass, format string, args ...any) error {
	e := reql.Errorf(class, format, args...)
	e.Term = c.n.t
	return e
}

// logic is fail with the class of most errors.
func (c call) logic(format string, args ...any) error {
	return c.fail(reql.QueryLogic, format, args...)
}

// failAt is an error blamed on another term.
func failAt(at *reql.Term, class reql.ErrorClass, format string, args ...any) error {
	e := reql.Errorf(class, format, args...)
	e.Term = at
	return e
}

// ret wraps a datum as the value of this term.
func (c call) ret(d datum.Value) val { return val{d: d, at: c.n.t} }

// retSeq is the value for a sequence made by this term. One that is an array in disguise becomes that array.
func (c call) retSeq(s *seq) (val, error) {
	if s.isArray && s.group == nil {
		d, err := s.array(c.fr)
		return val{d: d, at: c.n.t}, err
	}
	return val{x: s, at: c.n.t}, nil
}

// val evaluates argument i.
func (c call) val(i int) (val, error) { return c.args[i].eval(c.fr) }

// datum evaluates argument i to a datum. An error that its kind is wrong is blamed on the argument; errors about the
// type of the datum that the term itself finds are the term's.
func (c call) datum(i int) (datum.Value, error) {
	d, _, err := c.args[i].datum(c.fr)
	return d, err
}

// datumAt is datum with the term that made the value.
func (c call) datumAt(i int) (datum.Value, *reql.Term, error) { return c.args[i].datum(c.fr) }

// num evaluates argument i to a number; another type is an error blamed on the argument. So do str, int, bool.
func (c call) num(i int) (float64, error) {
	d, at, err := c.args[i].datum(c.fr)
	if err != nil {
		return 0, err
	}
	return numAt(d, at)
}

func numAt(d datum.Value, at *reql.Term) (float64, error) {
	if d.Kind() != datum.KindNumber {
		return 0, blame(typeError(d, "NUMBER"), at)
	}
	return d.AsNumber(), nil
}

func (c call) str(i int) (string, error) {
	d, at, err := c.args[i].datum(c.fr)
	if err != nil {
		return "", err
	}
	return strAt(d, at)
}

func strAt(d datum.Value, at *reql.Term) (string, error) {
	if d.Kind() != datum.KindString {
		return "", blame(typeError(d, "STRING"), at)
	}
	return d.AsString(), nil
}

// int evaluates argument i to an integer within ±2^53.
func (c call) int(i int) (int64, error) {
	d, at, err := c.args[i].datum(c.fr)
	if err != nil {
		return 0, err
	}
	return intAt(d, at)
}

func intAt(d datum.Value, at *reql.Term) (int64, error) {
	if d.Kind() != datum.KindNumber {
		return 0, blame(typeError(d, "NUMBER"), at)
	}
	n, err := d.Int64()
	if err != nil {
		return 0, blame(err, at)
	}
	return n, nil
}

// int32 evaluates argument i to an integer of 32 bits.
func (c call) int32(i int) (int32, error) {
	v, err := c.val(i)
	if err != nil {
		return 0, err
	}
	return v.int32(c.fr)
}

// bool evaluates argument i to its truth: false and null are false, all else is true.
func (c call) bool(i int) (bool, error) {
	d, _, err := c.args[i].datum(c.fr)
	return d.Truthy(), err
}

// seq evaluates argument i to a sequence.
func (c call) seq(i int) (*seq, error) {
	v, err := c.val(i)
	if err != nil {
		return nil, err
	}
	return v.seq(c.fr)
}

// table evaluates argument i to a table.
func (c call) table(i int) (*tableVal, error) {
	v, err := c.val(i)
	if err != nil {
		return nil, err
	}
	return v.table(c.fr)
}

// fn evaluates argument i to a function; a datum becomes one as the shortcut says.
func (c call) fn(i int, s shortcut) (*function, error) {
	v, err := c.val(i)
	if err != nil {
		return nil, err
	}
	return v.function(c.fr, s)
}

// opt evaluates an optional argument: the term's own or the query's. ok is false when there is none.
func (c call) opt(name string) (v val, ok bool, err error) {
	for i := range c.n.opts {
		if c.n.opts[i].name == name {
			v, err = c.n.opts[i].node.eval(c.fr)
			return v, err == nil, err
		}
	}
	return c.fr.q.global(c.fr, name)
}

// first evaluates the first argument before the term's options, as the original does for every term, and puts its value in its
// place.
func (c call) first() (call, error) {
	if len(c.args) == 0 || len(c.n.opts) == 0 {
		return c, nil
	}
	if _, known := c.args[0].(*constNode); known {
		return c, nil
	}
	v, err := c.val(0)
	if err != nil {
		return c, err
	}
	c.args = append([]node{&constNode{v: v}}, c.args[1:]...)
	return c, nil
}

// ownOpt gives the node of an optional argument that the term itself has, or nil.
func (c call) ownOpt(name string) node {
	for i := range c.n.opts {
		if c.n.opts[i].name == name {
			return c.n.opts[i].node
		}
	}
	return nil
}

// optDatum, optBool, optStr, optInt and optNum evaluate an optional argument to a type; ok is false when there is none.
func (c call) optDatum(name string) (d datum.Value, at *reql.Term, ok bool, err error) {
	v, ok, err := c.opt(name)
	if !ok || err != nil {
		return d, nil, false, err
	}
	d, err = v.datum(c.fr)
	return d, v.at, err == nil, err
}

func (c call) optBool(name string) (b, ok bool, err error) {
	d, _, ok, err := c.optDatum(name)
	return d.Truthy(), ok, err
}

func (c call) optStr(name string) (s string, ok bool, err error) {
	d, at, ok, err := c.optDatum(name)
	if !ok {
		return "", false, err
	}
	s, err = strAt(d, at)
	return s, err == nil, err
}

func (c call) optInt(name string) (n int64, ok bool, err error) {
	d, at, ok, err := c.optDatum(name)
	if !ok {
		return 0, false, err
	}
	n, err = intAt(d, at)
	return n, err == nil, err
}

func (c call) optNum(name string) (f float64, ok bool, err error) {
	d, at, ok, err := c.optDatum(name)
	if !ok {
		return 0, false, err
	}
	f, err = numAt(d, at)
	return f, err == nil, err
}
