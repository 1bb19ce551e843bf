package metrics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/access"
	"rethinkdb/internal/audit"
	"rethinkdb/internal/login"
	"rethinkdb/internal/session"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/system"
	"rethinkdb/internal/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// known is everything that the sources know.
type known struct {
	figures system.Figures
	err     error
}

func (k *known) Figures(context.Context) (system.Figures, error) { return k.figures, k.err }

func (*known) Census() session.Census {
	return session.Census{Clients: map[access.Port]int{access.Driver: 5}, Active: 4, Queries: 3, Cursors: 2, Feeds: 1}
}

func (*known) List() []login.Session { return make([]login.Session, 2) }

func (*known) Counts() map[audit.Count]int64 {
	return map[audit.Count]int64{
		{Kind: audit.LogInRefused, Port: "web"}: 7, {Kind: audit.LogIn, Port: "driver"}: 8, {Kind: audit.Denied, Port: "web"}: 1, {Kind: audit.Denied, Port: "driver"}: 2,
	}
}

func (*known) Metrics() storage.Metrics { return storage.Metrics{CacheBytes: 10, Compactions: 11} }

func (k *known) get(t *testing.T) (code int, text string) {
	t.Helper()
	h, err := NewHandler(Sources{
		Version: "2.4.4", Started: time.UnixMilli(1500), System: k, Sessions: k, LogIns: k, Audit: k, Store: k,
		Usage: func() system.Usage { return system.Usage{MemoryBytes: 12} }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(b)
}

func TestMetrics(t *testing.T) {
	k := &known{figures: system.Figures{
		ServerID: "id1", ServerName: "srv", Queries: 6, Issues: map[string]int{"no_password": 1},
		Tables: []system.TableFigures{{
			Database: "shop", Name: "items", Stats: table.Stats{RowsRead: 20, RowsWritten: 21}, Documents: 22, DataBytes: 23,
			Indexes: []system.IndexFigures{{Name: `a"b`, Progress: 0.5}},
		}},
	}}
	code, text := k.get(t)
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, text)
	}
	for _, want := range []string{
		`rethinkdb_server_info{id="id1",name="srv",version="2.4.4"} 1`, "rethinkdb_start_time_seconds 1.5", "rethinkdb_queries_total 6",
		`rethinkdb_issues{type="no_password"} 1`, `rethinkdb_documents_read_total{db="shop",table="items"} 20`,
		`rethinkdb_documents_written_total{db="shop",table="items"} 21`, `rethinkdb_documents{db="shop",table="items"} 22`,
		`rethinkdb_table_data_bytes{db="shop",table="items"} 23`, `rethinkdb_index_progress{db="shop",index="a\"b",table="items"} 0.5`,
		`rethinkdb_clients{port="driver"} 5`, `rethinkdb_clients{port="web"} 0`, "rethinkdb_clients_active 4", "rethinkdb_queries_running 3",
		"rethinkdb_cursors_open 2", "rethinkdb_feeds_open 1", "rethinkdb_web_sessions 2", `rethinkdb_log_ins_total{port="driver"} 8`,
		`rethinkdb_log_ins_refused_total{port="web"} 7`, `rethinkdb_log_ins_refused_total{port="intracluster"} 0`, "rethinkdb_permissions_denied_total 3",
		"rethinkdb_cache_bytes 10", "rethinkdb_compactions_total 11", "rethinkdb_memory_bytes 12",
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	for _, others := range []string{"go_goroutines ", "process_open_fds "} {
		if !strings.Contains(text, others) {
			t.Errorf("%s is missing", others)
		}
	}
	for _, m := range all {
		name := nameOf(m)
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("%s has no value", name)
		}
		if strings.HasSuffix(name, "_total") != strings.Contains(text, "# TYPE "+name+" counter\n") {
			t.Errorf("%s does not say whether it is a counter", name)
		}
	}
}

var descName = regexp.MustCompile(`fqName: "([a-z_]+)", help: "([^"]*)"`)

func nameOf(m metric) string { return descName.FindStringSubmatch(m.desc.String())[1] }

func TestFiguresFail(t *testing.T) {
	if code, text := (&known{err: errors.New("no disk")}).get(t); code != http.StatusInternalServerError || !strings.Contains(text, "no disk") {
		t.Errorf("%d %s", code, text)
	}
}

// The table of docs/monitoring.md has all metrics, in the order in which they are defined.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, m := range all {
		found := descName.FindStringSubmatch(m.desc.String())
		want = append(want, fmt.Sprintf("%s: %s", found[1], found[2]))
	}
	var got []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(rethinkdb_[a-z_]+)` \\| [a-z, ]*\\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		got = append(got, fmt.Sprintf("%s: %s", row[1], row[2]))
	}
	if !slices.Equal(got, want) {
		t.Errorf("docs/monitoring.md has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
