package auth

// Permission is one of the rights that can be granted.
type Permission uint8

// The permissions.
const (
	Read Permission = iota
	Write
	Config
	Connect // to use r.http; only globally
	permissionCount
)

var permissionNames = [permissionCount]string{"read", "write", "config", "connect"}

func (p Permission) String() string { return permissionNames[p] }

// setting is a right that is granted, denied or left to the wider scope.
type setting int8

const (
	unset   setting = 0
	granted setting = 1
	denied  setting = -1
)

// Permissions are the settings of one scope.
type Permissions [permissionCount]setting

func (p Permissions) isUnset() bool { return p == Permissions{} }

// SystemDatabase is the id of the database `rethinkdb`, which does not inherit permissions from the global scope. It is
// the same on every server.
const SystemDatabase = "b99b9572-8e53-5fef-9a2b-5e6aba3edf1c"

// Allowed tells whether user has perm on a table, on a database (table is empty) or globally (both are empty). The
// narrowest scope where something is said decides; nothing said is no. What is said in a scope is what was set for the user
// itself; if that is nothing it is no if one of the user's roles says no, and yes if one says yes.
func (u *Users) Allowed(user string, perm Permission, database, table string) bool {
	if user == Admin {
		return true
	}
	users := *u.users.Load()
	a := users[user]
	if a == nil {
		return false
	}
	if table != "" && perm != Connect {
		if s := a.says(users, perm, Scope{database, table}); s != unset {
			return s == granted
		}
	}
	if database != "" && perm != Connect {
		if s := a.says(users, perm, Scope{Database: database}); s != unset {
			return s == granted
		}
		if database == SystemDatabase {
			return false
		}
	}
	return a.says(users, perm, Scope{}) == granted
}

// says is the setting that counts in one scope.
func (a *account) says(users map[string]*account, perm Permission, scope Scope) setting {
	if s := a.at(scope)[perm]; s != unset {
		return s
	}
	found := unset
	for _, role := range a.inherited {
		switch users[role].at(scope)[perm] {
		case denied:
			return denied
		case granted:
			found = granted
		case unset:
		}
	}
	return found
}
