package admin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// kind is what an object is. The words are those of 1.x: a machine is a server, and a datacenter is a tag of servers.
type kind string

const (
	machineKind    kind = "machine"
	datacenterKind kind = "datacenter"
	databaseKind   kind = "database"
	tableKind      kind = "table"
)

// object is something that commands name. A datacenter has no identifier.
type object struct {
	kind
	id, name string
	db       string // of a table: the identifier of its database
}

// The rows of the system database, as far as commands show them.
type (
	machine struct {
		ID, Name string
		Tags     []string
	}
	database struct{ ID, Name string }
	table    struct {
		ID, Name, DB string
		PrimaryKey   string `json:"primary_key"`
		Durability   string
		WriteAcks    any `json:"write_acks"`
		Shards       []struct {
			Primary  string `json:"primary_replica"`
			Replicas []string
		}
	}
)

// cluster is everything that has a name, at one moment; all lists are in order of their identifiers.
type cluster struct {
	machines  []machine
	databases []database
	tables    []table
}

func readCluster(c *Connection) (cl cluster, err error) {
	if cl.machines, err = tableOf[machine](c, "server_config"); err != nil {
		return cl, err
	}
	if cl.databases, err = tableOf[database](c, "db_config"); err != nil {
		return cl, err
	}
	if cl.tables, err = tableOf[table](c, "table_config"); err != nil {
		return cl, err
	}
	slices.SortFunc(cl.machines, func(a, b machine) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(cl.databases, func(a, b database) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(cl.tables, func(a, b table) int { return cmp.Compare(a.ID, b.ID) })
	return cl, nil
}

// datacenters are the tags of all servers.
func (cl cluster) datacenters() []string {
	var tags []string
	for _, m := range cl.machines {
		tags = append(tags, m.Tags...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// objects are all objects of the kinds named, all kinds when none is.
func (cl cluster) objects(kinds ...kind) []object {
	var all []object
	for _, m := range cl.machines {
		all = append(all, object{kind: machineKind, id: m.ID, name: m.Name})
	}
	for _, tag := range cl.datacenters() {
		all = append(all, object{kind: datacenterKind, name: tag})
	}
	for _, d := range cl.databases {
		all = append(all, object{kind: databaseKind, id: d.ID, name: d.Name})
	}
	for _, t := range cl.tables {
		all = append(all, object{kind: tableKind, id: t.ID, name: t.Name, db: t.DB})
	}
	if len(kinds) == 0 {
		return all
	}
	return slices.DeleteFunc(all, func(o object) bool { return !slices.Contains(kinds, o.kind) })
}

const (
	// minPrefixBytes is how much of an identifier must be given.
	minPrefixBytes = 4
)

// find looks for the object that a word names: by its name, by database and table with a dot, or by the beginning of its identifier.
func (cl cluster) find(word string, kinds ...kind) (object, error) {
	objects := cl.objects(kinds...)
	named := slices.DeleteFunc(slices.Clone(objects), func(o object) bool {
		return o.name != word && (o.kind != tableKind || cl.path(o) != word)
	})
	switch len(named) {
	case 0:
	case 1:
		return named[0], nil
	default:
		return object{}, ambiguous(word, named)
	}
	return byPrefix(objects, func(o object) string { return o.id }, word)
}

// byPrefix looks for what has an identifier that begins with a word.
func byPrefix[T any](list []T, id func(T) string, word string) (found T, err error) {
	if len(word) < minPrefixBytes {
		return found, mistakef("identifier not found, too short to specify a uuid: %s", word)
	}
	n := 0
	for _, o := range list {
		if strings.HasPrefix(id(o), strings.ToLower(word)) {
			found = o
			n++
		}
	}
	switch n {
	case 0:
		return found, mistakef("identifier not found: %s", word)
	case 1:
		return found, nil
	default:
		return found, fmt.Errorf("uuid not unique: %s", word)
	}
}

func ambiguous(word string, objects []object) error {
	lines := []string{fmt.Sprintf("'%s' not unique, possible objects:", word)}
	for _, o := range objects {
		name := string(o.kind)
		if o.kind == tableKind {
			name = "table (r)"
		}
		lines = append(lines, fmt.Sprintf("%-13s %s", name, short(o.id)))
	}
	return fmt.Errorf("%s", strings.Join(lines, "\n"))
}

// path is the name of a table with its database.
func (cl cluster) path(o object) string {
	return cl.databaseName(o.db) + "." + o.name
}

func (cl cluster) databaseName(id string) string {
	for _, d := range cl.databases {
		if d.ID == id {
			return d.Name
		}
	}
	return noID
}

func (cl cluster) machine(id string) machine {
	i := slices.IndexFunc(cl.machines, func(m machine) bool { return m.ID == id })
	if i < 0 {
		return machine{ID: id, Name: noID}
	}
	return cl.machines[i]
}

// noID stands for an identifier or a name that there is not.
const noID = "none"

// short is the beginning of an identifier, as lists show it.
func short(id string) string {
	if id == "" {
		return noID
	}
	return id[:min(len(id), 8)]
}

// replicas counts the replicas of a table, all and primary ones, on the servers that are.
func (t table) replicas(are func(id string) bool) (all, primary int) {
	for _, shard := range t.Shards {
		for _, id := range shard.Replicas {
			if are(id) {
				all++
			}
		}
		if are(shard.Primary) {
			primary++
		}
	}
	return all, primary
}

func anywhere(string) bool { return true }
