package system

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func TestBearerTokens(t *testing.T) {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, func(o *Options) { o.Now = func() time.Time { return now } })
	tbl := w.system("bearer_tokens")
	insert := func(key, row string, generated bool) table.WriteResult {
		t.Helper()
		r, err := w.put(tbl, w.value(key), generated, func(datum.Value) datum.Value { return w.value(row) })
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const id = `"8b5c3f10-0000-4000-8000-000000000001"`
	r := insert(id, `{"id":`+id+`,"user":"admin","description":"metrics"}`, true)
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	secret, _ := r.New.Get("token")
	if !regexp.MustCompile(`^rethinkdb_token_[A-Z2-7]{26}$`).MatchString(secret.AsString()) {
		t.Errorf("the new row is %s", w.json(r.New))
	}
	if user, err := w.users.CheckToken(secret.AsString(), now); err != nil || user != auth.Admin {
		t.Errorf("%q, %v", user, err)
	}
	epoch := func(at time.Time) string { return w.json(timeValue(at)) }
	want := `{"created_at":` + epoch(now) + `,"description":"metrics","expires_at":` + epoch(now.Add(90*24*time.Hour)) + `,"id":` + id + `,"user":"admin"}`
	if got := w.rows(tbl, table.ScanOptions{}); !slices.Equal(got, []string{want}) {
		t.Errorf("the rows are %s, want %s", got, want)
	}
	for row, failure := range map[string]string{
		`{"id":"x"}`:                               "The row you're trying to put into `rethinkdb.bearer_tokens` has the wrong format. Expected a field named `user`.",
		`{"id":"x","user":"nobody"}`:               "User `nobody` not found.",
		`{"id":"x","user":"admin","token":"t"}`:    "The row you're trying to put into `rethinkdb.bearer_tokens` has the wrong format. Unexpected key(s): token",
		`{"id":"x","user":"admin","expires_at":1}`: "The row you're trying to put into `rethinkdb.bearer_tokens` has the wrong format. In `expires_at`: Expected a time; got 1",
	} {
		wantError(t, insert(`"x"`, row, true).Err, reql.OpFailed, failure)
	}
	wantError(t, insert(`"x"`, `{"id":"x","user":"admin"}`, false).Err, reql.OpFailed,
		"The primary key of a row of the `rethinkdb.bearer_tokens` table is chosen by the server. Leave it out.")
	change, err := w.update(tbl, id, `{"description":"other"}`)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, change.Err, reql.OpFailed, "It's illegal to change rows of the `rethinkdb.bearer_tokens` table. Insert a new one and delete this one.")
	if r := insert(`"y"`, `{"id":"y","user":"admin","expires_at":null}`, true); r.Err != nil {
		t.Error(r.Err)
	}
	if _, err := w.put(tbl, w.value(id), false, func(datum.Value) datum.Value { return datum.Value{} }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.users.CheckToken(secret.AsString(), now); err == nil {
		t.Error("a token that was deleted is still good")
	}
	if names, err := w.Tables(exec.DB{ID: DatabaseID}); err != nil || slices.Contains(names, "bearer_tokens") {
		t.Errorf("the tables are %v, %v", names, err)
	}
}
