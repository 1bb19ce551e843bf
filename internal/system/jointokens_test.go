package system

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/peer"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/table"
)

func TestJoinTokens(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	w := newWorld(t, func(o *Options) {
		var err error
		o.Now = func() time.Time { return now }
		if o.Tokens, err = peer.OpenTokens(o.Store, o.Now); err != nil {
			t.Fatal(err)
		}
	})
	tbl := w.as(w.admin, "join_tokens", "")
	token, err := peer.NewToken(peer.Fingerprint{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	id, key := token.ID.String(), base64.StdEncoding.EncodeToString(token.PublicKey())
	in := func(d time.Duration) string {
		return fmt.Sprintf(`{"$reql_type$":"TIME","epoch_time":%d,"timezone":"+00:00"}`, now.Add(d).Unix())
	}
	good := fmt.Sprintf(`{"id":%q,"public_key":%q,"expires_at":%s}`, id, key, in(time.Hour))
	if err := outcome(w.insert(tbl, good)); err != nil {
		t.Fatal(err)
	}
	// The key is not shown, whoever asks.
	want := fmt.Sprintf(`{"created_at":%s,"expires_at":%s,"id":%q,"reusable":false}`, in(0), in(time.Hour), id)
	if rows := w.rows(tbl, table.ScanOptions{}); len(rows) != 1 || rows[0] != want {
		t.Errorf("%s, want %s", rows, want)
	}

	const bad = "The row you're trying to put into `rethinkdb.join_tokens` has the wrong format. "
	row := func(old, change string) string { return strings.Replace(good, old, change, 1) }
	other := func(row string) string { return strings.Replace(row, id, "0123456789abcdef", 1) }
	for row, want := range map[string]string{
		row(`"id":"`+id+`",`, ""):                               bad + "In `id`: Expected 16 hexadecimal digits; got .*",
		strings.Replace(good, id, strings.Repeat("X", 16), 1):   bad + "In `id`: Expected 16 hexadecimal digits; got \"XXXXXXXXXXXXXXXX\"",
		other(row(`,"public_key":"`+key+`"`, "")):               bad + "Expected a field named `public_key`.",
		other(row(key, "AAAA")):                                 "The join token was not made: the public key of a token has 32 bytes.",
		other(row(key, "?")):                                    "The join token was not made: the public key of a token has 32 bytes.",
		other(row(in(time.Hour), "5")):                          bad + "In `expires_at`: Expected a time; got 5",
		other(row(in(time.Hour), in(-time.Hour))):               "The join token was not made: a token expires in the future, and within 30 days.",
		other(row(in(time.Hour), in(31*24*time.Hour))):          "The join token was not made: a token expires in the future, and within 30 days.",
		other(row(`"public_key"`, `"reusable":1,"public_key"`)): bad + "In `reusable`: Expected a boolean; got 1",
		other(row(`"public_key"`, `"more":1,"public_key"`)):     bad + "Unexpected key\\(s\\): more",
	} {
		err := outcome(w.insert(tbl, row))
		if err == nil || !regexp.MustCompile("^"+want+"$").MatchString(err.Error()) {
			t.Errorf("%s: %v, want %s", row, err, want)
		}
	}
	if err := outcome(w.insert(tbl, other(good))); err != nil {
		t.Error(err)
	}
	err = outcome(w.update(tbl, `"`+id+`"`, `{"reusable":true}`))
	wantError(t, err, reql.OpFailed, "It's illegal to change rows of the `rethinkdb.join_tokens` table. Delete the row and make a new token.")

	// It takes config permission, besides write.
	if err := w.users.WriteUser(str("clerk"), false, w.value(`{"id":"clerk","password":"x"}`)); err != nil {
		t.Fatal(err)
	}
	clerk := &exec.Client{User: "clerk"}
	for _, right := range []string{"read", "write"} {
		if _, err := w.Grant(ctx, w.admin, nil, "", "clerk", w.value(`{"`+right+`":true}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := outcome(w.remove(w.as(clerk, "join_tokens", ""), `"`+id+`"`)); !isDenied(err) {
		t.Errorf("a user without config permission has revoked a token: %v", err)
	}
	if _, err := w.as(clerk, "join_tokens", "").Get(ctx, str(id), table.ReadOptions{}); !isDenied(err) {
		t.Errorf("a user without config permission has read a token: %v", err)
	}
	for range 2 { // the second time there is nothing to delete
		if err := outcome(w.remove(tbl, `"`+id+`"`)); err != nil {
			t.Error(err)
		}
	}
	if rows := w.rows(tbl, table.ScanOptions{}); len(rows) != 1 || !strings.Contains(rows[0], "0123456789abcdef") {
		t.Errorf("what is left: %s", rows)
	}
}

// outcome is the error of a write, or of its only row.
func outcome(r table.WriteResult, err error) error {
	if err != nil {
		return err
	}
	return r.Err
}
