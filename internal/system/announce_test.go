package system

import (
	"context"
	"encoding/json"
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

// Who makes something is answered when the other servers know of it.
func TestOthersKnowOfWhatIsNew(t *testing.T) {
	l := &listener{id: catalog.ServerID(catalog.NewUUID())}
	w := newWorld(t, func(o *Options) { o.Peers = l })
	w.know(l.id, "beta", true)
	admin := &exec.Client{User: "admin"}
	known := func(what string) {
		t.Helper()
		last := request{}
		for _, r := range l.asked {
			if r.Kind == askKnown {
				last = r
			}
		}
		if v := uint64(w.catalog.Version()); last.Since != v {
			t.Errorf("after %s the other server was asked for version %d instead of %d", what, last.Since, v)
		}
		l.asked = nil
	}
	if _, err := w.DBCreate(ctx, admin, "d"); err != nil {
		t.Fatal(err)
	}
	known("db_create")
	d, _ := w.catalog.Snapshot().Database("d")
	db := exec.DB{ID: string(d.ID), Name: "d"}
	if _, err := w.TableCreate(ctx, admin, db, "t", exec.TableOptions{}); err != nil {
		t.Fatal(err)
	}
	known("table_create")
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
