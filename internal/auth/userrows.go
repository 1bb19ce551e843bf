package auth

import (
	"sort"
	"strings"

	"rethinkdb/internal/datum"
)

// The rows of the system table `users`: {"id": name, "password": whether one is set}. roles.go has what is added to them.

func userRow(name string, a *account) datum.Value {
	fields := []datum.Field{
		{Key: "id", Val: datum.String(name)},
		{Key: "password", Val: datum.Bool(!a.verifier.empty)},
	}
	if a.role {
		fields = append(fields, datum.Field{Key: "role", Val: datum.Bool(true)})
	}
	if len(a.roles) > 0 {
		var roles []datum.Value
		for _, role := range a.roles {
			roles = append(roles, datum.String(role))
		}
		fields = append(fields, datum.Field{Key: "roles", Val: datum.Array(roles)})
	}
	return datum.Object(fields)
}

// UserRows are all rows, in order of the primary key.
func (u *Users) UserRows() []datum.Value {
	users := *u.users.Load()
	rows := make([]datum.Value, 0, len(users))
	for name, a := range users {
		rows = append(rows, userRow(name, a))
	}
	sort.Slice(rows, func(i, j int) bool { return datum.Compare(rows[i], rows[j]) < 0 })
	return rows
}

// UserRow is the row with that primary key, Absent when there is none. An *Error means that the key cannot be a user's
// name.
func (u *Users) UserRow(key datum.Value) (datum.Value, error) {
	if key.Kind() != datum.KindString || len(key.AsString()) > maxNameBytes {
		return datum.Value{}, nil
	}
	name, err := prepareUsername(key.AsString())
	if err != nil {
		return datum.Value{}, err
	}
	a := u.find(name)
	if a == nil {
		return datum.Value{}, nil
	}
	return userRow(name, a), nil
}

// WriteUser makes row the row with that primary key, or deletes it when row is Absent. generated says that the client
// did not give the key. A *RowError fails the row; an *Error means that the key cannot be a user's name, which the
// original reports as an internal error of the query; others are our own trouble.
func (u *Users) WriteUser(key datum.Value, generated bool, row datum.Value) error {
	if key.Kind() != datum.KindString || generated {
		return rowErrorf("Expected a username as the primary key, got %s.", key.Print())
	}
	if len(key.AsString()) > maxNameBytes {
		return rowErrorf("Expected a username of at most %d bytes, got %d.", maxNameBytes, len(key.AsString()))
	}
	name, err := prepareUsername(key.AsString())
	if err != nil {
		return err
	}
	u.writing.Lock()
	defer u.writing.Unlock()
	old := u.find(name)
	if row.IsAbsent() {
		switch {
		case name == Admin:
			return rowErrorf("The user `%s` can't be deleted.", name)
		case old == nil:
			return rowErrorf("User `%s` not found.", name)
		}
		if holder := u.holder(name); holder != "" {
			return rowErrorf("The role `%s` can't be deleted: `%s` has it.", name, holder)
		}
		if err := u.revoke(func(t Token) bool { return t.User == name }); err != nil {
			return err
		}
		return u.put(name, nil)
	}
	var a *account
	if old != nil {
		a = old.clone()
	} else {
		a = &account{verifier: verifier{empty: true}}
	}
	changed, err := a.apply(name, row, old == nil)
	if err != nil {
		return err
	}
	if !changed && old != nil {
		return nil
	}
	return u.put(name, a)
}

// apply applies a row of `users` to the account.
func (a *account) apply(name string, row datum.Value, isNew bool) (changed bool, err error) {
	if !row.IsObject() {
		return false, rowErrorf("Expected an object, got %s.", row.Print())
	}
	if _, ok := row.Get("id"); !ok {
		return false, rowErrorf("Expected a field named `id`.")
	}
	password, ok := row.Get("password")
	if _, role := row.Get("role"); role && !ok {
		password, ok = datum.Bool(false), true
	}
	if !ok {
		return false, rowErrorf("Expected a field named `password`.")
	}
	if err := refuseOtherKeys(row, "id", "password", "role", "roles"); err != nil {
		return false, err
	}
	newRoles, err := a.setRoles(name, row, isNew)
	if err != nil {
		return false, err
	}
	if a.role && (password.Kind() != datum.KindBool || password.AsBool()) {
		return false, rowErrorf("A role has no password.")
	}
	newPassword, err := a.setPassword(password)
	return newRoles || newPassword, err
}

func (a *account) setPassword(password datum.Value) (changed bool, err error) {
	text, iterations := "", defaultIterations
	switch password.Kind() {
	case datum.KindObject:
		if text, iterations, err = passwordObject(password); err != nil {
			return false, err
		}
	case datum.KindString:
		text = password.AsString()
	case datum.KindBool:
		if password.AsBool() {
			if a.verifier.empty {
				return false, rowErrorf("Expected an object or string to set the password, or `false` to keep it unset, got %s.", password.Print())
			}
			return false, nil
		}
		if a.verifier.empty && a.verifier.iterations > 0 {
			return false, nil
		}
	default:
		return false, rowErrorf("Expected an object, string or boolean for `password`, got %s.", password.Print())
	}
	a.verifier, err = newVerifier(text, iterations)
	return true, err
}

func passwordObject(v datum.Value) (text string, iterations int, err error) {
	count, ok := v.Get("iterations")
	if !ok {
		return "", 0, rowErrorf("Expected a field named `iterations`.")
	}
	n, err := int64(0), error(nil)
	if count.Kind() == datum.KindNumber {
		n, err = count.Int64()
	}
	if err != nil || n < 1 {
		return "", 0, rowErrorf("Expected `iterations` to be an integer greater than zero, got %s.", count.Print())
	}
	if n > maxIterations {
		return "", 0, rowErrorf("Expected `iterations` to be at most %d, got %s.", maxIterations, count.Print())
	}
	password, ok := v.Get("password")
	if !ok {
		return "", 0, rowErrorf("Expected a field named `password`.")
	}
	if password.Kind() != datum.KindString {
		// The value is not repeated in the error: it may be a password in the wrong place.
		return "", 0, rowErrorf("Expected `password` to be a string, got %s.", password.TypeName())
	}
	if err := refuseOtherKeys(v, "iterations", "password"); err != nil {
		return "", 0, err
	}
	return password.AsString(), int(n), nil
}

// refuseOtherKeys fails for an object with keys that are not among known.
func refuseOtherKeys(v datum.Value, known ...string) error {
	var extra []string
next:
	for i := range v.Len() {
		key, _ := v.FieldAt(i)
		for _, k := range known {
			if k == key {
				continue next
			}
		}
		extra = append(extra, key)
	}
	if extra == nil {
		return nil
	}
	return rowErrorf("Unexpected key(s) `%s`.", strings.Join(extra, "`, `"))
}
