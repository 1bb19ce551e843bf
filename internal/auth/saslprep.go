package auth

import (
	"strings"

	"github.com/xdg-go/stringprep"
)

const (
	// maxNameBytes is the length of a user's name. A message of the handshake has 2,047 bytes, and a comma in a name takes
	// three of them.
	maxNameBytes = 512
	// maxPreparedBytes is the longest password whose spelling is looked at; it keeps a password of a megabyte from costing
	// more than its hash.
	maxPreparedBytes = 4096
)

// prepareUsername applies SASLprep (RFC 4013), after which two spellings of one name are the same name.
func prepareUsername(name string) (string, error) {
	if len(name) > maxNameBytes {
		return "", errLongUsername
	}
	prepared, err := stringprep.SASLprep.Prepare(name)
	if err != nil {
		return "", errUsername
	}
	if prepared == "" {
		return "", errEmptyUsername
	}
	if len(prepared) > maxNameBytes {
		return "", errLongUsername
	}
	return prepared, nil
}

// spellingsOf gives a password as it is, and as SASLprep spells it if that is something else. A password that SASLprep
// forbids (control characters, mixed directions) is taken as it is; one of which nothing would be left, too: it must not
// become the empty password.
func spellingsOf(password string) []string {
	if len(password) > maxPreparedBytes {
		return []string{password}
	}
	prepared, err := stringprep.SASLprep.Prepare(password)
	if err != nil || prepared == password || prepared == "" {
		return []string{password}
	}
	return []string{password, prepared}
}

// decodeName undoes the escapes of a saslname and applies SASLprep. Unlike the original, whose decoder skips the
// character after an escape, names with commas and equals signs work.
func decodeName(saslname string) (string, error) {
	if strings.IndexByte(saslname, '=') < 0 {
		return prepareUsername(saslname)
	}
	var b strings.Builder
	for i := 0; i < len(saslname); i++ {
		switch {
		case saslname[i] != '=':
			b.WriteByte(saslname[i])
		case strings.HasPrefix(saslname[i:], "=2C"):
			b.WriteByte(',')
			i += 2
		case strings.HasPrefix(saslname[i:], "=3D"):
			b.WriteByte('=')
			i += 2
		default:
			return "", errUsername
		}
	}
	return prepareUsername(b.String())
}
