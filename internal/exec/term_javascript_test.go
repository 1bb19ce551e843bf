package exec_test

import (
	"log/slog"
	"net/netip"
	"testing"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/session"
)

// noScripts is a cluster where nobody may run JavaScript.
type noScripts struct{ memCluster }

func (noScripts) RequireScripts(*exec.Client) error {
	return reql.Errorf(reql.Permission, "no scripts")
}

// Without the right no script runs, wherever it is in a query, and not even its source is evaluated.
func TestScriptsTakeARight(t *testing.T) {
	e := exec.New(noScripts{}, slog.New(slog.DiscardHandler))
	s := &server{compiler: e.Open(session.Client{User: "bob", Addr: netip.MustParseAddrPort("127.0.0.1:1")})}
	for query, place := range map[string]string{
		`r.js("1")`:                              "",
		`r.js(r.error("evaluated"))`:             "",
		`r.expr([1]).map(r.js("x => x"))`:        "\nat [1]",
		`r.expr([1]).map(x => r.js("1").add(x))`: "\nat [1,1,0]",
	} {
		if got := s.run(t, query); got != "Permission: no scripts"+place {
			t.Errorf("%s\n%s", query, got)
		}
	}
}
