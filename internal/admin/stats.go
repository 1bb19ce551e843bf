package admin

import (
	"encoding/json"
	"maps"
	"slices"
)

// statsRow is a row of rethinkdb.stats: the last identifiers of ID are those of a table, a server or both.
type statsRow struct {
	ID      []string
	Query   map[string]any `json:"query_engine"`
	Storage map[string]any `json:"storage_engine"`
}

func listStats(s *Shell, a arguments) error {
	cl, err := readCluster(s.conn)
	if err != nil {
		return err
	}
	machines, tables := map[string]bool{}, map[string]bool{}
	for _, word := range a.positional {
		o, err := cl.find(word)
		switch {
		case err != nil:
			return err
		case o.kind == machineKind:
			machines[o.id] = true
		case o.kind == tableKind:
			tables[o.id] = true
		default:
			return mistakef("object filter is not a machine or table: %s", word)
		}
	}
	rows, err := tableOf[statsRow](s.conn, "stats")
	if err != nil {
		return err
	}
	chosen := func(set map[string]bool, id string) bool { return len(set) == 0 || set[id] }
	t := columns{{"machine", "category", "stat", "value"}}
	for _, r := range rows {
		switch {
		case len(r.ID) == 2 && r.ID[0] == "server" && len(tables) == 0 && chosen(machines, r.ID[1]):
			t = r.append(t, cl.machine(r.ID[1]).Name, "server")
		case len(r.ID) == 3 && r.ID[0] == "table_server" && chosen(tables, r.ID[1]) && chosen(machines, r.ID[2]):
			t = r.append(t, cl.machine(r.ID[2]).Name, cl.tablePath(r.ID[1]))
		}
	}
	s.print(t)
	return nil
}

func (cl cluster) tablePath(id string) string {
	for _, o := range cl.objects(tableKind) {
		if o.id == id {
			return cl.path(o)
		}
	}
	return short(id)
}

func (r statsRow) append(t columns, machine, category string) columns {
	for name, v := range flatten("query_engine", r.Query) {
		t = append(t, []string{machine, category, name, v})
	}
	for name, v := range flatten("storage_engine", r.Storage) {
		t = append(t, []string{machine, category, name, v})
	}
	return t
}

// flatten yields the numbers of nested objects, sorted, their names joined with dots.
func flatten(name string, v any) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) { walk(name, v, yield) }
}

func walk(name string, v any, yield func(name, value string) bool) bool {
	fields, ok := v.(map[string]any)
	if !ok {
		text, err := json.Marshal(v)
		return err != nil || yield(name, string(text))
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !walk(name+"."+key, fields[key], yield) {
			return false
		}
	}
	return true
}
