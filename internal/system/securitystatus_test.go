package system

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/selfcheck"
	"rethinkdb/internal/table"
)

func TestSecurityStatus(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		o.Security = func() selfcheck.Report {
			return selfcheck.Report{
				Server: selfcheck.ServerReport{
					ProtectedMode: "private", AuditLog: true, Networks: []string{"10.0.0.0/8"},
					Certificates: []selfcheck.Certificate{{File: "/c.pem", Expires: time.Unix(1, 0)}},
				},
				Ports: []selfcheck.PortReport{
					{
						Port: "driver", Number: 28015, Addresses: []string{"::1"}, TLS: true, Who: "Everybody.",
						Reach: selfcheck.ReachListed, Networks: []string{"10.0.0.9"}, Needs: selfcheck.NeedsPassword, Sent: selfcheck.SentEncrypted,
					},
					{Port: "http", Who: "Not open."},
				},
				Findings: []selfcheck.Finding{
					{Kind: "no_tls", Subject: "driver", Port: "driver", Severity: selfcheck.Serious, Text: "Open.", Remedy: "Close.", Commands: []string{"a", "b"}, Restart: true},
					{Kind: "no_password", Severity: selfcheck.Critical, Text: "None.", Remedy: "Set one."},
				},
			}
		}
	})
	want := []string{
		`{"commands":[],"description":"None.","id":"no_password","kind":"no_password","level":3,"port":null,"remedy":"Set one.","restart":false,"severity":"critical","type":"finding"}`,
		`{"commands":["a","b"],"description":"Open.","id":"no_tls/driver","kind":"no_tls","level":2,"port":"driver","remedy":"Close.","restart":true,"severity":"serious","type":"finding"}`,
		`{"addresses":["::1"],"id":"port/driver","needs":"password","networks":["10.0.0.9"],"number":28015,"open":true,"port":"driver","reach":"listed","sent":"encrypted","tls":true,"type":"port","who":"Everybody."}`,
		`{"addresses":[],"id":"port/http","needs":null,"networks":[],"number":0,"open":false,"port":"http","reach":null,"sent":null,"tls":false,"type":"port","who":"Not open."}`,
		`{"audit_log":true,"certificates":[{"expires_at":{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00"},"file":"/c.pem"}],"encrypted":false,"id":"server","networks":["10.0.0.0/8"],"password":false,"protected_mode":"private","type":"server"}`,
	}
	tbl := w.system("security_status")
	if got := w.rows(tbl, table.ScanOptions{}); !slices.Equal(got, want) {
		t.Errorf("the rows are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	r, err := w.update(tbl, `"no_password"`, `{"severity":"note"}`)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Err, reql.OpFailed, "It's illegal to write to the `rethinkdb.security_status` table.")
	if names, err := w.Tables(exec.DB{ID: DatabaseID}); err != nil || slices.Contains(names, "security_status") {
		t.Errorf("the tables are %v, %v", names, err)
	}
}
