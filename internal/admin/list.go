package admin

import (
	"slices"
	"strconv"
	"strings"
)

// id is an identifier as a list shows it.
func (a arguments) id(id string) string {
	if a.has("--long") && id != "" {
		return id
	}
	return short(id)
}

func list(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	if len(a.positional) > 0 {
		return s.show(cl, a.positional[0])
	}
	t := columns{{"type", "uuid", "name"}}
	for _, k := range []kind{machineKind, datacenterKind, databaseKind, tableKind} {
		for _, o := range cl.objects(k) {
			t = append(t, []string{string(k), a.id(o.id), o.name})
		}
	}
	s.print(t)
	return nil
}

func listMachines(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	t := columns{{"uuid", "name", "datacenter"}}
	if a.has("--long") {
		t[0] = append(t[0], "status", "tables", "primaries", "secondaries")
	}
	for _, m := range cl.machines {
		line := []string{a.id(m.ID), m.Name, strings.Join(m.Tags, ",")}
		if a.has("--long") {
			line = append(append(line, "reach"), cl.hosted(func(id string) bool { return id == m.ID })...)
		}
		t = append(t, line)
	}
	s.print(t)
	return nil
}

// hosted is how many tables are on some servers, and with how many primary and secondary replicas.
func (cl cluster) hosted(on func(id string) bool) []string {
	tables, primaries, secondaries := 0, 0, 0
	for _, t := range cl.tables {
		if all, primary := t.replicas(on); all > 0 {
			tables++
			primaries += primary
			secondaries += all - primary
		}
	}
	return []string{strconv.Itoa(tables), strconv.Itoa(primaries), strconv.Itoa(secondaries)}
}

// tagged tells which servers have a tag.
func (cl cluster) tagged(tag string) func(id string) bool {
	return func(id string) bool { return slices.Contains(cl.machine(id).Tags, tag) }
}

func listDatacenters(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	t := columns{{"uuid", "name"}}
	if a.has("--long") {
		t[0] = append(t[0], "machines", "tables", "primaries", "secondaries")
	}
	for _, tag := range cl.datacenters() {
		line := []string{a.id(""), tag}
		if a.has("--long") {
			line = append(append(line, strconv.Itoa(len(cl.machinesWith(tag)))), cl.hosted(cl.tagged(tag))...)
		}
		t = append(t, line)
	}
	s.print(t)
	return nil
}

func (cl cluster) machinesWith(tag string) []machine {
	return slices.DeleteFunc(slices.Clone(cl.machines), func(m machine) bool { return !slices.Contains(m.Tags, tag) })
}

func (cl cluster) tablesOf(db string) []table {
	return slices.DeleteFunc(slices.Clone(cl.tables), func(t table) bool { return t.DB != db })
}

func listDatabases(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	t := columns{{"uuid", "name"}}
	if a.has("--long") {
		t[0] = append(t[0], "tables")
	}
	for _, d := range cl.databases {
		line := []string{a.id(d.ID), d.Name}
		if a.has("--long") {
			line = append(line, strconv.Itoa(len(cl.tablesOf(d.ID))))
		}
		t = append(t, line)
	}
	s.print(t)
	return nil
}

func listTables(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	t := columns{{"uuid", "name"}}
	if a.has("--long") {
		t[0] = append(t[0], "shards", "replicas", "primary", "database", "durability")
	}
	for _, tb := range cl.tables {
		line := []string{a.id(tb.ID), tb.Name}
		if a.has("--long") {
			replicas, _ := tb.replicas(anywhere)
			line = append(line, strconv.Itoa(len(tb.Shards)), strconv.Itoa(replicas), noID, cl.databaseName(tb.DB), tb.Durability)
		}
		t = append(t, line)
	}
	s.print(t)
	return nil
}

func listDirectory(s *Shell, a arguments) error {
	servers, err := tableOf[struct {
		ID, Name string
		Network  struct {
			Canonical []struct{ Host string } `json:"canonical_addresses"`
		}
	}](s.conn, "server_status")
	if err != nil {
		return err
	}
	t := columns{{"type", "name", "uuid", "ips"}}
	for _, server := range servers {
		var ips []string
		for _, address := range server.Network.Canonical {
			ips = append(ips, address.Host)
		}
		t = append(t, []string{"server", server.Name, a.id(server.ID), strings.Join(ips, " ")})
	}
	s.print(t)
	return nil
}

// issues are the descriptions of what an operator should see to, a line each.
func (s *Shell) issues() ([]string, error) {
	rows, err := tableOf[struct{ Description string }](s.conn, "current_issues")
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = strings.Join(strings.Fields(r.Description), " ")
	}
	return lines, nil
}

func listIssues(s *Shell, _ arguments) error {
	lines, err := s.issues()
	for _, line := range lines {
		s.printf("%s\n", line)
	}
	return err
}
