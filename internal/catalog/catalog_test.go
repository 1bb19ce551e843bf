package catalog

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/access"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/metadata"
	"rethinkdb/internal/reql"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a data directory with a catalog that can be closed and opened again.
type world struct {
	t     *testing.T
	dir   string
	store *storage.Store
	*Catalog
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	w.openStore()
	w.openCatalog()
	t.Cleanup(func() {
		w.Close()
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

func (w *world) openStore() {
	w.t.Helper()
	store, err := storage.Open(w.dir, storage.Options{CacheBytes: 8 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	w.store = store
}

func (w *world) openCatalog() {
	w.t.Helper()
	c, err := Open(context.Background(), Options{Store: w.store, Metadata: openMetadata(w.t, w.store), NewServer: Server{Name: "alpha", Tags: []string{DefaultTag}, CacheBytes: AutoCache}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Catalog = c
}

func openMetadata(t *testing.T, store *storage.Store) *metadata.Store {
	t.Helper()
	m, err := metadata.Open(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

// restart closes everything and opens it again.
func (w *world) restart() {
	w.t.Helper()
	w.Close()
	if err := w.store.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.openStore()
	w.openCatalog()
}

func (w *world) database(name string) *Database {
	w.t.Helper()
	d, err := w.CreateDatabase(context.Background(), "", name)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) table(d *Database, name string) *Table {
	w.t.Helper()
	t, err := w.CreateTable(context.Background(), w.config(d, name))
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func (w *world) config(d *Database, name string) TableConfig {
	w.t.Helper()
	shards, err := w.Snapshot().Place(DefaultPlacement(), nil, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return TableConfig{Name: name, Database: d.ID, PrimaryKey: "id", Durability: Hard, WriteAcks: AckMajority, Shards: shards}
}

func (w *world) insert(t *Table, n int) {
	w.t.Helper()
	keys := make([]datum.Value, n)
	for i := range keys {
		keys[i] = datum.Int(int64(i))
	}
	results, err := t.Write(context.Background(), table.WriteRequest{
		Keys: keys,
		Update: func(i int, _ datum.Value) (datum.Value, error) {
			return datum.Object([]datum.Field{{Key: "id", Val: keys[i]}}), nil
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			w.t.Fatal(r.Err)
		}
	}
}

func (w *world) groups() int {
	w.t.Helper()
	groups, err := w.store.Groups()
	if err != nil {
		w.t.Fatal(err)
	}
	return len(groups) - 1 // the one of the metadata
}

func wantOpFailed(t *testing.T, err error, msg string) {
	t.Helper()
	var e *reql.Error
	if !errors.As(err, &e) || e.Class != reql.OpFailed || e.Msg != msg {
		t.Errorf("got error %v, want OpFailed %q", err, msg)
	}
}

func TestNewDirectoryGetsAnIdentityThatLasts(t *testing.T) {
	w := newWorld(t)
	first := w.Snapshot().Server()
	if _, ok := ParseUUID(string(first.ID)); !ok {
		t.Errorf("the server's id %q is no UUID", first.ID)
	}
	if first.Name != "alpha" || !slices.Equal(first.Tags, []string{"default"}) || first.CacheBytes != AutoCache {
		t.Errorf("the new server is %+v", first)
	}
	if got := w.Snapshot().Cluster().HeartbeatTimeout; got != DefaultHeartbeatTimeout {
		t.Errorf("the heartbeat timeout of a new cluster is %v", got)
	}
	changed := Server{Name: "beta", Tags: []string{"ssd", "default", "ssd"}, CacheBytes: 100}
	if err := w.SetServer(context.Background(), changed); err != nil {
		t.Fatal(err)
	}
	if err := w.SetCluster(context.Background(), Cluster{HeartbeatTimeout: 20 * time.Second}); err != nil {
		t.Fatal(err)
	}
	networks := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	if err := w.SetAccess(context.Background(), access.Web, networks); err != nil {
		t.Fatal(err)
	}
	w.restart()
	if got := w.Snapshot().Access(); !slices.Equal(got[access.Web], networks) || got[access.Driver] != nil || got[access.Cluster] != nil {
		t.Errorf("after the restart the networks are %v", got)
	}
	want := Server{ID: first.ID, Name: "beta", Tags: []string{"default", "ssd"}, CacheBytes: 100}
	if got := w.Snapshot().Server(); !reflect.DeepEqual(got, want) {
		t.Errorf("after the restart the server is %+v, want %+v", got, want)
	}
	if got := w.Snapshot().Cluster().HeartbeatTimeout; got != 20*time.Second {
		t.Errorf("after the restart the heartbeat timeout is %v", got)
	}
}

func TestTablesSurviveARestart(t *testing.T) {
	w := newWorld(t)
	d := w.database("shop")
	cfg := w.config(d, "orders")
	cfg.PrimaryKey, cfg.Durability, cfg.WriteAcks = "", Soft, AckSingle
	cfg.Shards = append(cfg.Shards, cfg.Shards[0])
	cfg.SplitPoints = UUIDSplits(2)
	cfg.WriteHook = datum.Object([]datum.Field{{Key: "query", Val: datum.String("function(x) {}")}})
	odd, err := w.CreateTable(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	full := w.table(d, "customers")
	w.insert(full, 100)
	w.restart()

	got, ok := w.Snapshot().TableByID(odd.Config.ID)
	if !ok {
		t.Fatal("the table is gone")
	}
	if !datum.Equal(got.Config.WriteHook, odd.Config.WriteHook) {
		t.Errorf("the write hook became %s", got.Config.WriteHook.Print())
	}
	a, b := got.Config, odd.Config
	a.WriteHook, b.WriteHook = datum.Value{}, datum.Value{}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("the configuration became\n%+v, was\n%+v", a, b)
	}
	db, ok := w.Snapshot().Database("shop")
	if !ok || db.ID != d.ID || !slices.Equal(db.TableNames(), []string{"customers", "orders"}) {
		t.Fatalf("the database became %+v", db)
	}
	again, _ := db.Table("customers")
	if n, err := again.Count(context.Background(), table.ReadOptions{}); err != nil || n != 100 {
		t.Errorf("the table has %d rows (%v), want 100", n, err)
	}
	if again.DB() != "shop" || again.Name() != "customers" || again.ID() != full.ID() {
		t.Errorf("the table calls itself %s.%s, %s", again.DB(), again.Name(), again.ID())
	}
}

func TestNameConflicts(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	a, b := w.database("a"), w.database("b")
	w.table(a, "t")
	other := w.table(b, "u")
	_, err := w.CreateDatabase(ctx, "", "a")
	wantOpFailed(t, err, "Database `a` already exists.")
	_, err = w.CreateDatabase(ctx, "", "rethinkdb")
	wantOpFailed(t, err, "Database `rethinkdb` already exists.")
	wantOpFailed(t, w.RenameDatabase(ctx, a.ID, "b"), "Cannot rename database `a` to `b` because database `b` already exists.")
	wantOpFailed(t, w.RenameDatabase(ctx, a.ID, "rethinkdb"),
		"Cannot rename database `a` to `rethinkdb` because database `rethinkdb` already exists.")
	_, err = w.CreateTable(ctx, w.config(a, "t"))
	wantOpFailed(t, err, "Table `a.t` already exists.")
	_, _, err = w.UpdateTable(ctx, other.Config.ID, func(_ *Snapshot, cfg *TableConfig) error {
		cfg.Database, cfg.Name = a.ID, "t"
		return nil
	})
	wantOpFailed(t, err, "Can't rename table `b.u` to `a.t` because table `a.t` already exists.")
	if _, err := w.DropTable(ctx, "no such table"); !errors.Is(err, ErrTableGone) {
		t.Errorf("dropping what is not there gives %v", err)
	}
	_, err = w.DropDatabase(ctx, "no such database")
	wantOpFailed(t, err, "The database was already deleted.")
}

func TestRenamingReachesLookUps(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	a, b := w.database("a"), w.database("b")
	table := w.table(a, "t")
	if err := w.RenameDatabase(ctx, a.ID, "c"); err != nil {
		t.Fatal(err)
	}
	if _, ok := w.Snapshot().Database("a"); ok {
		t.Error("the old name of the database still works")
	}
	moved, ok := w.Snapshot().TableByID(table.Config.ID)
	if !ok || moved.DB() != "c" {
		t.Errorf("the table says that it is in %q", moved.DB())
	}
	before, after, err := w.UpdateTable(ctx, table.Config.ID, func(_ *Snapshot, cfg *TableConfig) error {
		cfg.Database, cfg.Name, cfg.Durability = b.ID, "v", Soft
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if before.Name() != "t" || after.Name() != "v" || after.DB() != "b" || after.Table != table.Table {
		t.Errorf("the table went from %s.%s to %s.%s", before.DB(), before.Name(), after.DB(), after.Name())
	}
	c, _ := w.Snapshot().Database("c")
	b, _ = w.Snapshot().Database("b")
	if len(c.TableNames()) != 0 || !slices.Equal(b.TableNames(), []string{"v"}) {
		t.Errorf("the databases have %v and %v", c.TableNames(), b.TableNames())
	}
}

func TestDropRemovesRows(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	d := w.database("d")
	one := w.table(d, "one")
	for _, name := range []string{"two", "three"} {
		w.insert(w.table(d, name), 10)
	}
	w.insert(one, 10)
	if _, err := w.DropTable(ctx, one.Config.ID); err != nil {
		t.Fatal(err)
	}
	if n := w.groups(); n != 2 {
		t.Errorf("%d groups have rows after the drop of one of three tables", n)
	}
	n, err := w.DropDatabase(ctx, d.ID)
	if err != nil || n != 2 {
		t.Errorf("the drop of the database gives %d, %v", n, err)
	}
	if n := w.groups(); n != 0 {
		t.Errorf("%d groups have rows after all tables were dropped", n)
	}
	w.restart()
	if len(w.Snapshot().Databases()) != 0 || len(w.Snapshot().Tables()) != 0 {
		t.Error("what was dropped came back")
	}
}

// A crash can come between the two parts of the end and of the beginning of a table.
func TestCrashBetweenRecordAndRows(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	d := w.database("d")
	kept := w.table(d, "kept")
	w.insert(kept, 5)
	ended := w.table(d, "ended")
	w.insert(ended, 5)
	if err := w.store.MetaDelete(ctx, keyTable+ended.ID()); err != nil { // DropTable got this far
		t.Fatal(err)
	}
	if _, err := table.Create(ctx, w.store, table.Config{ID: "begun", PrimaryKey: "id", Groups: []storage.GroupID{99}}); err != nil { // and CreateTable this far
		t.Fatal(err)
	}
	if n := w.groups(); n != 3 {
		t.Fatalf("the test has left %d groups, not 3", n)
	}
	w.restart()
	if n := w.groups(); n != 1 {
		t.Errorf("%d groups are left after the restart, want the one of the table that exists", n)
	}
	d, _ = w.Snapshot().Database("d")
	if !slices.Equal(d.TableNames(), []string{"kept"}) {
		t.Errorf("the tables are %v", d.TableNames())
	}
	again, _ := d.Table("kept")
	if n, err := again.Count(ctx, table.ReadOptions{}); err != nil || n != 5 {
		t.Errorf("the table that was kept has %d rows (%v), want 5", n, err)
	}
}

func TestDamagedRecordsAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		record []byte
		want   string
	}{
		"random bytes":       {[]byte{250, 1, 2, 3}, "is damaged"},
		"nothing":            {nil, "is damaged"},
		"a newer format":     {datum.AppendEncoded(nil, datum.Object([]datum.Field{{Key: "v", Val: datum.Int(99)}})), "newer version"},
		"a missing field":    {encodeRecord(), `has no field "name"`},
		"a field's type":     {encodeRecord(datum.Field{Key: "name", Val: datum.Int(1)}), "wrong type NUMBER"},
		"not even an object": {datum.AppendEncoded(nil, datum.Int(5)), "has no field"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.store.MetaSet(context.Background(), keyDatabase+NewUUID(), c.record); err != nil {
				t.Fatal(err)
			}
			_, err := Open(context.Background(), Options{Store: w.store, Metadata: openMetadata(t, w.store)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), keyDatabase) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestLookUpDoesNotAllocate(t *testing.T) {
	w := newWorld(t)
	w.table(w.database("d"), "t")
	if n := testing.AllocsPerRun(100, func() {
		d, _ := w.Snapshot().Database("d")
		if _, ok := d.Table("t"); !ok {
			t.Error("the table is gone")
		}
	}); n != 0 {
		t.Errorf("a look-up allocates %v times", n)
	}
}

func TestChangesAndLookUpsAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	d := w.database("d")
	w.table(d, "always")
	done := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				snap := w.Snapshot()
				db, _ := snap.Database("d")
				if _, ok := db.Table("always"); !ok {
					t.Error("a table was missing for a moment")
					return
				}
				for _, tbl := range db.Tables() {
					if other, ok := snap.TableByID(tbl.Config.ID); !ok || other != tbl {
						t.Error("one snapshot shows two states of a table")
						return
					}
				}
			}
		})
	}
	for i := range 3 {
		writers.Go(func() {
			for j := range 10 {
				tbl, err := w.CreateTable(ctx, w.config(d, fmt.Sprintf("t%d-%d", i, j)))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := w.DropTable(ctx, tbl.Config.ID); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if got := len(w.Snapshot().Tables()); got != 1 {
		t.Errorf("%d tables are left, want 1", got)
	}
}
