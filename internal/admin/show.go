package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// universe is what replicas belong to that are not meant for a certain datacenter. Tags of servers bind no replicas.
const universe = "00000000-0000-0000-0000-000000000000"

// show is what there is to say of one object. Its identifiers are shown in full.
func (s *Shell) show(cl cluster, word string) error {
	o, err := cl.find(word)
	if err != nil {
		return err
	}
	title := fmt.Sprintf("%s '%s' %s", o.kind, o.name, o.id)
	s.printf("%s\n", strings.TrimRight(title, " "))
	switch o.kind {
	case machineKind:
		s.showMachine(cl, cl.machine(o.id))
	case datacenterKind:
		s.showDatacenter(cl, o.name)
	case databaseKind:
		tables := columns{{"uuid", "name", "primary"}}
		for _, t := range cl.tablesOf(o.id) {
			tables = append(tables, []string{t.ID, t.Name, noID})
		}
		s.printf("\n%s\n%s", counted(len(tables)-1, "table"), tables)
	default:
		i := slices.IndexFunc(cl.tables, func(t table) bool { return t.ID == o.id })
		s.showTable(cl, cl.tables[i])
	}
	return nil
}

func (s *Shell) showMachine(cl cluster, m machine) {
	for _, tag := range m.Tags {
		s.printf("in datacenter '%s'\n", tag)
	}
	lines := columns{{"table", "name", "shard", "primary"}}
	tables := 0
	for _, t := range cl.tables {
		before := len(lines)
		for i, shard := range t.Shards {
			if slices.Contains(shard.Replicas, m.ID) {
				lines = append(lines, []string{t.ID, t.Name, shardName(t, i), yesNo(shard.Primary == m.ID)})
			}
		}
		if len(lines) > before {
			tables++
		}
	}
	s.printf("\nhosting %s from %s\n%s", counted(len(lines)-1, "replica"), counted(tables, "table"), lines)
}

func (s *Shell) showDatacenter(cl cluster, tag string) {
	machines := columns{{"uuid", "name"}}
	for _, m := range cl.machinesWith(tag) {
		machines = append(machines, []string{m.ID, m.Name})
	}
	tables := columns{{"uuid", "name", "primary", "replicas"}}
	for _, t := range cl.tables {
		if all, primary := t.replicas(cl.tagged(tag)); all > 0 {
			tables = append(tables, []string{t.ID, t.Name, yesNo(primary > 0), strconv.Itoa(all)})
		}
	}
	s.printf("\n%s\n%s\n%s\n%s", counted(len(machines)-1, "machine"), machines, counted(len(tables)-1, "table"), tables)
}

func (s *Shell) showTable(cl cluster, t table) {
	replicas, _ := t.replicas(anywhere)
	s.printf("primary datacenter %s\nin database '%s' %s\nwith primary key '%s'\n", universe, cl.databaseName(t.DB), t.DB, t.PrimaryKey)
	s.printf("\naffinity with 1 datacenter\n%s", columns{
		{"uuid", "name", "replicas", "acks", "durability"},
		{universe, "universe", strconv.Itoa(replicas), strconv.Itoa(t.acks()), t.Durability},
	})
	lines := columns{{"shard", "machine uuid", "name", "primary"}}
	for i, shard := range t.Shards {
		for _, id := range shard.Replicas {
			lines = append(lines, []string{shardName(t, i), id, cl.machine(id).Name, yesNo(shard.Primary == id)})
		}
	}
	s.printf("\n%s for %s\n%s", counted(len(lines)-1, "replica"), counted(len(t.Shards), "shard"), lines)
}

// shardName is the range of a shard. Split points are not to be had, so that only a table of one shard has a range to show.
func shardName(t table, i int) string {
	if len(t.Shards) == 1 {
		return "-inf-+inf"
	}
	return strconv.Itoa(i + 1)
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// acks is how many replicas have to acknowledge a write.
func (t table) acks() int {
	if t.WriteAcks == "single" || len(t.Shards) == 0 {
		return 1
	}
	return len(t.Shards[0].Replicas)/2 + 1
}
