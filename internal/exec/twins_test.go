package exec_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/exec"
	"rethinkdb/internal/forward"
	"rethinkdb/internal/session"
)

// Twins are two engines over the same tables, one of which takes parts of tables for those of the other. So all tests of the language can
// show that it does not matter where tables are.

// newTwins gives a server whose ordinary tables are on another one.
func newTwins(t testing.TB) *server {
	s := newServer(t)
	pool := dial(t, s.twin())
	s.engine.UseRouter(func() exec.Router { return elsewhere{pool, s.catalog} })
	return s
}

// twin gives another engine over the tables of a server.
func (s *server) twin() *exec.Engine {
	e := exec.New(s.system, slog.New(slog.DiscardHandler))
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

func (e elsewhere) Locate(db, table string, _ bool) (server string, here bool, err error) {
	if d, ok := e.catalog.Snapshot().Database(db); ok {
		if _, ok := d.Table(table); ok {
			return "twin", false, nil
		}
	}
	return "", true, nil
}

func (e elsewhere) Primary(table string, _ uint32) (server string, here bool, err error) {
	if _, ok := e.catalog.Snapshot().TableByID(catalog.TableID(table)); !ok {
		return "", false, exec.ErrNoTable
	}
	return "twin", false, nil
}
