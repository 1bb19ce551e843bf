package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"
)

const (
	// queueLength is how many events may wait to be written. Whoever records one more waits: nothing is left out because much happens.
	queueLength = 4096
	// tickTime is how often repetitions are looked through, the file is brought to the disk, and one that failed is tried again.
	tickTime = time.Second
	// newestEntries is how many are kept in memory.
	newestEntries = 1000
	// maxPendingBytes is what is kept in memory of lines that cannot be written because the disk is full.
	maxPendingBytes = 1 << 20
)

// Options of Open. All may be left out.
type Options struct {
	Path     string // of the file; without one entries are kept in memory only
	MaxBytes int64  // of a file, after which the next one is begun
	Keep     int    // how many full files are kept
	Store    Store  // where the anchor is kept
	Logger   *slog.Logger
	Now      func() time.Time
}

// Log is an open audit log. A nil *Log records nothing. Its methods may be called at the same time.
type Log struct {
	// Set by Open, then constant.
	opt     Options
	queue   chan *Event   // capacity queueLength
	closing chan struct{} // closed by Close
	closed  chan struct{} // closed when the goroutine of run has ended

	// Owned by the goroutine of run.
	file     *file // nil without a file
	last     Link  // of the last line
	anchored Link  // what the store has
	repeats  repeats
	fresh    []Entry // lines that are not in newest yet
	failing  bool    // the file could not be written when it was last tried
	lost     uint64  // events that were given up since the file could last be written

	mu      sync.Mutex // guards what follows
	newest  []Entry    // a ring, once it is full
	next    int        // the place of the next one in the full ring
	trouble string     // why the file cannot be written, empty if it can
	damage  string     // in what the file was not as it was left
	counts  map[Count]int64
}

// Count is what events are counted by.
type Count struct {
	Kind Kind
	Port string
}

// Counts says how many events there were since the log was opened.
func (l *Log) Counts() map[Count]int64 {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// Entry is an entry of the log: its number, and its line without the newline.
type Entry struct {
	Seq  uint64
	Line string
}

// Open opens the log and goes on where it was left. Close it.
func Open(opt Options) (*Log, error) {
	l, err := open(opt)
	if err != nil {
		return nil, err
	}
	go l.run()
	return l, nil
}

// open is Open without the goroutine.
func open(opt Options) (*Log, error) {
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	l := &Log{opt: opt, queue: make(chan *Event, queueLength), closing: make(chan struct{}), closed: make(chan struct{}), counts: map[Count]int64{}}
	var err error
	if l.anchored, err = readAnchor(opt.Store); err != nil {
		return nil, err
	}
	l.last = l.anchored
	if opt.Path != "" {
		if err := l.openFile(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// openFile opens the file and writes down what it has found there.
func (l *Log) openFile() (err error) {
	if l.file, err = openFile(l.opt.Path, l.opt.MaxBytes, l.opt.Keep); err != nil {
		return err
	}
	last, broken, err := l.file.resume(l.anchored)
	if err != nil {
		return errors.Join(err, l.file.f.Close())
	}
	l.last = last
	l.file.end, l.file.written = l.last, l.last
	if l.file.torn != nil {
		l.append(&Event{Kind: tornLine, Detail: tornDetail(l.file.torn), time: l.opt.Now()})
		l.file.torn = nil
	}
	switch {
	case broken != "":
		l.damaged(broken)
	case l.anchored != genesis && l.file.size == 0 && !l.file.hasKept(l.anchored):
		// Another --audit-log than before, most likely.
		l.append(&Event{Kind: rotated, Detail: fmt.Sprintf("entries up to %d are not in this file", l.anchored.Seq), time: l.opt.Now()})
		l.opt.Logger.Warn("The audit log goes on in a new file; the entries before were in another one, or were removed.", "file", l.opt.Path)
	}
	return nil
}

// Record writes down that something has happened. It does not wait for the disk, but for its turn when very much happens.
func (l *Log) Record(e Event) {
	if l == nil {
		return
	}
	e.time = l.opt.Now()
	e.bound()
	l.mu.Lock()
	l.counts[Count{e.Kind, e.Port}]++
	l.mu.Unlock()
	select {
	case l.queue <- &e:
	case <-l.closing: // nobody records after Close, but those who were cut off when the server stopped
	}
}

// Close writes what is left, and closes the file.
func (l *Log) Close() error {
	if l == nil {
		return nil
	}
	close(l.closing)
	<-l.closed
	if l.file == nil {
		return nil
	}
	var unwritten error
	if n := len(l.file.pending); n > 0 {
		unwritten = fmt.Errorf("%d bytes of the audit log could not be written to %s", n, l.opt.Path)
	}
	return errors.Join(unwritten, l.file.f.Close())
}

// Newest returns the newest entries in order, at most as many as are kept in memory.
func (l *Log) Newest() []Entry {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(append([]Entry(nil), l.newest[l.next:]...), l.newest[:l.next]...)
}

// Problems are what is wrong with the file, in sentences for the operator.
func (l *Log) Problems() []string {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	if l.trouble != "" {
		out = append(out, "The audit log cannot be written: "+l.trouble+". Entries are kept in memory meanwhile, as far as there is room for them. "+
			"Free some space, or restart the server with another --audit-log.")
	}
	if l.damage != "" {
		out = append(out, "The audit log was changed by somebody else: "+l.damage+". Run rethinkdb audit-verify on it.")
	}
	return out
}

// run writes the events until Close.
func (l *Log) run() {
	defer close(l.closed)
	tick := time.NewTicker(tickTime)
	defer tick.Stop()
	for {
		select {
		case e := <-l.queue:
			l.take(e)
			l.takeWaiting()
			l.flush()
		case <-tick.C:
			l.inspect()
			l.appendAll(l.repeats.expire(l.opt.Now()))
			l.flush()
			l.sync()
			l.tellLost()
		case <-l.closing:
			l.takeWaiting()
			l.appendAll(l.repeats.expire(l.opt.Now().Add(repeatTime)))
			l.flush()
			l.sync()
			return
		}
	}
}

// takeWaiting takes what is in the queue by now: it is written together.
func (l *Log) takeWaiting() {
	for range len(l.queue) {
		l.take(<-l.queue)
	}
}

func (l *Log) take(e *Event) {
	if l.repeats.take(e) {
		l.append(e)
	}
}

func (l *Log) appendAll(events []*Event) {
	for _, e := range events {
		l.append(e)
	}
}

// append makes an event the next line. When the file cannot be written for so long that its lines fill the memory for them, events are
// only counted: a database that stops because its audit log is full is what an attacker may want.
func (l *Log) append(e *Event) {
	if l.file != nil && len(l.file.pending) > maxPendingBytes {
		if l.failing {
			l.lost++
			return
		}
		l.flush()
	}
	l.tellLost()
	line, last := appendLine(nil, e, l.last)
	l.last = last
	l.fresh = append(l.fresh, Entry{last.Seq, strings.TrimSuffix(string(line), "\n")})
	if l.file != nil {
		l.file.pending, l.file.end = append(l.file.pending, line...), last
	}
}

// tellLost writes down how many events were given up, once there is room for it.
func (l *Log) tellLost() {
	if l.lost == 0 || len(l.file.pending) > maxPendingBytes {
		return
	}
	n := l.lost
	l.lost = 0
	l.append(&Event{Kind: lost, count: n, time: l.opt.Now()})
}

// inspect notices what somebody else does to the file while the server runs. When it is moved away, as tools that rotate files do,
// another one is begun.
func (l *Log) inspect() {
	if l.file == nil || len(l.file.pending) > 0 { // half a line may be in it
		return
	}
	moved, cut, err := l.file.disturbed()
	switch {
	case err != nil:
		l.report(err)
	case moved:
		if err := l.file.reopen(); err != nil {
			l.report(err)
			return
		}
		l.append(&Event{Kind: rotated, Detail: "somebody else has moved or removed the file before", time: l.opt.Now()})
		l.opt.Logger.Warn("The file of the audit log was moved or removed; it is continued in a new one.", "file", l.opt.Path)
	case cut:
		l.damaged("it was cut while the server was running")
	}
}

// damaged notes what somebody else has done to the file, in the file as well.
func (l *Log) damaged(how string) {
	l.mu.Lock()
	l.damage = how
	l.mu.Unlock()
	l.append(&Event{Kind: chainBroken, Detail: how, time: l.opt.Now()})
	l.opt.Logger.Error("The audit log was changed by somebody else: "+how+". Run rethinkdb audit-verify on it.", "file", l.opt.Path)
}

// flush writes what is pending, and begins another file when this one is full. Entries are shown only then: what a reader
// sees is in the file, if it can be written.
func (l *Log) flush() {
	if l.file != nil {
		err := l.file.write()
		l.report(err)
		if err == nil && l.file.full() {
			l.rotate()
		}
	}
	l.publish()
}

// publish shows fresh entries.
func (l *Log) publish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.fresh {
		if len(l.newest) < newestEntries {
			l.newest = append(l.newest, e)
			continue
		}
		l.newest[l.next] = e
		l.next = (l.next + 1) % newestEntries
	}
	l.fresh = l.fresh[:0]
}

// rotate begins another file. Its first line tells of the one before, whose last entry is anchored before: what is in a file that is
// not looked at any more at a start is known to be there.
func (l *Log) rotate() {
	if l.sync(); l.anchored != l.file.written && l.opt.Store != nil {
		return // the store cannot be written, so later
	}
	kept, removed, err := l.file.rotate()
	if err != nil {
		l.opt.Logger.Error("The audit log could not be continued in another file.", "file", l.opt.Path, "error", err)
	}
	if kept == "" {
		l.file.maxBytes += l.opt.MaxBytes // not again with each line
		return
	}
	l.file.maxBytes = l.opt.MaxBytes
	detail := "continued from " + kept
	if len(removed) > 0 {
		detail += ", removed " + strings.Join(removed, ", ")
	}
	l.append(&Event{Kind: rotated, Detail: detail, time: l.opt.Now()})
	l.report(l.file.write())
}

// sync brings lines to the disk, and then has the store know of the last one.
func (l *Log) sync() {
	if l.file == nil {
		return
	}
	if err := l.file.sync(); err != nil {
		l.report(err)
		return
	}
	if l.opt.Store == nil || l.anchored == l.file.written {
		return
	}
	if err := writeAnchor(l.opt.Store, l.file.written); err != nil {
		l.opt.Logger.Error("The last entry of the audit log could not be noted in the store.", "error", err)
		return
	}
	l.anchored = l.file.written
}

// report notes whether the file can be written, and tells the operator when that changes.
func (l *Log) report(err error) {
	text := ""
	if l.failing = err != nil; l.failing {
		text = err.Error()
	}
	l.mu.Lock()
	before := l.trouble
	l.trouble = text
	l.mu.Unlock()
	switch {
	case text == before:
	case text != "":
		l.opt.Logger.Error("The audit log cannot be written.", "error", err)
	default:
		l.opt.Logger.Warn("The audit log can be written again.")
	}
}
