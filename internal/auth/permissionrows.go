package auth

import (
	"sort"
	"strings"

	"rethinkdb/internal/datum"
)

// Names resolves the ids in permissions; the catalog implements it.
type Names interface {
	// DatabaseName is the name of the database with that id, including `rethinkdb`.
	DatabaseName(id string) (name string, ok bool)
	// Table is the name of the table with that id and the id of its database.
	Table(id string) (name, database string, ok bool)
}

// IdentifierFormat is how rows of `permissions` show databases and tables: the optional argument identifier_format.
type IdentifierFormat uint8

// The identifier formats.
const (
	ByName IdentifierFormat = iota
	ByID
)

// deletedDatabase stands for the name of a database that is gone.
const deletedDatabase = "__deleted_database__"

// Scope is what permissions apply to: a table, a database (Table is empty) or everything (both are empty).
type Scope struct{ Database, Table string } // ids

// PermissionRows are all rows of the system table `permissions` in order of the primary key.
func (u *Users) PermissionRows(names Names, format IdentifierFormat) []datum.Value {
	rows := []datum.Value{
		permissionRow(Admin, Scope{}, allGranted(Scope{}), names, format),
		permissionRow(Admin, Scope{Database: SystemDatabase}, allGranted(Scope{Database: SystemDatabase}), names, format),
	}
	add := func(row datum.Value) {
		if !row.IsAbsent() {
			rows = append(rows, row)
		}
	}
	for _, name := range u.names() {
		a := u.find(name)
		if a == nil || name == Admin {
			continue
		}
		add(permissionRow(name, Scope{}, a.global, names, format))
		for id, p := range a.databases {
			add(permissionRow(name, Scope{Database: id}, p, names, format))
		}
		for id, g := range a.tables {
			add(permissionRow(name, Scope{g.database, id}, g.permissions, names, format))
		}
	}
	sort.Slice(rows, func(i, j int) bool {
		a, _ := rows[i].Get("id")
		b, _ := rows[j].Get("id")
		return datum.Compare(a, b) < 0
	})
	return rows
}

// PermissionRow is the row with that primary key, Absent when there is none.
func (u *Users) PermissionRow(key datum.Value, names Names, format IdentifierFormat) datum.Value {
	name, scope, err := parsePermissionKey(key, names)
	if err != nil {
		return datum.Value{}
	}
	if name == Admin {
		if scope == (Scope{}) || scope == (Scope{Database: SystemDatabase}) {
			return permissionRow(Admin, scope, allGranted(scope), names, format)
		}
		return datum.Value{}
	}
	a := u.find(name)
	if a == nil {
		return datum.Value{}
	}
	return permissionRow(name, scope, a.at(scope), names, format)
}

// WritePermission merges the permissions of row into those with that primary key, or unsets them all when row is
// Absent. gone says that no right is set afterwards, so that there is no such row any more. Errors are as in WriteUser.
func (u *Users) WritePermission(key datum.Value, generated bool, row datum.Value, names Names, format IdentifierFormat) (gone bool, err error) {
	if generated {
		return false, rowErrorf("You must specify a primary key.")
	}
	name, scope, err := parsePermissionKey(key, names)
	if err != nil {
		return false, err
	}
	if name == Admin {
		return false, rowErrorf("The permissions of the user `%s` can't be modified.", name)
	}
	u.writing.Lock()
	defer u.writing.Unlock()
	old := u.find(name)
	if old == nil {
		return false, rowErrorf("No user named `%s`.", name)
	}
	a := old.clone()
	if row.IsAbsent() {
		a.set(scope, Permissions{})
		return true, u.put(name, a)
	}
	if err := checkPermissionRow(row, name, scope, names, format); err != nil {
		return false, err
	}
	change, ok := row.Get("permissions")
	if !ok {
		return false, rowErrorf("Expected a field `permissions`.")
	}
	p := a.at(scope)
	if err := p.merge(change, scope); err != nil {
		return false, err
	}
	if err := refuseOtherKeys(row, rowKeys(scope)...); err != nil {
		return false, err
	}
	a.set(scope, p)
	return p.isUnset(), u.put(name, a)
}

// Grant merges change, an object of booleans and nulls, into the permissions of user in scope: the term `grant`. before
// and after are objects, or null when no right is set.
func (u *Users) Grant(user string, scope Scope, change datum.Value) (before, after datum.Value, err error) {
	if len(user) > maxNameBytes {
		return before, after, rowErrorf("Expected a username of at most %d bytes, got %d.", maxNameBytes, len(user))
	}
	name, err := prepareUsername(user)
	if err != nil {
		return before, after, err
	}
	if name == Admin {
		return before, after, rowErrorf("The permissions of the user `%s` can't be modified.", name)
	}
	u.writing.Lock()
	defer u.writing.Unlock()
	old := u.find(name)
	if old == nil {
		return before, after, rowErrorf("User `%s` not found.", name)
	}
	p := old.at(scope)
	before = p.value()
	if err := p.merge(change, scope); err != nil {
		return before, after, err
	}
	a := old.clone()
	a.set(scope, p)
	return before, p.value(), u.put(name, a)
}

// ForgetTable removes the permissions on a dropped table.
func (u *Users) ForgetTable(table string) error {
	return u.forget(func(a *account) bool {
		_, ok := a.tables[table]
		delete(a.tables, table)
		return ok
	})
}

// ForgetDatabase removes the permissions on a dropped database and on its tables.
func (u *Users) ForgetDatabase(database string) error {
	return u.forget(func(a *account) bool {
		_, found := a.databases[database]
		delete(a.databases, database)
		for id, g := range a.tables {
			if g.database == database {
				delete(a.tables, id)
				found = true
			}
		}
		return found
	})
}

func (u *Users) forget(remove func(*account) (changed bool)) error {
	u.writing.Lock()
	defer u.writing.Unlock()
	for _, name := range u.names() {
		if a := u.find(name).clone(); remove(a) {
			if err := u.put(name, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *account) at(scope Scope) Permissions {
	switch {
	case scope.Table != "":
		return a.tables[scope.Table].permissions
	case scope.Database != "":
		return a.databases[scope.Database]
	}
	return a.global
}

// set replaces the permissions of a scope; a is a clone.
func (a *account) set(scope Scope, p Permissions) {
	switch {
	case scope.Table != "" && p.isUnset():
		delete(a.tables, scope.Table)
	case scope.Table != "":
		a.tables[scope.Table] = tableGrant{scope.Database, p}
	case scope.Database != "" && p.isUnset():
		delete(a.databases, scope.Database)
	case scope.Database != "":
		a.databases[scope.Database] = p
	default:
		a.global = p
	}
}

func allGranted(scope Scope) Permissions {
	p := Permissions{Read: granted, Write: granted, Config: granted}
	if scope == (Scope{}) {
		p[Connect] = granted
	}
	return p
}

// merge applies an object like {"read": true, "write": null}.
func (p *Permissions) merge(change datum.Value, scope Scope) error {
	if !change.IsObject() {
		return rowErrorf("Expected an object, got %s.", change.Print())
	}
	for perm, name := range permissionNames {
		v, ok := change.Get(name)
		if !ok {
			continue
		}
		if Permission(perm) == Connect && scope != (Scope{}) {
			return rowErrorf("The `connect` permission is only valid at the global scope.")
		}
		switch v.Kind() {
		case datum.KindBool:
			p[perm] = denied
			if v.AsBool() {
				p[perm] = granted
			}
		case datum.KindNull:
			p[perm] = unset
		default:
			return rowErrorf("Expected a boolean or null for `%s`, got %s.", name, v.Print())
		}
	}
	return refuseOtherKeys(change, permissionNames[:]...)
}

// value is the object with the rights that are set, or null.
func (p Permissions) value() datum.Value {
	var fields []datum.Field
	for perm, name := range permissionNames {
		if p[perm] != unset {
			fields = append(fields, datum.Field{Key: name, Val: datum.Bool(p[perm] == granted)})
		}
	}
	if fields == nil {
		return datum.Null
	}
	return datum.Object(fields)
}

// permissionRow is Absent when nothing is set, or the scope is a table that is gone.
func permissionRow(user string, scope Scope, p Permissions, names Names, format IdentifierFormat) datum.Value {
	if p.isUnset() {
		return datum.Value{}
	}
	id := []datum.Value{datum.String(user)}
	fields := []datum.Field{{Key: "user", Val: datum.String(user)}, {Key: "permissions", Val: p.value()}}
	if scope.Database != "" {
		shown := scope.Database
		if format == ByName {
			var ok bool
			if shown, ok = names.DatabaseName(scope.Database); !ok {
				shown = deletedDatabase
			}
		}
		id = append(id, datum.String(scope.Database))
		fields = append(fields, datum.Field{Key: "database", Val: datum.String(shown)})
	}
	if scope.Table != "" {
		shown, _, ok := names.Table(scope.Table)
		if !ok {
			return datum.Value{}
		}
		if format == ByID {
			shown = scope.Table
		}
		id = append(id, datum.String(scope.Table))
		fields = append(fields, datum.Field{Key: "table", Val: datum.String(shown)})
	}
	return datum.Object(append(fields, datum.Field{Key: "id", Val: datum.Array(id)}))
}

func parsePermissionKey(key datum.Value, names Names) (user string, scope Scope, err error) {
	if key.Kind() != datum.KindArray || key.Len() < 1 || key.Len() > 3 {
		return "", scope, rowErrorf("Expected an array of one to three items in the primary key, got %s.", key.Print())
	}
	if key.At(0).Kind() != datum.KindString {
		return "", scope, rowErrorf("Expected a string as the username, got %s.", key.At(0).Print())
	}
	if user, err = prepareUsername(key.At(0).AsString()); err != nil {
		return "", scope, err
	}
	if key.Len() > 1 {
		var ok bool
		if scope.Database, ok = uuidOf(key.At(1)); !ok {
			return "", scope, rowErrorf("Expected a UUID as the database, got %s.", key.At(1).Print())
		}
		if _, ok := names.DatabaseName(scope.Database); !ok {
			return "", scope, rowErrorf("No database with UUID `%s` exists.", scope.Database)
		}
	}
	if key.Len() > 2 {
		var ok bool
		if scope.Table, ok = uuidOf(key.At(2)); !ok {
			return "", scope, rowErrorf("Expected a UUID as the table, got %s.", key.At(2).Print())
		}
		if _, database, ok := names.Table(scope.Table); !ok || database != scope.Database {
			return "", scope, rowErrorf("No table with UUID `%s` exists.", scope.Table)
		}
	}
	return user, scope, nil
}

// rowKeys are the fields that a row of `permissions` may have.
func rowKeys(scope Scope) []string {
	keys := []string{"id", "user", "permissions"}
	if scope.Database != "" {
		keys = append(keys, "database")
	}
	if scope.Table != "" {
		keys = append(keys, "table")
	}
	return keys
}

// checkPermissionRow verifies that what the row says beside its key agrees with the key.
func checkPermissionRow(row datum.Value, user string, scope Scope, names Names, format IdentifierFormat) error {
	if !row.IsObject() {
		return rowErrorf("Expected an object, got %s.", row.Print())
	}
	if v, ok := row.Get("user"); ok {
		if v.Kind() != datum.KindString {
			return datum.ExpectedType(datum.KindString, v)
		}
		name, err := prepareUsername(v.AsString())
		if err != nil {
			return err
		}
		if name != user {
			return rowErrorf("The key `user` does not match the primary key.")
		}
	}
	if scope.Database != "" {
		name, ok := names.DatabaseName(scope.Database)
		if err := checkIdentifier(row, "database", scope.Database, name, ok, format); err != nil {
			return err
		}
	}
	if scope.Table != "" {
		name, _, ok := names.Table(scope.Table)
		if err := checkIdentifier(row, "table", scope.Table, name, ok, format); err != nil {
			return err
		}
	}
	return nil
}

func checkIdentifier(row datum.Value, field, id, name string, exists bool, format IdentifierFormat) error {
	v, ok := row.Get(field)
	if !ok {
		return nil
	}
	var matches bool
	if format == ByName {
		if v.Kind() != datum.KindString {
			return rowErrorf("Expected a %s name; got %s", field, v.Print())
		}
		matches = exists && v.AsString() == name
	} else {
		given, ok := uuidOf(v)
		if !ok {
			return rowErrorf("Expected a UUID; got %s", v.Print())
		}
		matches = given == id
	}
	if !matches {
		return rowErrorf("The key `%s` does not match the primary key.", field)
	}
	return nil
}

// uuidOf reads a string like 8e0b6b2f-… in either case.
func uuidOf(v datum.Value) (string, bool) {
	if v.Kind() != datum.KindString {
		return "", false
	}
	s := strings.ToLower(v.AsString())
	if len(s) != 36 {
		return "", false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return "", false
			}
		}
	}
	return s, true
}
