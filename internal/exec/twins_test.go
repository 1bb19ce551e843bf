package exec_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/forward"
	"rethinkdb/internal/session"
	"rethinkdb/internal/storage"
	stored "rethinkdb/internal/table"
)

// Twins are two engines over the same tables, one of which takes parts of tables for those of the other. So all tests of the language can
// show that it does not matter where tables are.

// newTwins gives a server whose ordinary tables are on another one.
func newTwins(t testing.TB) *server {
	s := newServer(t)
	pool := dial(t, s.twin(s.system))
	s.engine.UseRouter(func() exec.Router { return elsewhere{pool, s.catalog} })
	return s
}

// newDivided gives a server with tables in several parts, all of them here.
func newDivided(t testing.TB) *server {
	s := newServer(t)
	return (&server{engine: s.twin(&dividing{Cluster: s.system, s: s, t: t}), system: s.system, catalog: s.catalog, store: s.store, scripts: s.scripts}).as("admin")
}

// newSpread gives a server with tables in several parts, some of which are on another one.
func newSpread(t testing.TB) *server {
	s := newDivided(t)
	other := s.twin(s.system)
	pool := dial(t, other)
	back := dial(t, s.engine)
	other.UseRouter(func() exec.Router { return spread{elsewhere{back, s.catalog}, false} })
	s.asked = new(atomic.Int64)
	s.router = counting{spread{elsewhere{pool, s.catalog}, true}, s.asked}
	s.engine.UseRouter(func() exec.Router { return s.router })
	return s
}

// counting is a router that counts the queries which it sends.
type counting struct {
	spread
	asked *atomic.Int64
}

func (c counting) Start(ctx context.Context, server string, client *session.Client, query []byte) ([]byte, exec.RemoteCursor, error) {
	c.asked.Add(1)
	return c.spread.Start(ctx, server, client, query)
}

// twin gives another engine over the tables of a server.
func (s *server) twin(c exec.Cluster) *exec.Engine {
	e := exec.New(c, slog.New(slog.DiscardHandler))
	e.UseScripts(s.scripts)
	return e
}

// dial gives a way to another engine.
func dial(t testing.TB, to *exec.Engine) *forward.Pool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	sessions := session.NewManager()
	pool := forward.NewPool(func(context.Context, string) (io.ReadWriteCloser, error) {
		near, far := net.Pipe()
		serving.Go(func() {
			err := forward.Serve(ctx, forward.Options{Engine: to, Sessions: sessions, Logger: slog.New(slog.DiscardHandler)}, far)
			if err != io.EOF && err != io.ErrClosedPipe { //nolint:errorlint // a pipe gives them as they are
				t.Errorf("the stream ended with %v", err)
			}
			_ = far.Close()
		})
		return near, nil
	})
	t.Cleanup(func() {
		pool.Close()
		serving.Wait()
		cancel()
	})
	return pool
}

// elsewhere is a router to a server that has all tables.
type elsewhere struct {
	*forward.Pool
	catalog *catalog.Catalog
}

func (e elsewhere) table(db, name string) (*catalog.Table, bool) {
	d, ok := e.catalog.Snapshot().Database(db)
	if !ok {
		return nil, false
	}
	return d.Table(name)
}

func (e elsewhere) Locate(db, table string, _ bool) (server string, here bool, err error) {
	_, ok := e.table(db, table)
	return "twin", !ok, nil
}

func (e elsewhere) LocateKey(db, table string, _ datum.Value) (server string, here bool, err error) {
	return e.Locate(db, table, false)
}

func (e elsewhere) Primary(id string, group uint32) (server string, here bool, err error) {
	t, ok := e.catalog.Snapshot().TableByID(catalog.TableID(id))
	if !ok {
		return "", false, exec.ErrNoTable
	}
	if !slices.ContainsFunc(t.Parts(), func(p *stored.Part) bool { return uint32(p.Number()) == group }) {
		return "", false, exec.ErrNotReached
	}
	return "twin", false, nil
}

// spread is a router between two servers. The first one has the parts whose groups have numbers that can be divided by three.
type spread struct {
	elsewhere
	first bool
}

func (s spread) Locate(db, name string, _ bool) (server string, here bool, err error) {
	t, ok := s.table(db, name)
	switch {
	case ok && len(t.Parts()) > 1:
		return "", false, exec.ErrSpread
	case ok:
		return s.Primary(t.ID(), uint32(t.Parts()[0].Number()))
	}
	return "twin", true, nil
}

func (s spread) LocateKey(db, name string, key datum.Value) (server string, here bool, err error) {
	t, ok := s.table(db, name)
	if !ok {
		return "", true, nil
	}
	k, err := stored.AppendPrimaryKey(nil, key)
	if err != nil {
		return "", true, nil //nolint:nilerr // whoever evaluates the query complains of the key
	}
	return s.Primary(t.ID(), uint32(t.Parts()[t.PartOf(k)].Number()))
}

func (s spread) Primary(id string, group uint32) (server string, here bool, err error) {
	server, _, err = s.elsewhere.Primary(id, group)
	return server, err == nil && (group%3 == 0) == s.first, err
}

// dividing is a cluster that divides each table which is created, except for one with the name "whole": that is on the first server of a spread.
type dividing struct {
	exec.Cluster
	s *server
	t testing.TB
}

// groups are numbers of groups that no table of a test comes to by itself.
var groups atomic.Uint32

func init() { groups.Store(30000) }

func (d *dividing) TableCreate(ctx context.Context, c *exec.Client, db exec.DB, name string, o exec.TableOptions) (datum.Value, error) {
	v, err := d.Cluster.TableCreate(ctx, c, db, name, o)
	if err != nil {
		return v, err
	}
	router := elsewhere{nil, d.s.catalog}
	t, _ := router.table(db.Name, name)
	config := t.Table.Config()
	config.Groups, config.Splits, config.Parts = nil, nil, []int{0, 1, 2, 1, 0}
	for _, split := range []datum.Value{datum.Int(2), datum.Int(4), datum.Int(9), datum.String("b")} {
		key, err := stored.AppendPrimaryKey(nil, split)
		if err != nil {
			d.t.Error(err)
		}
		config.Splits = append(config.Splits, string(key))
	}
	n := 3
	if name == "whole" {
		config.Splits, config.Parts, n = nil, []int{0}, 1
		for groups.Load()%3 != 2 {
			groups.Add(1)
		}
	}
	var parts []*stored.Part
	for range n {
		group := storage.GroupID(groups.Add(1))
		p, err := stored.CreatePart(ctx, d.s.store, group, t.PrimaryKey())
		if err != nil {
			d.t.Error(err)
		}
		config.Groups, parts = append(config.Groups, group), append(parts, p)
	}
	if err := t.SetLayout(config, parts); err != nil {
		d.t.Error(err)
	}
	return v, nil
}
