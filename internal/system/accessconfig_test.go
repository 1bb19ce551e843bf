package system

import (
	"net/netip"
	"slices"
	"testing"

	"rethinkdb/internal/access"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func TestAccessConfig(t *testing.T) {
	changes := 0
	w := newWorld(t, func(o *Options) {
		o.Allow[access.Driver] = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::1/128")}
		o.AccessChanged = func() { changes++ }
	})
	tbl := w.system("access_config")
	rows := func(want ...string) {
		t.Helper()
		if got := w.rows(tbl, table.ScanOptions{}); !slices.Equal(got, want) {
			t.Errorf("the rows are\n%s\nwant\n%s", got, want)
		}
	}
	const cluster = `{"allow":[],"allow_option":[],"id":"cluster"}`
	const driver = `{"allow":[],"allow_option":["10.0.0.0/8","fd00::1"],"id":"driver"}`
	rows(cluster, driver, `{"allow":[],"allow_option":[],"id":"http"}`)
	r, err := w.update(tbl, `"http"`, `{"allow":["10.1.2.3/16","::ffff:1.2.3.4","fd00::/8"]}`)
	if err != nil || r.Err != nil || !r.Changed || changes != 1 {
		t.Fatalf("%+v, %v, %d changes", r, err, changes)
	}
	const http = `{"allow":["10.1.0.0/16","1.2.3.4","fd00::/8"],"allow_option":[],"id":"http"}`
	if got := w.json(r.New); got != http {
		t.Errorf("the new row is %s", got)
	}
	rows(cluster, driver, http)
	if got := w.catalog.Snapshot().Access()[access.Web]; len(got) != 3 || got[0].String() != "10.1.0.0/16" {
		t.Errorf("the catalog has %v", got)
	}
	if r, err := w.update(tbl, `"http"`, `{"allow":["10.1.0.0/16","1.2.3.4","fd00::/8"]}`); err != nil || r.Err != nil || r.Changed || changes != 1 {
		t.Errorf("the same again: %+v, %v, %d changes", r, err, changes)
	}
	if r, err := w.update(tbl, `"http"`, `{"allow":[]}`); err != nil || r.Err != nil || changes != 2 {
		t.Errorf("%+v, %v, %d changes", r, err, changes)
	}
	if names, err := w.Tables(exec.DB{ID: DatabaseID}); err != nil || slices.Contains(names, "access_config") {
		t.Errorf("the tables are %v, %v", names, err)
	}
}

// Nobody can close the port that they have come through to themselves, unless they can undo it.
func TestAccessConfigRefusesLockout(t *testing.T) {
	w := newWorld(t)
	remote := &exec.Client{User: "admin", Addr: netip.MustParseAddrPort("[::ffff:192.168.1.2]:4711"), Port: access.Web}
	tbl := w.as(remote, "access_config", "")
	for row, want := range map[string]string{
		`{"allow":["10.0.0.0/8"]}`:                  "This would end your own connection: 192.168.1.2 is in none of these networks. Add it, or make this change on the server's machine.",
		`{"allow":["10.0.0.0/8","192.168.1.0/24"]}`: "",
		`{"allow":[]}`:                              "",
	} {
		r, err := w.update(tbl, `"http"`, row)
		if err != nil || (r.Err == nil) != (want == "") || r.Err != nil && r.Err.Error() != want {
			t.Errorf("%s: %v, %v", row, r.Err, err)
		}
	}
	if r, err := w.update(tbl, `"driver"`, `{"allow":["10.0.0.0/8"]}`); err != nil || r.Err != nil {
		t.Errorf("another port: %v, %v", r.Err, err)
	}
	if r, err := w.update(w.system("access_config"), `"http"`, `{"allow":["10.0.0.0/8"]}`); err != nil || r.Err != nil {
		t.Errorf("on this machine: %v, %v", r.Err, err)
	}
}

// Changing who may come in takes the right to configure besides those of other tables.
func TestAccessConfigRights(t *testing.T) {
	w := newWorld(t)
	if r, err := w.insert(w.system("users"), `{"id":"bob","password":false}`); err != nil || r.Err != nil {
		t.Fatalf("%+v, %v", r, err)
	}
	bob := &exec.Client{User: "bob"}
	system := exec.DB{ID: DatabaseID, Name: "rethinkdb"}
	for _, right := range []string{"read", "write", "config"} {
		_, err := w.update(w.as(bob, "access_config", ""), `"http"`, `{"allow":["127.0.0.1"]}`)
		wantError(t, err, reql.Permission, "User `bob` does not have the required `"+right+"` permission.")
		if _, err := w.Grant(ctx, w.admin, &system, "", "bob", w.value(`{"`+right+`":true}`)); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := w.update(w.as(bob, "access_config", ""), `"http"`, `{"allow":["127.0.0.1"]}`); err != nil || r.Err != nil {
		t.Errorf("%v, %v", r.Err, err)
	}
}
