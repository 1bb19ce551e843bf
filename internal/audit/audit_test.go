package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Store.
type memory struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (m *memory) MetaSet(_ context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.values == nil {
		m.values = map[string][]byte{}
	}
	m.values[key] = bytes.Clone(value)
	return nil
}

func (m *memory) MetaGet(key string) (value []byte, found bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, found = m.values[key]
	return value, found, nil
}

// place is where a log is kept.
type place struct {
	t    *testing.T
	path string
	opt  Options
}

func newPlace(t *testing.T) *place {
	path := filepath.Join(t.TempDir(), "audit")
	return &place{t, path, Options{Path: path, MaxBytes: 1 << 20, Keep: 3, Store: &memory{}}}
}

// record opens the log, records events and closes it.
func (p *place) record(events ...Event) {
	p.t.Helper()
	l, err := Open(p.opt)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, e := range events {
		l.Record(e)
	}
	if err := l.Close(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) read() []byte {
	p.t.Helper()
	text, err := os.ReadFile(p.path)
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *place) write(text []byte) {
	p.t.Helper()
	if err := os.WriteFile(p.path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) lines() []string {
	return strings.Split(strings.TrimSuffix(string(p.read()), "\n"), "\n")
}

// verify checks files, in order.
func verify(t *testing.T, texts ...[]byte) []Finding {
	t.Helper()
	var v Verifier
	var found []Finding
	for _, text := range texts {
		r, err := v.File(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, r.Findings...)
	}
	return found
}

func change(on string) Event {
	return Event{Kind: Change, User: "admin", Peer: netip.MustParseAddrPort("10.1.2.3:4567"), Port: "driver", Action: "table_create", On: on}
}

// sample is a log of a few different lines.
func sample(t *testing.T) []byte {
	p := newPlace(t)
	p.record(
		Event{Kind: LogIn, User: "admin", Peer: netip.MustParseAddrPort("10.1.2.3:4567"), Port: "driver", Method: SCRAM},
		Event{Kind: Change, User: "é\n\"\\\xff<", On: "rethinkdb.permissions", Action: "update", Key: []byte(`["bob"]`), Fields: []string{"permissions"},
			Old: []byte(`{"read": true}`), New: []byte(`{"read": false}`)},
		change("test.a"), change("test.b"),
	)
	return p.read()
}

func TestLinesAreJSONWithTheHashOfTheOneBefore(t *testing.T) {
	text := string(sample(t))
	for _, want := range []string{
		`"event":"log_in","user":"admin","peer":"10.1.2.3:4567","port":"driver","method":"scram_sha_256","prev":"` + genesis.Hash + `","hash":"`,
		`"user":"é\n\"\\\ufffd<"`, `"action":"update","on":"rethinkdb.permissions","key":["bob"],"fields":["permissions"],"old":{"read":true},"new":{"read":false}`,
		"\n" + `{"seq":4,"time":"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	if found := verify(t, []byte(text)); found != nil {
		t.Errorf("found %v in\n%s", found, text)
	}
}

// TestEveryChangedByteIsFound changes each byte of a log to each other value.
func TestEveryChangedByteIsFound(t *testing.T) {
	text := sample(t)
	text = text[:1+bytes.LastIndexByte(text[:len(text)*2/3], '\n')] // two lines are enough, and quicker
	if n := bytes.Count(text, []byte("\n")); n != 2 {
		t.Fatalf("%d lines", n)
	}
	for i := range text {
		good := text[i]
		line := 1 + bytes.Count(text[:i], []byte("\n"))
		for b := range 256 {
			if byte(b) == good {
				continue
			}
			text[i] = byte(b)
			found := verify(t, text)
			if len(found) == 0 {
				t.Fatalf("byte %d, %q changed to %q: nothing found", i, good, byte(b))
			}
			if found[0].Line != line {
				t.Fatalf("byte %d of line %d, %q changed to %q: found %v", i, line, good, byte(b), found)
			}
		}
		text[i] = good
	}
}

func TestWhatElseIsFound(t *testing.T) {
	text := string(sample(t))
	l := strings.SplitAfter(text, "\n")[:4]
	for name, c := range map[string]struct {
		text string
		want string // empty: nothing
	}{
		"nothing":                       {text, ""},
		"an empty file":                 {"", ""},
		"the beginning is cut off":      {l[2] + l[3], ""}, // as it is when old files were removed: the first entry says so
		"the end is cut off":            {l[0] + l[1], ""}, // this takes the server's record
		"a line is missing":             {l[0] + l[2] + l[3], "line 2 is entry 3, and the entries from 2 on are missing before it"},
		"two lines are exchanged":       {l[0] + l[2] + l[1] + l[3], "line 2 is entry 3, and the entries from 2 on are missing before it"},
		"a line is there twice":         {l[0] + l[1] + l[1] + l[2] + l[3], "line 3 is entry 2 and comes after entry 2"},
		"an empty line":                 {l[0] + "\n" + l[1] + l[2] + l[3], "line 2 is no line of an audit log"},
		"a byte is missing":             {l[0][1:] + l[1] + l[2] + l[3], "line 1 is no line of an audit log"},
		"the last newline is missing":   {strings.TrimSuffix(text, "\n"), ""},
		"the last line is torn":         {text[:len(text)-100], ""},
		"torn in its first byte":        {l[0] + l[1][:1], ""},
		"garbage alone":                 {"x", "line 1 is no line of an audit log"},
		"garbage after the only line":   {strings.TrimSuffix(l[0], "\n") + "x", "line 1 is no line of an audit log"},
		"garbage at the end":            {text + "x", "line 5 is no line of an audit log"},
		"garbage after the last line":   {strings.TrimSuffix(text, "\n") + "x", "line 4 is no line of an audit log"},
		"a torn line of another number": {l[0] + l[2][:50], "line 2 is no line of an audit log"},
		"a torn line in the middle":     {l[0] + l[1][:50] + "\n" + l[2], "line 2 is no line of an audit log"},
		"a very long line":              {l[0] + strings.Repeat("x", 3*maxLineBytes) + "\n" + l[1], "line 2 is no line of an audit log"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if found := verify(t, []byte(c.text)); len(found) > 0 {
				got = found[0].String()
			}
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func TestALineThatWasReplacedIsFoundByTheNext(t *testing.T) {
	l := strings.SplitAfter(string(sample(t)), "\n")
	forged, _ := appendLine(nil, &Event{Kind: LogIn, User: "somebody else"}, Link{1, l[1][len(l[1])-tailBytes-1+len(prevPart):][:hashDigits]})
	found := verify(t, []byte(l[0]+string(forged)+l[2]+l[3]))
	if len(found) != 1 || found[0].String() != "line 3 does not follow from the line before it, which was replaced" {
		t.Errorf("found %v", found)
	}
}

func TestTheChainGoesOnAfterARestart(t *testing.T) {
	p := newPlace(t)
	p.record(change("test.a"))
	p.record(change("test.b"))
	p.record()
	p.record(change("test.c"))
	if lines := p.lines(); len(lines) != 3 || !strings.HasPrefix(lines[2], `{"seq":3,`) {
		t.Errorf("lines are\n%s", p.read())
	}
	if found := verify(t, p.read()); found != nil {
		t.Errorf("found %v in\n%s", found, p.read())
	}
}

func TestATornLineIsToldApartFromTampering(t *testing.T) {
	p := newPlace(t)
	p.record(change("test.a"), change("test.b"))
	whole := p.read()
	first := bytes.IndexByte(whole, '\n') + 1
	for _, cut := range []int{1, 20, first - 2, first + 1, first + 20, len(whole) - 70, len(whole) - 2, len(whole) - 1} {
		t.Run(fmt.Sprintf("%d of %d bytes", cut, len(whole)), func(t *testing.T) {
			p.opt.Store = &memory{} // what is torn has not been noted there
			p.write(whole[:cut])
			p.record(change("test.c"))
			text := string(p.read())
			if found := verify(t, []byte(text)); found != nil {
				t.Errorf("found %v in\n%s", found, text)
			}
			if tells := strings.Contains(text, `"event":"torn_line"`); tells != (cut < len(whole)-1) {
				t.Errorf("tells of a torn line: %v\n%s", tells, text)
			}
			if !strings.HasPrefix(text, string(whole[:cut])) {
				t.Errorf("the torn bytes were changed:\n%s", text)
			}
			if cut == first+20 { // the torn bytes cannot be changed any more
				if found := verify(t, []byte(strings.Replace(text, text[first:cut], "something else", 1))); found == nil {
					t.Errorf("a change of the torn line was not found")
				}
			}
		})
	}
}

// TestTheServerFindsWhatTheFileCannotShow cuts and replaces the end of a file while the server does not run.
func TestTheServerFindsWhatTheFileCannotShow(t *testing.T) {
	replaced := newPlace(t)
	replaced.record(change("test.a"), change("test.x"), change("test.y"))
	for name, c := range map[string]struct {
		change func(l []string) string
		event  string // of the line that the server then writes
		found  string
	}{
		"nothing": {func(l []string) string { return strings.Join(l, "") }, "", ""},
		"the last line is cut off": {func(l []string) string { return l[0] + l[1] }, "entries 3 to 3 are missing at its end",
			"line 3 is entry 4, and the entries from 3 on are missing before it"},
		"everything is cut off": {func([]string) string { return "" }, "entries up to 3 are not in this file", ""}, // it may be another file
		"it was written anew": {func([]string) string { return string(replaced.read()) }, "line 3 is entry 3, but not the one that is known from elsewhere",
			"line 4 does not follow from the line before it, which was replaced"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			p.record(change("test.a"), change("test.b"), change("test.c"))
			l := strings.SplitAfter(string(p.read()), "\n")
			p.write([]byte(c.change(l[:3])))
			p.record(change("test.d"))
			text := string(p.read())
			if c.event != "" && !strings.Contains(text, `{"seq":4,`) || strings.Contains(text, `"event":"chain_broken"`) != (c.found != "") || !strings.Contains(text, c.event) {
				t.Errorf("want %q in\n%s", c.event, text)
			}
			got := ""
			if found := verify(t, []byte(text)); found != nil {
				got = found[0].String()
			}
			if got != c.found {
				t.Errorf("found %q, want %q in\n%s", got, c.found, text)
			}
			// The next start finds the same, and nothing that is new.
			before := len(verify(t, p.read()))
			p.record(change("test.e"))
			if after := len(verify(t, p.read())); after != before {
				t.Errorf("found %d places before another start, %d after it", before, after)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	p := newPlace(t)
	p.opt.MaxBytes = 2000
	for i := range 40 {
		p.record(change(fmt.Sprintf("test.t%d", i)))
	}
	names, err := Rotated(p.path)
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != p.opt.Keep {
		t.Fatalf("kept %v, want %d files", names, p.opt.Keep)
	}
	var texts [][]byte
	for _, name := range append(names, p.path) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 || info.Size() > 4000 {
			t.Errorf("%s has mode %o and %d bytes", name, info.Mode().Perm(), info.Size())
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	if found := verify(t, texts...); found != nil {
		t.Errorf("found %v", found)
	}
	if found := verify(t, texts[0], texts[2], texts[3]); len(found) != 1 {
		t.Errorf("found %v without the second file", found)
	}
	if !bytes.Contains(texts[3], []byte("removed audit.0000")) {
		t.Errorf("the last file does not tell which one was removed:\n%s", texts[3])
	}
}

func TestTheFileIsForItsOwnerAndOneServerOnly(t *testing.T) {
	p := newPlace(t)
	if err := os.WriteFile(p.path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := Open(p.opt)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	info, err := os.Stat(p.path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %o, want 600", info.Mode().Perm())
	}
	if _, err := Open(p.opt); !errors.Is(err, ErrInUse) {
		t.Errorf("a second server got %v, want ErrInUse", err)
	}
}

func TestNewestAreKeptInMemory(t *testing.T) {
	l, err := Open(Options{})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2*newestEntries + 17
	for i := range n {
		l.Record(change(fmt.Sprintf("test.t%d", i)))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	counted := int64(0)
	for count, times := range l.Counts() {
		if count.Kind == Change {
			counted += times
		}
	}
	if counted != n {
		t.Errorf("%d changes are counted, want %d", counted, n)
	}
	entries := l.Newest()
	if len(entries) != newestEntries {
		t.Fatalf("%d entries, want %d", len(entries), newestEntries)
	}
	for i, e := range entries {
		if want := uint64(n - newestEntries + 1 + i); e.Seq != want || !strings.HasPrefix(e.Line, fmt.Sprintf(`{"seq":%d,`, want)) {
			t.Fatalf("entry %d of the list is %d: %s", i, e.Seq, e.Line)
		}
	}
}

// TestNothingIsLostInACrowd records more than the queue holds from many sides.
func TestNothingIsLostInACrowd(t *testing.T) {
	p := newPlace(t)
	p.opt.MaxBytes = 64 << 20
	l, err := Open(p.opt)
	if err != nil {
		t.Fatal(err)
	}
	const each = queueLength / 4
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range each {
				l.Record(change(fmt.Sprintf("test.t%d_%d", g, i)))
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(p.lines()); n != 8*each {
		t.Errorf("%d lines, want %d", n, 8*each)
	}
	if found := verify(t, p.read()); found != nil {
		t.Errorf("found %v", found)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	p := newPlace(t)
	long := strings.Repeat("\x01", 1<<20)
	p.record(Event{
		Kind: Change, User: long, Port: long, Certificate: long, Reason: long, Action: long, On: long, Detail: long,
		Key: []byte(`"` + strings.Repeat("k", 1<<20) + `"`), Fields: strings.Split(strings.Repeat(long[:300]+",", 1000), ","),
	})
	if line := p.lines()[0]; len(line) > maxLineBytes || !strings.Contains(line, `"cut":true`) {
		t.Errorf("the line has %d bytes: %.300s…", len(line), line)
	}
	if found := verify(t, p.read()); found != nil {
		t.Errorf("found %v", found)
	}
}

func TestRepetitionsAreCounted(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	var r repeats
	refused := func(addr, user string) *Event {
		return &Event{Kind: LogInRefused, User: user, Peer: netip.AddrPortFrom(netip.MustParseAddr(addr), 1234), Port: "driver", Method: SCRAM, Reason: "wrong password", time: now}
	}
	written := 0
	count := func(e *Event) {
		if r.take(e) {
			written++
		}
	}
	for range 1000 {
		count(refused("203.0.113.1", "bob"))
	}
	if written != 1 {
		t.Errorf("%d of 1000 equal events were written at once, want 1", written)
	}
	for i := range 1000 { // one host guesses names
		count(refused("203.0.113.2", fmt.Sprint("user", i)))
	}
	if written != 1+limits[LogInRefused].ofSource+1 {
		t.Errorf("%d events were written, want %d", written, 1+limits[LogInRefused].ofSource+1)
	}
	for i := range 100_000 { // many hosts do
		count(refused(fmt.Sprintf("2001:db8:%x:%x::1", i%65536, i/65536), fmt.Sprint("user", i)))
	}
	if limit := limits[LogInRefused].all + 2; written > limit {
		t.Errorf("%d events were written at once, want at most %d", written, limit)
	}
	if len(r.open) > limits[LogInRefused].all+2 {
		t.Errorf("%d are remembered", len(r.open))
	}
	if !r.take(&Event{Kind: LogIn, User: "admin", time: now}) {
		t.Error("a log-in was lost among refusals")
	}
	for range 3 {
		if e := change("test.a"); !r.take(&e) {
			t.Error("a change was taken for a repetition")
		}
	}

	now = now.Add(30 * time.Second)
	count(refused("203.0.113.1", "bob"))
	if due := r.expire(now); due != nil {
		t.Errorf("%d counts are due after half the time", len(due))
	}
	total := uint64(0)
	due := r.expire(now.Add(repeatTime / 2))
	for _, e := range due {
		total += e.count
	}
	bob := due[slices.IndexFunc(due, func(e *Event) bool { return e.User == "bob" })]
	if bob.count != 1000 || bob.Peer.Port() != 0 || !bob.time.Equal(now) || !bob.since.Equal(now.Add(-repeatTime/2)) {
		t.Errorf("the count of bob is %+v", bob)
	}
	if want := uint64(1000 + 1000 + 100_000 + 1 - written); total != want {
		t.Errorf("counts add up to %d, want %d", total, want)
	}
	if len(r.open)+len(r.sources) != 0 {
		t.Errorf("%d events of %d sources are still remembered", len(r.open), len(r.sources))
	}
}

// TestAFullDisk has a log go on where it stopped, in the middle of a line, when there is room again.
func TestAFullDisk(t *testing.T) {
	p := newPlace(t)
	p.opt.MaxBytes = 64 << 20
	l, err := open(p.opt) // without its goroutine, whose work is done here
	if err != nil {
		t.Fatal(err)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	write := func(on string) {
		e := change(on)
		l.take(&e)
		l.flush()
	}
	write("test.a")
	room := l.file.f
	l.file.f = full
	write("test.b")
	if problems := l.Problems(); len(problems) != 1 || !strings.Contains(problems[0], "no space left") {
		t.Errorf("the problems are %v", problems)
	}
	n, err := room.Write(l.file.pending[:20]) // there was room for some bytes
	if err != nil {
		t.Fatal(err)
	}
	l.file.pending = l.file.pending[n:]
	const many = 10_000
	for i := range many {
		write(fmt.Sprintf("test.t%d", i))
	}
	if n := len(l.file.pending); n > maxPendingBytes+maxLineBytes {
		t.Errorf("%d bytes wait in memory", n)
	}
	given := l.lost
	if given == 0 {
		t.Error("nothing was given up")
	}
	l.file.f = room
	l.flush()
	l.tellLost()
	l.flush()
	l.sync()
	if problems := l.Problems(); problems != nil {
		t.Errorf("the problems are still %v", problems)
	}
	if found := verify(t, p.read()); found != nil {
		t.Errorf("found %v", found)
	}
	lines := p.lines()
	if last := lines[len(lines)-1]; !strings.Contains(last, fmt.Sprintf(`"event":"lost","count":%d,`, given)) || len(lines) != 2+many-int(given)+1 {
		t.Errorf("%d lines, the last is %s", len(lines), last)
	}
	if err := room.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestWhatOthersDoToTheFile has somebody move, remove and cut the file while the server runs.
func TestWhatOthersDoToTheFile(t *testing.T) {
	for name, c := range map[string]struct {
		do    func(p *place) error
		event string
		found int // in what is then at the place of the file
	}{
		"moved":   {func(p *place) error { return os.Rename(p.path, p.path+".moved") }, `"event":"rotated"`, 0},
		"removed": {func(p *place) error { return os.Remove(p.path) }, `"event":"rotated"`, 0},
		"cut":     {func(p *place) error { return os.Truncate(p.path, 0) }, `"event":"chain_broken"`, 0},
		"replaced": {func(p *place) error {
			return errors.Join(os.Remove(p.path), os.WriteFile(p.path, []byte("anything"), 0o644))
		}, `"event":"rotated"`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			l, err := open(p.opt)
			if err != nil {
				t.Fatal(err)
			}
			e := change("test.a")
			l.take(&e)
			l.flush()
			l.inspect() // finds nothing
			if err := c.do(p); err != nil {
				t.Fatal(err)
			}
			l.inspect()
			l.flush()
			text := p.read()
			if !bytes.Contains(text, []byte(c.event)) || !bytes.Contains(text, []byte(`{"seq":2,`)) {
				t.Errorf("no %s in\n%s", c.event, text)
			}
			if found := verify(t, text); len(found) != c.found {
				t.Errorf("found %v in\n%s", found, text)
			}
			if err := l.file.f.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestANilLogRecordsNothing(t *testing.T) {
	var l *Log
	l.Record(change("test.a"))
	if l.Newest() != nil || l.Counts() != nil || l.Problems() != nil || l.Close() != nil {
		t.Error("a nil log has something")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"seq":1,"time":"","event":"log_in","prev":"` + genesis.Hash + `","hash":"` + genesis.Hash + `"}` + "\n{"))
	line, _ := appendLine(nil, &Event{Kind: LogIn, User: "admin"}, genesis)
	f.Add(line)
	f.Fuzz(func(t *testing.T, text []byte) {
		verify(t, text)
	})
}

// BenchmarkRecord is a log-in as its client waits for it, of one client again and again, and of changes that are all written.
func BenchmarkRecord(b *testing.B) {
	for name, e := range map[string]Event{
		"repeated log-in": {Kind: LogIn, User: "admin", Peer: netip.MustParseAddrPort("10.1.2.3:4567"), Port: "driver", Method: SCRAM},
		"change":          change("test.users"),
	} {
		b.Run(name, func(b *testing.B) {
			l, err := Open(Options{Path: filepath.Join(b.TempDir(), "audit"), MaxBytes: 64 << 20, Keep: 1, Store: &memory{}})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				l.Record(e)
			}
			b.StopTimer()
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
