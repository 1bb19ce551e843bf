package admin

import (
	"errors"
	"slices"
	"strings"

	"rethinkdb/internal/reql"
)

// member is a row of cluster_members: a server of the cluster, connected or not.
type member struct{ ID, Name string }

// removeMachines takes servers out of the cluster. They are looked for among all of its members: those that can be removed are in no other list.
func removeMachines(s *Shell, a arguments) error {
	var failures []string
	for _, word := range a.positional {
		members, err := tableOf[member](s.conn, "cluster_members")
		if err != nil {
			return err
		}
		m, err := findMember(members, word)
		if err == nil {
			err = s.conn.change(term(reql.TermDelete, row("cluster_members", m.ID)))
		}
		if errors.Is(err, ErrLost) {
			return err
		}
		if err != nil {
			failures = append(failures, err.Error())
		}
	}
	return notAll(failures, len(a.positional))
}

func findMember(members []member, word string) (member, error) {
	if i := slices.IndexFunc(members, func(m member) bool { return m.Name == word }); i >= 0 { // names are unique
		return members[i], nil
	}
	return byPrefix(members, func(m member) string { return m.ID }, word)
}

// notAll is the error of a command that goes on after failures.
func notAll(failures []string, words int) error {
	switch {
	case len(failures) == 0:
		return nil
	case words > 1:
		failures = append(failures, "not all removes were successful")
	}
	return errors.New(strings.Join(failures, "\n"))
}
