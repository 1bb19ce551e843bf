package exec

import "rethinkdb/internal/reql"

// name evaluates argument i to the name of a thing; what kind of thing is for the error text.
func (c call) name(i int, kind string) (string, error) {
	d, at, err := c.args[i].datum(c.fr)
	if err != nil {
		return "", err
	}
	s, err := strAt(d, at)
	if err != nil {
		return "", err
	}
	return s, checkName(s, kind, at)
}

// checkName refuses what is no name of a database, a table or a server tag.
func checkName(s, kind string, at *reql.Term) error {
	valid := s != ""
	for i := 0; i < len(s) && valid; i++ {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			valid = false
		}
	}
	if valid {
		return nil
	}
	return failAt(at, reql.QueryLogic, "%s name `%s` invalid (Use A-Z, a-z, 0-9, _ and - only).", kind, s)
}
