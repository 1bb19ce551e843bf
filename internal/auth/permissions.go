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
// narrowest scope that says something decides; nothing said is no.
func (u *Users) Allowed(user string, perm Permission, database, table string) bool {
	if user == Admin {
		return true
	}
	a := u.find(user)
	if a == nil {
		return false
	}
	if perm == Connect {
		return a.global[Connect] == granted
	}
	if table != "" {
		if s := a.tables[table].permissions[perm]; s != unset {
			return s == granted
		}
	}
	if database != "" {
		if s := a.databases[database][perm]; s != unset {
			return s == granted
		}
	}
	return database != SystemDatabase && a.global[perm] == granted
}
