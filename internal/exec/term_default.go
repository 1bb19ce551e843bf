package exec

import (
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// r.error(text) → error
	// r.error() → error
	//
	// Fails with a text of the user's and the class User. Without a text, inside `default`: with the error that default
	// caught.
	//
	// Errors:
	// - QueryLogic: Empty ERROR term outside a default block.
	//
	//	> r.branch(r.expr(1).gt(2), "strange", r.error("as it should be"))
	//	User: as it should be
	//	at [2]
	register(reql.TermError, spec{max: 1, datum: evalError})

	// value.default(value) → value
	// value.default(function) → value
	//
	// The value, or another one when that is null or fails for something that does not exist (the class NonExistence), such
	// as a missing field. A function gets the text of the error, or null. Other errors pass.
	//
	//	> r.expr({a: 1})("b").default("none")
	//	"none"
	//	> r.expr({a: 1})("b").default(text => text.split(" ").limit(2))
	//	["No","attribute"]
	register(reql.TermDefault, spec{min: 2, max: 2, val: evalDefault, special: specialDefault, notGrouped: true})
}

func evalError(c call) (datum.Value, error) {
	if c.len() == 0 {
		return datum.Value{}, c.fail(reql.EmptyUser, "Empty ERROR term outside a default block.")
	}
	s, err := c.str(0)
	if err != nil {
		return datum.Value{}, err
	}
	s, _, _ = strings.Cut(s, "\x00") // as in the original, whose messages end there
	return datum.Value{}, c.fail(reql.User, "%s", s)
}

func evalDefault(c call) (val, error) {
	v, err := c.val(0)
	if err == nil {
		if !v.isDatum() {
			return v, nil
		}
		d, derr := v.datum(c.fr)
		if derr == nil && d.Kind() != datum.KindNull {
			return v, nil
		}
		err = c.n.blame(derr)
	}
	if err != nil && !isNonExistence(err) {
		return v, err
	}
	out, ferr := c.val(1)
	if f, ok := out.x.(*function); ok && ferr == nil {
		reason := datum.Null
		if err != nil {
			reason = datum.String(err.Error())
		}
		out, ferr = f.call(c.fr, reason)
	}
	if isEmptyUser(ferr) { // r.error() stands for what was caught
		return v, err
	}
	return out, ferr
}

func isEmptyUser(err error) bool {
	e, ok := err.(*reql.Error) //nolint:errorlint // never wrapped inside the executor
	return ok && e.Class == reql.EmptyUser
}
