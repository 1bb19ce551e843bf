package exec_test

import (
	"strings"
	"testing"
)

func TestFeedsNeedTheRightToRead(t *testing.T) {
	s := newServer(t)
	for _, q := range []string{
		`r.dbCreate("test")`, `r.tableCreate("t")`,
		`r.db("rethinkdb").table("users").insert({id: "bob", password: false})`,
	} {
		s.run(t, q)
	}
	bob := s.as("bob")
	const refused = "Permission: User `bob` does not have the required `read` permission."
	if out := bob.run(t, `r.typeOf(r.table("t").changes())`); out != "Internal: Unexpected exception: "+strings.TrimPrefix(refused, "Permission: ") {
		t.Error(out)
	}
	s.run(t, `r.table("t").grant("bob", {read: true})`)
	f := bob.openFeed(t, `r.table("t").changes()`)
	defer f.close()
	s.run(t, `r.table("t").insert({id: 1})`)
	if got := f.show(t, 1, false); got != `{"new_val":{"id":1},"old_val":null}` {
		t.Error(got)
	}
	s.run(t, `r.table("t").grant("bob", {read: false})`)
	s.run(t, `r.table("t").insert({id: 2})`)
	if got := f.show(t, 0, true); !strings.HasPrefix(got, refused) {
		t.Error(got)
	}
}
