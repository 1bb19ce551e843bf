package exec_test

import (
	"testing"

	"rethinkdb/internal/storage"
)

// TestWriteHookAfterRestart checks that a hook is there, and at work, when the server starts again.
func TestWriteHookAfterRestart(t *testing.T) {
	mem := storage.NewMemFS()
	var shown string
	t.Run("before", func(t *testing.T) {
		s := newServerIn(t, "data", mem)
		s.run(t, `r.dbCreate("test")`)
		s.run(t, `r.tableCreate("t")`)
		s.run(t, `r.do(5, x => r.table("t").setWriteHook((c, o, n) => n.merge({by: x})))`)
		shown = s.run(t, `r.table("t").getWriteHook()`)
	})
	t.Run("after", func(t *testing.T) {
		s := newServerIn(t, "data", mem)
		if got := s.run(t, `r.table("t").getWriteHook()`); got != shown {
			t.Errorf("the hook is %s, was %s", got, shown)
		}
		s.run(t, `r.table("t").insert({id: 1})`)
		if got, want := s.run(t, `r.table("t").get(1)`), `{"by":5,"id":1}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
