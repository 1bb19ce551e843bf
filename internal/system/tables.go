package system

import (
	"maps"
	"slices"
	"strings"

	"rethinkdb/internal/datum"
)

// systemTables is the one list of all system tables. Those whose names begin with _ are not listed to users and are for
// admin only.
func (s *System) systemTables() map[string]*systemTable {
	tables := map[string]*systemTable{}
	for name, src := range map[string]source{
		"access_config":   accessConfig{s},
		"audit":           auditTable{s, illegalToWrite("audit")},
		"bearer_tokens":   bearerTokens{s},
		"cluster_config":  clusterConfig{s},
		"cluster_members": membersTable{s},
		"current_issues":  issuesTable{s, illegalToWrite("current_issues")},
		"db_config":       dbConfig{s},
		"jobs":            jobsTable{s},
		"logs":            logsTable{s, "It's illegal to write to the `rethinkdb.logs` system table."},
		"permissions":     permissionsTable{s},
		"security_status": securityStatus{s, illegalToWrite("security_status")},
		"server_config":   serverConfig{s},
		"server_status":   serverStatus{s, illegalToWrite("server_status")},
		"server_usage":    serverUsage{s, illegalToWrite("server_usage")},
		"slow_queries":    slowQueries{s, illegalToWrite("slow_queries")},
		"stats":           statsTable{s, illegalToWrite("stats")},
		"table_config":    tableConfig{s},
		"table_status":    tableStatus{s, illegalToWrite("table_status")},
		"users":           usersTable{s.users},

		"_debug_scratch":      &scratchTable{rows: map[string]datum.Value{}},
		"_debug_stats":        debugStats{s, illegalToWrite("_debug_stats")},
		"_debug_table_status": debugTableStatus{s, illegalToWrite("table_status")},
	} {
		tables[name] = newSystemTable(name, src)
	}
	if s.tokens != nil {
		tables["join_tokens"] = newSystemTable("join_tokens", joinTokens{s})
	}
	if s.logIns != nil {
		tables["web_sessions"] = newSystemTable("web_sessions", webSessions{s})
	}
	if s.keepers != nil {
		tables["metadata_status"] = newSystemTable("metadata_status", metadataStatus{s})
	}
	return tables
}

func hidden(table string) bool { return strings.HasPrefix(table, "_") }

// additions are the tables that RethinkDB does not have. They are not listed either, because tools go through the list and expect
// those that they know; everybody with the rights can name them.
var additions = []string{"access_config", "audit", "bearer_tokens", "cluster_members", "join_tokens", "metadata_status", "security_status", "server_usage", "slow_queries", "web_sessions"}

func (s *System) visibleTables() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.tables)), func(table string) bool {
		return hidden(table) || slices.Contains(additions, table)
	})
}

// tableByID returns the name of the system table with that UUID.
func (s *System) tableByID(id string) (name string, ok bool) {
	for name, t := range s.tables {
		if t.id == id {
			return name, true
		}
	}
	return "", false
}
