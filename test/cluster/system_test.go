//go:build cluster

package cluster

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rethinkdb/test/harness"
)

// Numbers of terms that only these tests send.
const (
	infoTerm = 79
)

func systemTable(name string) any {
	return harness.Term(harness.Table, harness.Term(harness.DB, "rethinkdb"), name)
}

// status is a row of table_status.
type status struct {
	RaftLeader *string `json:"raft_leader"`
	Shards     []struct {
		PrimaryReplicas []string `json:"primary_replicas"`
		Replicas        []struct{ Server, State string }
	}
	Status struct {
		All      bool `json:"all_replicas_ready"`
		Outdated bool `json:"ready_for_outdated_reads"`
		Reads    bool `json:"ready_for_reads"`
		Writes   bool `json:"ready_for_writes"`
	}
}

func (s status) String() string {
	b, err := json.Marshal(s)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// states are those of the replicas of the only shard, in the order of the servers' names.
func (s status) states() string {
	if len(s.Shards) != 1 {
		return "no shard"
	}
	var states []string
	for _, r := range s.Shards[0].Replicas {
		states = append(states, r.Server+" "+r.State)
	}
	slices.Sort(states)
	return strings.Join(states, ", ")
}

func (s status) primary() string {
	if s.RaftLeader == nil || len(s.Shards) != 1 || !slices.Equal(s.Shards[0].PrimaryReplicas, []string{*s.RaftLeader}) {
		return ""
	}
	return *s.RaftLeader
}

// names reads the field of each row of a system table, sorted.
func names(s *server, table, field string) []string {
	s.t.Helper()
	conn, err := harness.Dial(s.Addr())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.Run(harness.Term(harness.Pluck, systemTable(table), field))
	if err != nil {
		s.t.Fatal(err)
	}
	var list []string
	for _, r := range rows {
		var row map[string]string
		if err := json.Unmarshal(r, &row); err != nil {
			s.t.Fatal(err)
		}
		list = append(list, row[field])
	}
	slices.Sort(list)
	return list
}

// showsStatus waits until the server says this of the table.
func (s *server) showsStatus(want func(status) bool) {
	s.t.Helper()
	ask(s, harness.Term(termStatus, table("t")), want)
}

// knows waits until a system table has these values of a field, and no others.
func (s *server) knows(table, field string, want ...string) {
	s.t.Helper()
	s.eventually("has "+strings.Join(want, ", ")+" in "+table, func() bool { return slices.Equal(slices.Compact(names(s, table, field)), want) })
}

// TestSystemTables has all servers tell the same of the cluster: while all are there, while one and then two are not, and when they are back.
func TestSystemTables(t *testing.T) {
	servers := start(t, "a", "b", "c")
	servers[0].createTable("t", len(servers))
	servers[0].do(harness.Term(harness.Insert, table("t"), map[string]any{"id": 1}))
	for _, s := range servers {
		for _, table := range []string{"server_config", "server_status"} {
			s.knows(table, "name", "a", "b", "c")
		}
		s.knows("logs", "server", "a", "b", "c")
		s.knows("current_issues", "type")
		s.showsStatus(func(row status) bool {
			return row.Status.All && row.Status.Writes && row.primary() == "a" && row.states() == "a ready, b ready, c ready"
		})
	}

	lost, rest := servers[0], servers[1:]
	if err := lost.Kill(); err != nil {
		t.Fatal(err)
	}
	for _, s := range rest {
		s.showsStatus(func(row status) bool {
			return (row.primary() == "b" || row.primary() == "c") && row.states() == "a disconnected, b ready, c ready" && row.Status.Writes && !row.Status.All
		})
		s.knows("server_config", "name", "b", "c")
		s.knows("server_status", "name", "b", "c")
		s.knows("current_issues", "description",
			"Table `test.t` is available for all operations, but some replicas are not ready. The following servers are not reachable: a")
		ask(s, harness.TermOpt(termWait, map[string]any{"wait_for": "ready_for_writes"}, table("t")), func(struct{ Ready int }) bool { return true })
		fails(s, harness.TermOpt(termWait, map[string]any{"timeout": 1}, table("t")), "Timed out while waiting for tables.")
		repair := harness.TermOpt(termReconfigure, map[string]any{"emergency_repair": "unsafe_rollback"}, table("t"))
		fails(s, repair, "This table doesn't need to be repaired.")
	}

	left := rest[1]
	if err := rest[0].Kill(); err != nil {
		t.Fatal(err)
	}
	left.showsStatus(func(row status) bool {
		state := "waiting_for_primary" // or it was the primary one, and still is, without a majority
		if len(row.Shards) == 1 && slices.Equal(row.Shards[0].PrimaryReplicas, []string{"c"}) {
			state = "ready"
		}
		return row.RaftLeader == nil && row.states() == "a disconnected, b disconnected, c "+state && row.Status.Outdated &&
			!row.Status.Reads && !row.Status.Writes
	})
	left.knows("current_issues", "description",
		"Table `test.t` is available for outdated reads, but not up-to-date reads or writes. The following servers are not reachable: a, b")
	ask(left, harness.Term(infoTerm, table("t")), func(row struct {
		Counts []int `json:"doc_count_estimates"`
	}) bool {
		return slices.Equal(row.Counts, []int{1})
	})
	fails(left, harness.Term(harness.DBCreate, "x"), "A majority of the servers of the cluster is currently unreachable. Nothing was changed."+
		" If they are lost for good, `rethinkdb admin recover metadata` lets the others go on.")

	for _, s := range servers[:2] {
		s.words = nil
		s.start()
	}
	ask(left, harness.TermOpt(termWait, map[string]any{"wait_for": "all_replicas_ready"}, table("t")), func(struct{ Ready int }) bool { return true })
	for _, s := range servers {
		s.knows("server_status", "name", "a", "b", "c")
		s.knows("current_issues", "type")
		s.showsStatus(func(row status) bool { return row.primary() == "a" && row.Status.All })
	}
}

// fails runs a term that fails with a text.
func fails(s *server, term any, want string) {
	s.t.Helper()
	refused := new(harness.ReQLError)
	if err := once(s, term, new(any)); !errors.As(err, &refused) || refused.Text != want {
		s.t.Errorf("server %s answers %v with %v, want %q", s.name, term, err, want)
	}
}

// TestAdministerFromElsewhere changes a server, and ends a query on it, from another one.
func TestAdministerFromElsewhere(t *testing.T) {
	servers := start(t, "a", "b")
	a, b := servers[0], servers[1]
	servers[0].createTable("t", len(servers))
	renamed := harness.Term(harness.Update, harness.Term(harness.Filter, systemTable("server_config"), map[string]any{"name": "a"}),
		map[string]any{"name": "alpha", "tags": harness.Term(harness.MakeArray, "default", "east")})
	ask(b, renamed, func(result struct{ Replaced int }) bool { return result.Replaced == 1 })
	for _, s := range servers {
		s.knows("server_status", "name", "alpha", "b")
	}

	conn, err := harness.Dial(a.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Send([]any{1, harness.Term(harness.Changes, table("t"))}); err != nil {
		t.Fatal(err)
	}
	_, first, err := conn.Receive()
	if err != nil || first.Type != harness.SuccessPartial {
		t.Fatalf("the feed begins with %+v, %v", first, err)
	}
	feeds := harness.Term(harness.Filter, systemTable("jobs"), map[string]any{"servers": harness.Term(harness.MakeArray, "alpha")})
	ask(b, harness.Term(harness.Delete, feeds), func(result struct{ Deleted int }) bool { return result.Deleted == 1 })
	ended, err := conn.Run(harness.Term(harness.Count, harness.Term(harness.Filter, systemTable("jobs"), map[string]any{"servers": harness.Term(harness.MakeArray, "alpha")})))
	if err != nil || len(ended) != 1 || string(ended[0]) != "1" { // itself
		t.Errorf("after its end there are %s jobs, %v", ended, err)
	}
}

// TestFrozenServer has a server stop answering: who looks at the cluster waits for it no longer than a moment.
func TestFrozenServer(t *testing.T) {
	servers := start(t, "a", "b", "c")
	servers[0].createTable("t", len(servers))
	frozen, rest := servers[2], servers[:2]
	if err := syscall.Kill(frozen.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"server_status", "stats", "jobs", "logs", "current_issues", "table_status"} {
		began := time.Now()
		ask(rest[0], harness.Term(harness.Count, systemTable(table)), func(int) bool { return true })
		if took := time.Since(began); took > 5*time.Second { // a second, and what else the machine has to do
			t.Errorf("it took %v to show %s", took, table)
		}
	}
	for _, s := range rest {
		s.knows("server_status", "name", "a", "b")
	}
	if err := syscall.Kill(frozen.Pid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		s.knows("server_status", "name", "a", "b", "c")
	}
}
