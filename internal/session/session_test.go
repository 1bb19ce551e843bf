package session_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rethinkdb/internal/session"
	"rethinkdb/internal/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type fixture struct {
	*session.Session
	tb      testing.TB
	engine  *sessiontest.Engine
	manager *session.Manager
	answers responder
}

type responder chan string

func (r responder) Respond(frame []byte) { r <- string(frame) }

func start(tb testing.TB, change ...func(*session.Options)) *fixture {
	f := &fixture{tb: tb, engine: sessiontest.New(), manager: session.NewManager(), answers: make(responder, 100)}
	opt := session.Options{
		Client: session.Client{User: "admin"}, Engine: f.engine, Manager: f.manager,
		Logger: slog.New(slog.DiscardHandler), Parallel: session.DefaultParallel,
	}
	for _, c := range change {
		c(&opt)
	}
	f.Session = session.New(opt)
	tb.Cleanup(f.Close)
	return f
}

// send handles a request; an answer that is ready at once joins those that come later.
func (f *fixture) send(token int64, query string) {
	f.tb.Helper()
	out, err := f.Handle(token, []byte(query), nil, f.answers, false)
	if err != nil {
		f.tb.Fatalf("%s: %v", query, err)
	}
	if len(out) > 0 {
		f.answers <- string(out)
	}
}

func (f *fixture) expect(token int64, want string) {
	f.tb.Helper()
	select {
	case frame := <-f.answers:
		got := int64(binary.LittleEndian.Uint64([]byte(frame)))
		if got != token || frame[12:] != want {
			f.tb.Fatalf("got  token %d %s\nwant token %d %s", got, frame[12:], token, want)
		}
		if n := binary.LittleEndian.Uint32([]byte(frame[8:])); int(n) != len(frame)-12 {
			f.tb.Fatalf("length %d of %d bytes", n, len(frame)-12)
		}
	case <-time.After(5 * time.Second):
		f.tb.Fatalf("no answer; want token %d %s", token, want)
	}
}

func (f *fixture) eventually(what string, cond func() bool) {
	f.tb.Helper()
	for end := time.Now().Add(5 * time.Second); !cond(); runtime.Gosched() {
		if time.Now().After(end) {
			f.tb.Fatalf("never: %s", what)
		}
	}
}

func (f *fixture) running(n int64) {
	f.tb.Helper()
	f.eventually(fmt.Sprint(n, " queries run"), func() bool { return f.engine.Running.Load() == n })
}

const (
	sequence  = `{"t":2,"r":[],"n":[]}`
	waited    = `{"t":4,"r":[]}`
	firstFour = `{"t":3,"r":[0,1,2,3],"n":[]}`
)

func unknown(token int64) string {
	return fmt.Sprintf(`{"t":16,"r":["Token %d not in stream cache."],"b":[]}`, token)
}

func duplicate(token int64) string {
	return fmt.Sprintf(`{"t":16,"r":["ERROR: duplicate token %d"],"b":[]}`, token)
}

func TestTokens(t *testing.T) {
	f := start(t)
	for _, step := range []struct {
		token       int64
		query, want string
	}{
		{1, "[1,[173,[10]]]", firstFour},
		{1, "[2]", `{"t":3,"r":[4,5,6,7],"n":[]}`},
		{1, "[1,5]", duplicate(1)},
		{1, "[4]", duplicate(1)},
		{2, "[1,5]", `{"t":1,"r":[5]}`},
		{1, "[2]", `{"t":2,"r":[8,9],"n":[]}`},
		{1, "[2]", unknown(1)},
		{1, "[3]", unknown(1)},
		{1, "[1,[173,[10]]]", firstFour},
		{1, "[3]", sequence},
		{1, "[3]", unknown(1)},
		{1, "[1,5]", `{"t":1,"r":[5]}`},
		{-1, "[2]", unknown(-1)},
		{9223372036854775807, "[3]", unknown(9223372036854775807)},
		{3, "[4]", waited},
		{3, "[5]", `{"t":5,"r":[{"id":"8e0b6b2f-0000-4000-8000-000000000001","name":"test","proxy":false}]}`},
	} {
		f.send(step.token, step.query)
		f.expect(step.token, step.want)
	}
}

func TestBriefQueriesAreTried(t *testing.T) {
	f := start(t)
	for _, step := range []struct {
		query, want string
		more        bool
	}{
		{query: `[1,"brief"]`, want: `{"t":1,"r":["tried"]}`},
		{query: `[1,"brief"]`, want: `{"t":1,"r":["brief"]}`, more: true}, // what arrives together runs at the same time
		{query: `[1,"long"]`, want: `{"t":1,"r":["long"]}`},
	} {
		out, err := f.Handle(1, []byte(step.query), []byte("earlier"), f.answers, step.more)
		if err != nil {
			t.Fatal(err)
		}
		out, earlier := bytes.CutPrefix(out, []byte("earlier"))
		if !earlier {
			t.Errorf("%s: what was in the buffer has become %q", step.query, out)
		}
		if len(out) > 0 {
			f.answers <- string(out)
		}
		f.expect(1, step.want)
	}
}

// A query that is cut off while it is tried, because its session is closed, says so, and not what the engine thinks.
func TestATryEndsWithItsSession(t *testing.T) {
	f := start(t)
	ended := make(chan error)
	go func() {
		out, err := f.Handle(1, []byte(`[1,"cut"]`), nil, f.answers, false)
		if len(out) > 0 {
			t.Errorf("it was answered: %s", out)
		}
		ended <- err
	}()
	f.Session.Cancel()
	if err := <-ended; !errors.Is(err, session.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

func TestStopInterruptsTheRequestUnderWay(t *testing.T) {
	f := start(t)
	for name, begin := range map[string]func(){
		"a feed": func() {
			f.send(7, `[1,"feed"]`)
			f.expect(7, `{"t":3,"r":[],"n":[1]}`)
			f.send(7, "[2]")
		},
		"a query that runs": func() { f.send(7, `[1,"block"]`) },
	} {
		t.Run(name, func(t *testing.T) {
			begin()
			f.running(1)
			f.send(7, "[3]")
			f.expect(7, sequence) // the request under way
			f.expect(7, sequence) // the STOP
			f.send(7, "[3]")
			f.expect(7, unknown(7))
			f.eventually("the cursor is closed", func() bool { return f.engine.Cursors.Load() == 0 })
		})
	}
}

func TestRequestsOfOneTokenQueueUp(t *testing.T) {
	f := start(t)
	f.send(7, `[1,"feed"]`)
	f.expect(7, `{"t":3,"r":[],"n":[1]}`)
	f.send(7, "[2]")
	f.running(1)
	f.send(7, "[2]")
	f.send(7, "[3]")
	f.expect(7, sequence)
	f.expect(7, duplicate(7)) // what the original says to a CONTINUE that finds its query ended meanwhile
	f.expect(7, sequence)
}

func TestNoReply(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"quick",{"noreply":true}]`)
	f.send(1, `[1,[173,[100]],{"noreply":true}]`) // one batch, then it is dropped
	f.eventually("the cursor is closed", func() bool { return f.engine.Cursors.Load() == 0 })
	f.send(2, "[4]")
	f.expect(2, waited)

	f.send(3, `[1,"wait",{"noreply":true}]`)
	f.send(4, `[1,"block"]`) // wants a reply, so nobody waits for it
	f.running(2)
	f.send(5, "[4]")
	f.send(6, `[1,"block",{"noreply":true}]`) // arrives after the NOREPLY_WAIT
	f.running(3)
	f.send(7, "[1,1]")
	f.expect(7, `{"t":1,"r":[1]}`)
	close(f.engine.Release)
	f.expect(5, waited)
	f.send(8, "[4]")
	f.send(6, "[3]")
	f.eventually("both answers", func() bool { return len(f.answers) == 2 })
	got := map[string]bool{(<-f.answers)[12:]: true, (<-f.answers)[12:]: true}
	if !got[waited] || !got[sequence] {
		t.Errorf("got %v", got)
	}
}

func TestParallelLimit(t *testing.T) {
	f := start(t, func(o *session.Options) { o.Parallel = 2 })
	f.send(1, `[1,"feed"]`)
	f.expect(1, `{"t":3,"r":[],"n":[1]}`)
	f.send(1, "[2]") // a feed that waits takes no slot
	f.running(1)
	f.send(2, `[1,"wait"]`)
	f.send(3, `[1,"wait"]`)
	f.running(3)
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		f.send(4, `[1,"slow"]`)
	}()
	select {
	case <-waiting:
		t.Fatal("the third query did not wait for a slot")
	case <-time.After(20 * time.Millisecond):
	}
	close(f.engine.Release)
	<-waiting
	f.eventually("all answers", func() bool { return len(f.answers) == 3 })
}

func TestKill(t *testing.T) {
	f := start(t)
	const killed = `{"t":18,"e":4200000,"r":["Query terminated by the ` + "`rethinkdb.jobs`" + ` table."],"b":[]}`
	kill := func(text string) {
		t.Helper()
		for _, job := range f.manager.Jobs() {
			if job.Query == text {
				if !f.manager.Kill(job.ID) {
					t.Fatal("the job is not there")
				}
				return
			}
		}
		t.Fatalf("no job %q among %v", text, f.manager.Jobs())
	}
	f.send(1, `[1,"block"]`)
	f.running(1)
	kill("block")
	f.expect(1, killed)
	f.send(1, "[2]")
	f.expect(1, unknown(1))

	// Of a cursor that nobody reads, what it holds goes at once; its owner learns of it later.
	f.send(2, "[1,[173,[10]]]")
	f.expect(2, firstFour)
	kill("range")
	if n := f.engine.Cursors.Load(); n != 0 {
		t.Errorf("%d cursors open", n)
	}
	f.send(2, "[2]")
	f.expect(2, killed)
	f.send(2, "[2]")
	f.expect(2, unknown(2))
	// A write runs where it was read. It is a job all the same, because it may have to wait.
	var sending sync.WaitGroup
	sending.Go(func() { f.send(3, `[1,"write"]`) })
	f.running(1)
	kill("write")
	f.expect(3, killed)
	sending.Wait()
	if jobs := f.manager.Jobs(); len(jobs) != 0 {
		t.Errorf("jobs left: %v", jobs)
	}
}

// The context of a write that runs where it was read is as good as any: others can be made of it, and it ends with the session.
func TestTheContextOfAWriteEnds(t *testing.T) {
	for name, end := range map[string]func(f *fixture){
		"killed": func(f *fixture) { f.manager.Kill(f.manager.Jobs()[0].ID) },
		"gone":   func(f *fixture) { f.Cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			var causes []error
			f := start(t, func(o *session.Options) {
				o.Engine.(*sessiontest.Engine).OnWrite = func(ctx context.Context) {
					derived, cancel := context.WithTimeout(ctx, time.Hour)
					defer cancel()
					<-derived.Done()
					causes = append(causes, ctx.Err(), derived.Err(), context.Cause(derived))
				}
			})
			var sending sync.WaitGroup
			sending.Go(func() { f.send(1, `[1,"write"]`) })
			f.eventually("there is a job", func() bool { return len(f.manager.Jobs()) == 1 })
			end(f)
			sending.Wait()
			if len(causes) != 3 || !errors.Is(causes[0], context.Canceled) || !errors.Is(causes[1], context.Canceled) || errors.Is(causes[2], context.Canceled) {
				t.Errorf("it ended with %v", causes)
			}
		})
	}
}

func TestClose(t *testing.T) {
	f := start(t)
	for i := range 10 {
		f.send(int64(i), `[1,[173,[10]]]`)
		f.send(int64(100+i), `[1,"block"]`)
		f.send(int64(200+i), `[1,"block",{"noreply":true}]`)
	}
	f.send(300, "[4]")
	f.running(20)
	f.Close()
	if n, c := f.engine.Running.Load(), f.engine.Cursors.Load(); n != 0 || c != 0 {
		t.Errorf("%d queries run, %d cursors are open", n, c)
	}
	if n := f.manager.Sessions(); n != 0 {
		t.Errorf("%d sessions", n)
	}
	if _, err := f.Handle(1, []byte("[1,1]"), nil, f.answers, false); !errors.Is(err, session.ErrClosed) {
		t.Errorf("a request after Close: %v", err)
	}
	if _, err := f.Handle(1, []byte(`[1,"slow"]`), nil, f.answers, false); !errors.Is(err, session.ErrClosed) {
		t.Errorf("a slow request after Close: %v", err)
	}
}

func TestDrain(t *testing.T) {
	f := start(t)
	f.send(1, `[1,"feed"]`)
	f.expect(1, `{"t":3,"r":[],"n":[1]}`)
	f.send(1, "[2]")
	f.send(2, `[1,"wait"]`)
	f.running(2)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		f.Drain(ctx)
	}()
	f.expect(1, `{"t":18,"e":4200000,"r":["Server is shutting down."],"b":[]}`)
	select {
	case <-drained:
		t.Fatal("drained before the query had finished")
	default:
	}
	close(f.engine.Release)
	f.expect(2, `{"t":1,"r":["wait"]}`)
	<-drained
	f.Stop()
}

// A client that never closes its cursors gets an error at some point, not the server's memory.
func TestOpenCursorsAreLimited(t *testing.T) {
	f := start(t)
	var out []byte
	var err error
	for token := int64(0); ; token++ {
		query := `[1,[173,[10]]]`
		if out, err = f.Handle(token, []byte(query), nil, f.answers, false); err != nil {
			t.Fatal(err)
		}
		if len(out) == 0 {
			out = []byte(<-f.answers)
		}
		if string(out[12:]) == firstFour {
			continue
		}
		if !strings.HasPrefix(string(out[12:]), `{"t":18,"e":2000000,"r":["This connection has 65536 open cursors`) || token != 65536 {
			t.Fatalf("token %d: %s", token, out[12:])
		}
		break
	}
	f.send(5, "[3]")
	f.expect(5, sequence)
	f.send(5, "[1,[173,[10]]]")
	f.expect(5, firstFour)
	f.Close()
	if n := f.engine.Cursors.Load(); n != 0 {
		t.Errorf("%d cursors open", n)
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	f := start(t)
	for _, query := range []string{`[1,"panic"]`, `[1,"panic slowly"]`} {
		f.send(1, query)
		frame := <-f.answers
		if !strings.HasPrefix(frame[12:], `{"t":18,"e":1000000,"r":["Internal error`) {
			t.Errorf("%s: %s", query, frame[12:])
		}
		f.send(1, "[2]")
		f.expect(1, unknown(1))
	}
}

// Many clients' worth of random requests on few tokens leave nothing behind.
func TestRandomRequests(t *testing.T) {
	f := start(t)
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-f.answers:
			case <-stop:
				return
			}
		}
	}()
	queries := []string{"[1,[173,[10]]]", "[2]", "[2]", "[3]", "[4]", `[1,"slow"]`, `[1,"feed"]`, `[1,5]`,
		`[1,"slow",{"noreply":true}]`, `[1,[173,[10]],{"noreply":true}]`, `[1,"block"]`, "[3]", `[1,"panic slowly"]`}
	for i := range 20_000 {
		query := queries[(i*7919+i/13)%len(queries)]
		if _, err := f.Handle(int64(i%17), []byte(query), nil, f.answers, false); err != nil {
			t.Fatal(err)
		}
	}
	for token := range int64(17) {
		if _, err := f.Handle(token, []byte("[3]"), nil, f.answers, false); err != nil {
			t.Fatal(err)
		}
	}
	f.eventually("nothing is left", func() bool {
		return f.engine.Running.Load() == 0 && f.engine.Cursors.Load() == 0 && len(f.manager.Jobs()) == 0 && !f.Running()
	})
	close(stop)
}

func BenchmarkSlowQuery(b *testing.B) {
	f := start(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Handle(1, []byte(`[1,"slow"]`), nil, f.answers, false); err != nil {
			b.Fatal(err)
		}
		<-f.answers
	}
}
