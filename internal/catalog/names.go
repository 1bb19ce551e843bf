package catalog

import (
	"crypto/rand"

	"github.com/google/uuid"
)

// SystemDatabase is the name of the database of system tables. No other database may have it.
const SystemDatabase = "rethinkdb"

// DeletedDatabase stands for the name of a database that is gone in what is still said about its tables.
const DeletedDatabase = "__deleted_database__"

// ValidNameHint is what users are told about the characters of names.
const ValidNameHint = "Use A-Z, a-z, 0-9, _ and - only"

// The identifiers of things, UUIDs in their canonical text form (36 characters, lower case).
type (
	// ServerID identifies a server (in fact its data directory).
	ServerID string
	// DatabaseID identifies a database.
	DatabaseID string
	// TableID identifies a table.
	TableID string
)

// ValidName reports whether s may name a database, a table, a server or a server tag. There is no limit of length.
func ValidName(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return s != ""
}

// ParseUUID returns the canonical form of s, which must be 36 characters of hexadecimal digits and dashes; other ways
// to write a UUID are refused, as the reference does.
func ParseUUID(s string) (string, bool) {
	if len(s) != 36 {
		return "", false
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return "", false
	}
	return id.String(), true
}

// NewUUID returns a random UUID.
func NewUUID() string {
	return uuid.Must(uuid.NewRandomFromReader(rand.Reader)).String()
}
