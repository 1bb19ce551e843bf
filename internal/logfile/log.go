package logfile

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options of Open. Only Path is required.
type Options struct {
	Path   string
	Stdout io.Writer        // where notices go; nil drops them
	Stderr io.Writer        // where warnings and errors go; nil drops them
	Level  slog.Level       // least level that is written; the zero value is info
	Start  time.Time        // when the process started; the zero value is now
	Now    func() time.Time // the clock; nil is time.Now
}

// Log is an open log. It is a slog.Handler; all its copies made by WithAttrs and WithGroup share the file.
type Log struct {
	// Set by Open, then constant.
	out   *output
	level slog.Level
	start time.Time
	now   func() time.Time

	// Of this handler: text of the attributes of With, and the group in front of attribute names.
	attrs string
	group string
}

// output is the shared end of all handlers of one log.
type output struct {
	path string

	mu             sync.Mutex // guards everything below; entries of concurrent loggers never mix
	file           *os.File
	stdout, stderr io.Writer
	failed         bool // the last write to the file failed, and the operator has been told so
}

// Open opens the log for appending and creates the file, readable by its owner only, when it is missing.
func Open(o Options) (*Log, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Start.IsZero() {
		o.Start = o.Now()
	}
	return &Log{
		out:   &output{path: path, file: file, stdout: o.Stdout, stderr: o.Stderr},
		level: o.Level,
		start: o.Start,
		now:   o.Now,
	}, nil
}

// Path is the absolute name of the log file.
func (l *Log) Path() string { return l.out.path }

// Close closes the file. Later entries still reach the console.
func (l *Log) Close() error {
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	if l.out.file == nil {
		return nil
	}
	err := l.out.file.Close()
	l.out.file = nil
	return err
}

// DetachConsole stops writing to the console: a daemon gives its terminal back.
func (l *Log) DetachConsole() {
	l.out.mu.Lock()
	defer l.out.mu.Unlock()
	l.out.stdout, l.out.stderr = nil, nil
}

// Notice logs what an operator should see on the console.
func Notice(l *slog.Logger, format string, args ...any) {
	l.Log(context.Background(), LevelNotice, fmt.Sprintf(format, args...))
}

// Enabled implements slog.Handler.
func (l *Log) Enabled(_ context.Context, level slog.Level) bool { return level >= l.level }

// Handle implements slog.Handler.
func (l *Log) Handle(_ context.Context, r slog.Record) error {
	var text strings.Builder
	text.WriteString(r.Message)
	text.WriteString(l.attrs)
	r.Attrs(func(a slog.Attr) bool {
		writeAttr(&text, l.group, a)
		return true
	})
	when := r.Time
	if when.IsZero() {
		when = l.now()
	}
	return l.out.write(Entry{Time: when, Uptime: max(0, when.Sub(l.start)), Level: levelName(r.Level), Message: text.String()})
}

// WithAttrs implements slog.Handler.
func (l *Log) WithAttrs(attrs []slog.Attr) slog.Handler {
	var text strings.Builder
	text.WriteString(l.attrs)
	for _, a := range attrs {
		writeAttr(&text, l.group, a)
	}
	c := *l
	c.attrs = text.String()
	return &c
}

// WithGroup implements slog.Handler.
func (l *Log) WithGroup(name string) slog.Handler {
	c := *l
	c.group += name + "."
	return &c
}

func writeAttr(b *strings.Builder, group string, a slog.Attr) {
	value := a.Value.Resolve()
	if value.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, member := range value.Group() {
			writeAttr(b, group, member)
		}
		return
	}
	if a.Key == "" {
		return
	}
	text := value.String()
	if strings.ContainsAny(text, " \"=\n\t") || text == "" {
		text = fmt.Sprintf("%q", text)
	}
	fmt.Fprintf(b, " %s%s=%s", group, a.Key, text)
}

// write puts e into the file and on the console. A log that cannot be written does not stop a database, so the first failure
// is told on the console and the error is otherwise only returned.
func (o *output) write(e Entry) error {
	line := appendLine(nil, e)
	o.mu.Lock()
	defer o.mu.Unlock()
	if console := o.console(e.Level); console != nil {
		// Nobody is left to tell when the console itself fails.
		_, _ = console.Write(appendConsole(nil, e))
	}
	if o.file == nil {
		return os.ErrClosed
	}
	_, err := o.file.Write(line)
	switch {
	case err == nil:
		o.failed = false
	case !o.failed:
		o.failed = true
		if o.stderr != nil {
			fmt.Fprintf(o.stderr, "error: cannot write to the log file: %v; free some space, or move it with --log-file\n", err)
		}
	}
	return err
}

func (o *output) console(level string) io.Writer {
	switch level {
	case "info":
		return nil
	case "notice":
		return o.stdout
	default:
		return o.stderr
	}
}

// chunkBytes is how much of the file is read at a time, from its end backwards: about 600 lines.
const chunkBytes = 64 << 10

// Newest returns up to n entries, the newest first. Lines that are no entries (written by hand, or cut by a crash) are
// left out.
func (l *Log) Newest(n int) ([]Entry, error) {
	file, err := os.Open(l.out.path)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	defer file.Close()
	end, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	var entries []Entry
	var tail []byte // the start of this line is in an earlier chunk
	for end > 0 && len(entries) < n {
		size := min(end, chunkBytes)
		chunk := make([]byte, size, int(size)+len(tail))
		if _, err := file.ReadAt(chunk, end-size); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		end -= size
		lines := strings.Split(string(append(chunk, tail...)), "\n")
		if end > 0 {
			tail = []byte(lines[0])
			lines = lines[1:]
		}
		// A line longer than this is no entry worth keeping in memory.
		if len(tail) > 16*chunkBytes {
			tail = nil
		}
		for _, line := range slices.Backward(lines) {
			if e, err := parseLine(line); err == nil && len(entries) < n {
				entries = append(entries, e)
			}
		}
	}
	return entries, nil
}
