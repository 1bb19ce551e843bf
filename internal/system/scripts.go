package system

import (
	"fmt"
	"slices"
	"strings"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
)

// Scripts says whose queries may run JavaScript, the term r.js.
type Scripts uint8

// The values of --javascript.
const (
	ScriptsOfAll   Scripts = iota // everybody's
	ScriptsOfAdmin                // those of the user admin
	NoScripts                     // nobody's
)

var scriptsNames = [...]string{ScriptsOfAll: "all", ScriptsOfAdmin: "admin", NoScripts: "off"}

// ParseScripts reads a value of --javascript.
func ParseScripts(text string) (Scripts, error) {
	if i := slices.Index(scriptsNames[:], text); i >= 0 {
		return Scripts(i), nil
	}
	return NoScripts, fmt.Errorf("'%s' is none of %s", text, strings.Join(scriptsNames[:], ", "))
}

// RequireScripts checks that c may run JavaScript.
func (s *System) RequireScripts(c *exec.Client) error {
	switch {
	case s.scripts == NoScripts:
		return reql.Errorf(reql.Permission, "JavaScript is disabled on this server, which was started with `--javascript off`.")
	case s.scripts == ScriptsOfAdmin && c.User != auth.Admin:
		return reql.Errorf(reql.Permission, "User `%s` may not run JavaScript on this server, which was started with `--javascript admin`.", c.User)
	}
	return nil
}
