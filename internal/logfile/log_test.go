package logfile

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func openTest(t *testing.T) (l *Log, stdout, stderr *bytes.Buffer) {
	t.Helper()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	start := time.Date(2024, 5, 6, 7, 8, 9, 0, time.Local)
	l, err := Open(Options{
		Path: filepath.Join(t.TempDir(), "log_file"), Stdout: stdout, Stderr: stderr, Start: start,
		Now: func() time.Time { return start.Add(1500 * time.Millisecond) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, stdout, stderr
}

func contents(t *testing.T, l *Log) string {
	t.Helper()
	b, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestConsoleShowsNoticesPlainAndErrorsWithPrefix(t *testing.T) {
	l, stdout, stderr := openTest(t)
	logger := slog.New(l)
	Notice(logger, "Server ready, %q", "a")
	logger.Info("only in the file")
	logger.Debug("below the level")
	logger.Warn("look\nhere")
	logger.Error("broken", "path", "/a b")
	if got, want := stdout.String(), "Server ready, \"a\"\n"; got != want {
		t.Errorf("stdout is %q, want %q", got, want)
	}
	if got, want := stderr.String(), "warn: look\n      here\nerror: broken path=\"/a b\"\n"; got != want {
		t.Errorf("stderr is %q, want %q", got, want)
	}
	if got := strings.Count(contents(t, l), "\n"); got != 4 {
		t.Errorf("the file has %d lines, want 4", got)
	}
}

func TestLineFormat(t *testing.T) {
	l, _, _ := openTest(t)
	slog.New(l).Warn("tab\there\\ new\nline \x1b[31m é")
	pattern := `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9} \d+\.\d{6}s warn: tab\\there\\\\ new\\nline \?\[31m \?\?\n$`
	if got := contents(t, l); !regexp.MustCompile(pattern).MatchString(got) {
		t.Errorf("line is %q", got)
	}
}

func TestEntriesComeBackNewestFirst(t *testing.T) {
	l, _, _ := openTest(t)
	logger := slog.New(l)
	const total = 3000 // several chunks
	for i := range total {
		logger.Info(fmt.Sprintf("entry %d with\na newline, a \\n and a tab\t%s", i, strings.Repeat("x", i%90)))
	}
	if err := os.WriteFile(l.Path(), []byte(contents(t, l)+"not an entry\n2024-05-06T07:08"), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := l.Newest(1000)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1000 {
		t.Fatalf("got %d entries, want 1000", len(entries))
	}
	for i, e := range entries {
		n := total - 1 - i
		want := fmt.Sprintf("entry %d with\na newline, a \\n and a tab\t%s", n, strings.Repeat("x", n%90))
		if e.Message != want || e.Level != "info" {
			t.Fatalf("entry %d is %q (%s), want %q", i, e.Message, e.Level, want)
		}
	}
	all, err := l.Newest(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != total {
		t.Errorf("got %d entries in all, want %d", len(all), total)
	}
}

func TestFileIsForItsOwnerOnly(t *testing.T) {
	l, _, _ := openTest(t)
	info, err := os.Stat(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != fs.FileMode(0o600) {
		t.Errorf("mode is %o, want 600", got)
	}
}

func TestAttributesAndGroups(t *testing.T) {
	l, _, stderr := openTest(t)
	slog.New(l).With("a", 1).WithGroup("g").Warn("m", "b", "x", slog.Group("h", "c", true))
	if got, want := stderr.String(), "warn: m a=1 g.b=x g.h.c=true\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("2024-05-06T07:08:09.000000000 1.500000s warn: a\\nb")
	f.Add("2024-05-06T07:08:09.000000000 1.5s : ")
	f.Fuzz(func(t *testing.T, line string) {
		e, err := parseLine(line)
		if err != nil {
			return
		}
		written := strings.TrimSuffix(string(appendLine(nil, e)), "\n")
		again, err := parseLine(written)
		if err != nil {
			t.Fatalf("%q became %q, which is no entry: %v", line, written, err)
		}
		if !again.Time.Equal(e.Time) || again.Level != e.Level {
			t.Fatalf("%q became %q", line, written)
		}
	})
}
