package system

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
)

// listener is another server, which says what it was asked.
type listener struct {
	id    catalog.ServerID
	asked []request
}

func (l *listener) Links() []Link { return []Link{{ID: l.id, Name: "beta"}} }

func (l *listener) Ask(_ context.Context, _ catalog.ServerID, text []byte) ([]byte, error) {
	var r request
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	l.asked = append(l.asked, r)
	return []byte("null"), nil
}

// Who changes something is answered when the other servers know of it, and does not ask them when nothing has changed.
func TestOthersKnowOfWhatHasChanged(t *testing.T) {
	l := &listener{id: catalog.ServerID(catalog.NewUUID())}
	w := newWorld(t, func(o *Options) { o.Peers = l })
	w.know(l.id, "beta", true)
	admin := &exec.Client{User: "admin"}
	db := w.testDB()
	here := exec.TableOptions{PrimaryReplicaTag: "here", ReplicasByTag: map[string]int64{"here": 1}} // the other one would not get replicas
	update := func(table, key, change string) error {
		r, err := w.update(w.system(table), key, change)
		return errors.Join(err, r.Err)
	}
	for _, op := range []struct {
		name    string
		does    func() error
		changes bool
	}{
		{"db_create", func() error { _, err := w.DBCreate(ctx, admin, "d"); return err }, true},
		{"an update of server_config", func() error { return update("server_config", `"`+w.server+`"`, `{"tags":["here"]}`) }, true},
		{"table_create", func() error { _, err := w.TableCreate(ctx, admin, db, "u", here); return err }, true},
		{"index_create", func() error {
			return w.IndexCreate(ctx, admin, db, "u", exec.IndexOptions{Name: "i", Definition: []byte("i")})
		}, true},
		{"index_rename", func() error { return w.IndexRename(ctx, admin, db, "u", "i", "j", false) }, true},
		{"index_drop", func() error { return w.IndexDrop(ctx, admin, db, "u", "j") }, true},
		{"set_write_hook", func() error { return w.SetWriteHook(ctx, admin, db, "u", w.value(`"hook"`)) }, true},
		{"a dry run", func() error { _, err := w.Reconfigure(ctx, admin, db, "u", with(here, 2, true)); return err }, false},
		{"reconfigure", func() error { _, err := w.Reconfigure(ctx, admin, db, "u", with(here, 2, false)); return err }, true},
		{"rebalance", func() error {
			w.fill("u", 4)
			_, err := w.Rebalance(ctx, admin, db, "u")
			return err
		}, true},
		{"a new user", func() error { _, err := w.insert(w.system("users"), `{"id":"ann","password":"secret"}`); return err }, true},
		{"grant", func() error { _, err := w.Grant(ctx, admin, &db, "u", "ann", w.value(`{"read":true}`)); return err }, true},
		{"an update of table_config", func() error { return update("table_config", `"`+w.tbl+`"`, `{"durability":"soft"}`) }, true},
		{"an update of db_config", func() error { return update("db_config", `"`+w.db+`"`, `{"name":"renamed"}`) }, true},
		{"an update that changes nothing", func() error { return update("jobs", `["query","x"]`, `{}`) }, false},
		{"table_drop", func() error { _, err := w.TableDrop(ctx, admin, db, "u"); return err }, true},
		{"db_drop", func() error { _, err := w.DBDrop(ctx, admin, "d"); return err }, true},
	} {
		if err := op.does(); err != nil && op.changes {
			t.Fatalf("%s: %v", op.name, err)
		}
		asked := slices.DeleteFunc(l.asked, func(r request) bool { return r.Kind != askKnown })
		l.asked = nil
		want := uint64(w.catalog.Version())
		switch {
		case !op.changes && len(asked) > 0:
			t.Errorf("the other server was asked %v after %s", asked, op.name)
		case op.changes && (len(asked) == 0 || asked[len(asked)-1].Since != want):
			t.Errorf("the other server was asked %v after %s, but not for version %d", asked, op.name, want)
		}
	}
}

func with(o exec.TableOptions, shards int, dryRun bool) exec.TableOptions {
	o.Shards, o.DryRun = shards, dryRun
	return o
}

// A server answers when it knows a version.
func TestKnown(t *testing.T) {
	w := newWorld(t)
	ask := func(ctx context.Context, v uint64) error {
		text, err := json.Marshal(request{Kind: askKnown, Since: v})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Answer(ctx, text)
		return err
	}
	now := uint64(w.catalog.Version())
	if err := ask(t.Context(), now); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := ask(ended, now+1); err == nil {
		t.Error("the server knows what there is not")
	}
	answered := make(chan error)
	go func() { answered <- ask(t.Context(), now+1) }()
	if _, err := w.DBCreate(t.Context(), &exec.Client{User: "admin"}, "d"); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
