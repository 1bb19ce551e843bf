package admin

import (
	"errors"
	"fmt"

	"rethinkdb/internal/reql"
)

// maxKeyBytes is what the handshakes before V1_0 let a key be.
const maxKeyBytes = 2048

// setAuth sets the password of admin.
func setAuth(s *Shell, a arguments) error {
	key := a.positional[0]
	if key == "-" {
		var err error
		if key, err = s.in.ReadSecret("Authentication key: "); err != nil {
			return fmt.Errorf("read the authentication key: %w", err)
		}
	}
	switch {
	case key == "":
		return errors.New("the authentication key is empty; use unset auth to remove the one that is set")
	case len(key) > maxKeyBytes:
		return fmt.Errorf("the provided authorization key is too long, max length: %d", maxKeyBytes)
	}
	return s.setPassword(key)
}

func unsetAuth(s *Shell, _ arguments) error { return s.setPassword(false) }

// setUserPassword sets the password of a user, which is never a word of the command.
func setUserPassword(s *Shell, a arguments) error {
	name := a.positional[0]
	users, err := rowsOf[*struct{}](s.conn, row("users", name))
	if err != nil {
		return err
	}
	if len(users) == 0 || users[0] == nil {
		return fmt.Errorf("there is no user %s", name)
	}
	password, err := s.in.ReadSecret("Password for " + name + ": ")
	if err != nil {
		return fmt.Errorf("read the password: %w", err)
	}
	if password == "" {
		return errors.New("the password is empty")
	}
	return s.conn.change(term(reql.TermUpdate, row("users", name), map[string]any{"password": password}))
}

// setPassword writes a password, or false for none.
func (s *Shell) setPassword(password any) error {
	return s.conn.change(term(reql.TermUpdate, row("users", user), map[string]any{"password": password}))
}

func listAuth(s *Shell, _ arguments) error {
	users, err := rowsOf[struct{ Password bool }](s.conn, row("users", user))
	if err != nil {
		return err
	}
	if len(users) == 1 && users[0].Password {
		s.printf("An authentication key is set. What is kept of it does not suffice to show it.\n")
		return nil
	}
	s.printf("\n")
	return nil
}

// resolve is always about nothing: see its help.
func resolve(*Shell, arguments) error { return errors.New("value is not in conflict") }

func touch(*Shell, arguments) error { return nil }
