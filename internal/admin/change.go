package admin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"rethinkdb/internal/reql"
)

func setName(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	o, err := cl.find(a.positional[0])
	if err != nil {
		return err
	}
	name := a.positional[1]
	if !validName(name) {
		return fmt.Errorf("invalid name: %s", name)
	}
	tables := map[kind]string{machineKind: "server_config", databaseKind: "db_config", tableKind: "table_config"}
	if o.kind == datacenterKind {
		return errors.New("Datacenters are tags of servers: use set datacenter <MACHINE> <NEW-NAME> and rm datacenter <OLD-NAME>.")
	}
	return s.update(tables[o.kind], o.id, map[string]any{"name": name})
}

// validName tells whether something may have a name.
func validName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

const nameRule = "(Use A-Z, a-z, 0-9, _ and - only)"

// update changes fields of a row of a system table.
func (s *Shell) update(table, id string, fields map[string]any) error {
	return s.conn.change(term(reql.TermUpdate, row(table, id), fields))
}

func (s *Shell) setTags(id string, tags []string) error {
	return s.update("server_config", id, map[string]any{"tags": array(tags...)})
}

func (s *Shell) findMachine(word string) (machine, error) {
	cl, err := readCluster(s.conn)
	if err != nil {
		return machine{}, err
	}
	o, err := cl.find(word)
	switch {
	case err != nil:
		return machine{}, err
	case o.kind != machineKind:
		return machine{}, errors.New("target object is not a machine")
	}
	return cl.machine(o.id), nil
}

func setDatacenter(s *Shell, a arguments) error {
	m, err := s.findMachine(a.positional[0])
	if err != nil {
		return err
	}
	tag := a.positional[1]
	switch {
	case !validName(tag):
		return mistakef("invalid datacenter name.  %s", nameRule)
	case slices.Contains(m.Tags, tag):
		return nil
	}
	return s.setTags(m.ID, append(m.Tags, tag))
}

// defaultTag is the tag of a new server.
const defaultTag = "default"

func unsetDatacenter(s *Shell, a arguments) error {
	m, err := s.findMachine(a.positional[0])
	if err != nil {
		return err
	}
	return s.setTags(m.ID, []string{defaultTag})
}

func removeDatacenters(s *Shell, a arguments) error {
	return removeAll(s, a, datacenterKind, func(cl cluster, o object) error {
		for _, m := range cl.machinesWith(o.name) {
			if err := s.setTags(m.ID, slices.DeleteFunc(m.Tags, func(tag string) bool { return tag == o.name })); err != nil {
				return err
			}
		}
		return nil
	})
}

func setDurability(s *Shell, a arguments) error {
	if a.has("--soft") == a.has("--hard") {
		return mistake("exactly one of '--soft' or '--hard' must be specified")
	}
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	o, err := cl.find(a.positional[0], tableKind)
	if err != nil {
		return err
	}
	durability := "hard"
	if a.has("--soft") {
		durability = "soft"
	}
	return s.update("table_config", o.id, map[string]any{"durability": durability})
}

// created prints the identifier that a new database or table has.
func (s *Shell) created(t any) error {
	results, err := rowsOf[struct {
		Changes []struct {
			New struct{ ID string } `json:"new_val"`
		} `json:"config_changes"`
	}](s.conn, t)
	if err != nil {
		return err
	}
	for _, r := range results {
		for _, change := range r.Changes {
			s.printf("uuid: %s\n", change.New.ID)
		}
	}
	return nil
}

func createDatabase(s *Shell, a arguments) error {
	name := a.positional[0]
	if !validName(name) {
		return mistakef("invalid database name.  %s", nameRule)
	}
	return s.created(term(reql.TermDBCreate, name))
}

func createTable(s *Shell, a arguments) error {
	name := a.positional[0]
	if !validName(name) {
		return mistakef("table name invalid. %s: %s", nameRule, name)
	}
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	word := a.flags["--database"]
	db, err := cl.find(word)
	if err != nil || db.kind != databaseKind {
		// Another object may have the name of the database.
		if db, err = cl.find(word, databaseKind); err != nil {
			return mistakef("specified database is not a database: %s", word)
		}
	}
	if primary := a.flags["--primary"]; a.has("--primary") && !slices.Contains(cl.datacenters(), primary) {
		return mistakef("specified primary is not a datacenter: %s", primary)
	}
	options := map[string]any{}
	if a.has("--primary-key") {
		options["primary_key"] = a.flags["--primary-key"]
	}
	return s.created(termWith(options, reql.TermTableCreate, term(reql.TermDB, db.name), name))
}

func removeTables(s *Shell, a arguments) error {
	return removeAll(s, a, tableKind, func(cl cluster, o object) error {
		return s.conn.change(term(reql.TermTableDrop, term(reql.TermDB, cl.databaseName(o.db)), o.name))
	})
}

func removeDatabases(s *Shell, a arguments) error {
	return removeAll(s, a, databaseKind, func(_ cluster, o object) error {
		return s.conn.change(term(reql.TermDBDrop, o.name))
	})
}

// removeAll removes what the words name, and goes on after a failure.
func removeAll(s *Shell, a arguments, k kind, remove func(cluster, object) error) error {
	var failures []string
	for _, word := range a.positional {
		cl, err := readCluster(s.conn)
		if err != nil {
			return err
		}
		o, err := cl.find(word, k)
		if err == nil {
			err = remove(cl, o)
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
