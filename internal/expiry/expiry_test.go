package expiry

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a catalog in memory with one table, and an Expirer that is called by hand.
type world struct {
	*testing.T
	catalog *catalog.Catalog
	id      catalog.TableID
	now     time.Time
	expirer *Expirer
}

func newWorld(t *testing.T) *world {
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS()})
	if err != nil {
		t.Fatal(err)
	}
	meta, err := metadata.Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(meta.Close)
	c, err := catalog.Open(t.Context(), catalog.Options{Store: store, Metadata: meta, Compile: exec.CompileIndex,
		NewServer: catalog.Server{Name: "a", Tags: []string{catalog.DefaultTag}, CacheBytes: catalog.AutoCache}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	server := c.Snapshot().Server().ID
	db, err := c.CreateDatabase(t.Context(), "", "d")
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.CreateTable(t.Context(), catalog.TableConfig{Name: "t", Database: db.ID, PrimaryKey: "id", Durability: catalog.Soft, WriteAcks: catalog.AckMajority,
		Shards: []catalog.ShardConfig{{Primary: server, Replicas: []catalog.ServerID{server}}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, catalog: c, id: made.Config.ID, now: time.Unix(1_000_000, 0)}
	w.expirer = &Expirer{opt: Options{Catalog: c, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now }},
		failed: map[catalog.TableID]time.Time{}}
	return w
}

func (w *world) table() *catalog.Table {
	t, ok := w.catalog.Snapshot().TableByID(w.id)
	if !ok {
		w.Fatal("the table is gone")
	}
	return t
}

// expire makes rows expire so many seconds after the time in a field, and waits for the index.
func (w *world) expire(name string, seconds float64) {
	w.Helper()
	definition, err := exec.FieldIndex(name)
	if err != nil {
		w.Fatal(err)
	}
	_, after, err := w.catalog.UpdateTable(w.Context(), w.id, func(_ *catalog.Snapshot, cfg *catalog.TableConfig) error {
		cfg.TTL = &catalog.TTL{Index: name, Seconds: seconds}
		return cfg.AddIndex(catalog.Index{Name: name, Definition: definition})
	})
	if err != nil {
		w.Fatal(err)
	}
	x, _ := after.Index(name)
	<-x.Built
}

func (w *world) put(id int, field string, v datum.Value) {
	w.Helper()
	row := datum.Object([]datum.Field{{Key: "id", Val: datum.Int(int64(id))}, {Key: field, Val: v}})
	_, err := w.table().Write(w.Context(), table.WriteRequest{Keys: []datum.Value{datum.Int(int64(id))},
		Update: func(int, datum.Value) (datum.Value, error) { return row, nil }})
	if err != nil {
		w.Fatal(err)
	}
}

// at gives the time so many seconds from now.
func (w *world) at(seconds float64) datum.Value { return datum.Time(float64(w.now.Unix())+seconds, 60) }

// left gives the primary keys of all rows after everything that is over has been deleted.
func (w *world) left() string {
	w.Helper()
	for rounds := 0; w.expirer.round(w.Context()); rounds++ {
		if rounds > 100 {
			w.Fatal("there is no end of expired rows")
		}
	}
	rows, err := w.table().Scan(w.Context(), table.ScanOptions{})
	if err != nil {
		w.Fatal(err)
	}
	var ids []int
	for {
		row, ok, err := rows.Next(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if !ok {
			break
		}
		id, _ := row.Get("id")
		ids = append(ids, int(id.AsNumber()))
	}
	if err := rows.Close(); err != nil {
		w.Fatal(err)
	}
	slices.Sort(ids)
	return fmt.Sprint(ids)
}

func TestRowsExpireAtTheirTime(t *testing.T) {
	w := newWorld(t)
	w.put(1, "expires", w.at(-5)) // before the index
	w.expire("expires", 0)
	w.put(2, "expires", w.at(0))
	w.put(3, "expires", w.at(0.25))
	w.put(4, "expires", w.at(10))
	w.put(5, "expires", datum.Int(0))
	w.put(6, "expires", datum.String("2001-01-01"))
	w.put(7, "other", w.at(-5))
	w.put(8, "expires", datum.Null)
	for _, step := range []struct {
		after time.Duration
		want  string
	}{
		{0, "[3 4 5 6 7 8]"},
		{250 * time.Millisecond, "[4 5 6 7 8]"},
		{10 * time.Second, "[5 6 7 8]"},
		{1000 * time.Hour, "[5 6 7 8]"},
	} {
		w.now = time.Unix(1_000_000, 0).Add(step.after)
		if got := w.left(); got != step.want {
			t.Errorf("after %v: %s, want %s", step.after, got, step.want)
		}
	}
}

func TestRowsExpireSomeTimeAfterTheirs(t *testing.T) {
	w := newWorld(t)
	w.expire("seen", 60)
	w.put(1, "seen", w.at(-61))
	w.put(2, "seen", w.at(-59))
	if got := w.left(); got != "[2]" {
		t.Error(got)
	}
	w.put(2, "seen", w.at(0)) // seen again
	w.now = w.now.Add(2 * time.Second)
	if got := w.left(); got != "[2]" {
		t.Error(got)
	}
	w.now = w.now.Add(58 * time.Second)
	if got := w.left(); got != "[]" {
		t.Error(got)
	}
}

func TestManyRowsExpire(t *testing.T) {
	w := newWorld(t)
	w.expire("expires", 0)
	for i := range (turnBatches+2)*batchRows + 1 {
		w.put(i, "expires", w.at(float64(-i)))
	}
	w.put(-1, "expires", w.at(1))
	if got := w.left(); got != "[-1]" {
		t.Error(got)
	}
}

func TestIndexOfExpiryStays(t *testing.T) {
	w := newWorld(t)
	w.expire("expires", 0)
	var inUse *catalog.IndexInUseError
	for name, err := range map[string]error{
		"drop":   w.catalog.DropIndex(t.Context(), w.id, "expires"),
		"rename": w.catalog.RenameIndex(t.Context(), w.id, "expires", "other", false),
	} {
		if !errors.As(err, &inUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An Expirer that runs deletes an expired row by itself, and ends when it is stopped.
func TestStart(t *testing.T) {
	w := newWorld(t)
	w.expire("expires", 0)
	w.put(1, "expires", datum.Time(float64(time.Now().Unix()-1), 0))
	e := Start(Options{Catalog: w.catalog, Logger: slog.New(slog.DiscardHandler)})
	defer e.Stop()
	began := time.Now()
	for tick := time.NewTicker(10 * time.Millisecond); ; <-tick.C {
		n, err := w.table().Count(t.Context(), table.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatal("an expired row stays")
		}
	}
}
