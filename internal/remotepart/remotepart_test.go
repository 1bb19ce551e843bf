package remotepart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
	"rethinkdb/internal/table/tabletest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loop is a Transport to a Server in the same process, which loses what it is told to.
type loop struct {
	server *Server
	wg     sync.WaitGroup

	mu   sync.Mutex
	lose func(request []byte) error // before it is sent
	drop func(request []byte) error // the answer
}

func (l *loop) faults(request []byte) (before, after error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lose != nil {
		before = l.lose(request)
	}
	if l.drop != nil {
		after = l.drop(request)
	}
	return before, after
}

func (l *loop) Call(ctx context.Context, _ string, request []byte) ([]byte, error) {
	before, after := l.faults(request)
	if before != nil {
		return nil, before
	}
	answer, err := l.server.Answer(ctx, request)
	if after != nil {
		return nil, after
	}
	return answer, err
}

func (l *loop) Open(ctx context.Context, _ string) (Stream, error) {
	before, after := l.faults(nil)
	if before != nil {
		return nil, before
	}
	near, far := newPipe(), newPipe()
	ctx, stop := context.WithCancel(ctx)
	s := &end{in: near, out: far, stop: stop}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	l.wg.Go(func() {
		var out io.Writer = &end{in: far, out: near}
		if after != nil {
			out = &brief{w: out, left: 3000, err: after}
		}
		err := l.server.Serve(ctx, struct {
			io.Reader
			io.Writer
		}{far.r, out})
		if err == nil {
			err = io.EOF
		}
		_ = near.w.CloseWithError(err)
	})
	return s, nil
}

func (l *loop) OpenBulk(ctx context.Context, server string) (Stream, error) {
	return l.Open(ctx, server)
}

// brief is a writer that fails after some bytes.
type brief struct {
	w    io.Writer
	left int
	err  error
}

func (b *brief) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, b.err
	}
	return b.w.Write(p)
}

type pipe struct {
	r *io.PipeReader
	w *io.PipeWriter
}

func newPipe() pipe {
	r, w := io.Pipe()
	return pipe{r, w}
}

// end is one end of a stream.
type end struct {
	in, out pipe
	stop    context.CancelFunc
}

func (e *end) Read(p []byte) (int, error)  { return e.in.r.Read(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.w.Write(p) }
func (e *end) CloseWrite() error           { return e.out.w.Close() }
func (e *end) Close() error {
	e.stop()
	return errors.Join(e.out.w.Close(), e.in.r.Close())
}

// elsewhere is the view of a server that has some parts, or none, of the tables of another one.
type elsewhere struct {
	t     testing.TB
	r     *rand.Rand
	all   bool // no part is here
	store *storage.Store
	loop  *loop

	mu   sync.Mutex
	real *table.Table
}

func newElsewhere(t testing.TB, r *rand.Rand, all bool) *elsewhere {
	e := &elsewhere{t: t, r: r, all: all, store: newStore(t), loop: new(loop)}
	e.loop.server = &Server{Find: e.find}
	t.Cleanup(e.loop.wg.Wait)
	return e
}

func newStore(t testing.TB) *storage.Store {
	store, err := storage.Open("data", storage.Options{Mem: storage.NewMemFS()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func (e *elsewhere) find(a table.Address) (*table.Part, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, p := range e.real.Parts() {
		if p.Number() == a.Group {
			return p, true
		}
	}
	return nil, false
}

// parts gives the parts as this server has them.
func (e *elsewhere) parts(real *table.Table) ([]*table.Part, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.real = real
	parts := real.Parts()
	for i, p := range parts {
		if !e.all && e.r.IntN(3) == 0 {
			continue // this one is here as well
		}
		var err error
		if parts[i], err = table.OpenPart(e.store, p.Number(), "id", replication.Absent{}); err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func (e *elsewhere) Open(real *table.Table) (*table.Table, error) {
	parts, err := e.parts(real)
	if err != nil {
		return nil, err
	}
	t, err := table.New(real.Config(), parts)
	if err == nil {
		t.UseRemote(&Client{Transport: e.loop, Locate: func(table.Address) (string, bool) { return "other", true }})
	}
	return t, err
}

func (e *elsewhere) Moved(view, real *table.Table) error {
	parts, err := e.parts(real)
	if err != nil {
		return err
	}
	return view.SetLayout(real.Config(), parts)
}

// A table some or all of whose parts are on another server gives the same as one that is here.
func TestRemotePartsAreLikeLocalOnes(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			e := newElsewhere(t, r, seed%2 == 0)
			tabletest.New(t, r, e).Check()
			e.loop.wg.Wait() // before the store is closed
		})
	}
}

// The same when streams break and requests are lost now and then, before anything was done.
func TestReadsAreTriedAgain(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r, faults := rand.New(rand.NewPCG(seed, 3)), rand.New(rand.NewPCG(seed, 4))
			e := newElsewhere(t, r, true)
			e.loop.lose = func([]byte) error {
				if faults.IntN(8) == 0 {
					return ErrNotReached
				}
				return nil
			}
			e.loop.drop = func(request []byte) error {
				if faults.IntN(8) == 0 && (request == nil || operation(request[0]) != opWrite) {
					return io.ErrUnexpectedEOF
				}
				return nil
			}
			tabletest.New(t, r, e).Check()
			e.loop.wg.Wait() // before the store is closed
		})
	}
}
