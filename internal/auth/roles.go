package auth

import (
	"maps"
	"slices"

	"rethinkdb/internal/datum"
)

// A role is a named set of permissions: an account that nobody can log in to. A user or a role may have roles, and then
// has theirs, too. Allowed has the rule by which they go together.
//
// Rows of `users` say {"id": name, "password": false, "role": true} of a role, and have "roles": [names] where there are
// any. Users without roles have rows as in RethinkDB.

// maxRoles is how many roles an account may have, those of its roles included. Each is asked at every check of a permission
// on which the user itself has no say.
const maxRoles = 32

// with is the map of all users after the account of name has changed, or is gone when a is nil. What those inherit who have
// name as a role is renewed. A *RowError tells why the change cannot be.
func (u *Users) with(name string, a *account) (map[string]*account, error) {
	users := maps.Clone(*u.users.Load())
	if a == nil {
		delete(users, name)
		return users, nil
	}
	users[name] = a
	if err := inherit(users, name); err != nil {
		return nil, err
	}
	for other, b := range users {
		if other != name && slices.Contains(b.inherited, name) {
			if err := inherit(users, other); err != nil {
				return nil, err
			}
		}
	}
	return users, nil
}

// inherit replaces the account of name by one that knows all roles that it has.
func inherit(users map[string]*account, name string) error {
	a := users[name]
	var all []string
	var add func(roles []string) error
	add = func(roles []string) error {
		for _, role := range roles {
			r := users[role]
			switch {
			case r == nil:
				return rowErrorf("Role `%s` not found.", role)
			case !r.role:
				return rowErrorf("`%s` is a user, not a role.", role)
			case role == name:
				return rowErrorf("The role `%s` can't have itself as a role.", name)
			case slices.Contains(all, role):
				continue
			case len(all) == maxRoles:
				return rowErrorf("`%s` would have more than %d roles.", name, maxRoles)
			}
			all = append(all, role)
			if err := add(r.roles); err != nil {
				return err
			}
		}
		return nil
	}
	if err := add(a.roles); err != nil {
		return err
	}
	if slices.Equal(all, a.inherited) {
		return nil
	}
	renewed := *a
	renewed.inherited = all
	users[name] = &renewed
	return nil
}

// holder is a user or a role that has the role of that name; empty if none has.
func (u *Users) holder(role string) string {
	users := *u.users.Load()
	for _, name := range u.names() {
		if slices.Contains(users[name].roles, role) {
			return name
		}
	}
	return ""
}

// setRoles applies what a row of `users` says about roles to the account.
func (a *account) setRoles(name string, row datum.Value, isNew bool) (changed bool, err error) {
	role := false
	if v, ok := row.Get("role"); ok {
		if v.Kind() != datum.KindBool || !v.AsBool() {
			return false, rowErrorf("Expected `role` to be true, or no such field for a user, got %s.", v.Print())
		}
		role = true
	}
	var roles []string
	if v, ok := row.Get("roles"); ok {
		if roles, err = roleNames(v); err != nil {
			return false, err
		}
	}
	switch {
	case name == Admin && (role || roles != nil):
		return false, rowErrorf("The user `%s` has all permissions and no roles.", name)
	case !isNew && role && !a.role:
		return false, rowErrorf("The user `%s` can't become a role.", name)
	case !isNew && !role && a.role:
		return false, rowErrorf("The role `%s` can't become a user.", name)
	}
	changed = isNew && role || !slices.Equal(roles, a.roles)
	a.role, a.roles = role, roles
	return changed, nil
}

// roleNames reads the field `roles`: names, each once and in order. No names are nil.
func roleNames(v datum.Value) ([]string, error) {
	if v.Kind() != datum.KindArray {
		return nil, rowErrorf("Expected an array of names for `roles`, got %s.", v.Print())
	}
	if v.Len() > maxRoles {
		return nil, rowErrorf("Expected at most %d names for `roles`, got %d.", maxRoles, v.Len())
	}
	var names []string
	for i := range v.Len() {
		if v.At(i).Kind() != datum.KindString {
			return nil, rowErrorf("Expected an array of names for `roles`, got %s.", v.Print())
		}
		name, err := prepareUsername(v.At(i).AsString())
		if err != nil {
			return nil, rowErrorf("Expected an array of names for `roles`, but one can't be a name.")
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
