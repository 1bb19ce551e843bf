package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func acquire(t *testing.T, path string, create bool) *Directory {
	t.Helper()
	d, err := AcquireDirectory(path, create)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func closeDirectory(t *testing.T, d *Directory) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}

func present(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

func put(t *testing.T, elements ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(elements...), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDirectoryThatWasNotInitializedIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	d := acquire(t, path, true)
	if !d.New {
		t.Error("a missing directory is not new")
	}
	put(t, path, "file")
	closeDirectory(t, d)
	if present(path) {
		t.Error("the directory is still there")
	}
}

func TestDirectoryThatWasInitializedStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	d := acquire(t, path, true)
	put(t, path, "file")
	d.MarkInitialized()
	closeDirectory(t, d)
	d = acquire(t, path, true)
	if d.New {
		t.Error("a directory with files is new")
	}
	closeDirectory(t, d)
	if !present(filepath.Join(path, "file")) {
		t.Error("the file is gone")
	}
}

// TestEmptyDirectoryOfTheOperator is about mount points: the directory itself is not ours to remove, and a fresh file system is
// not quite empty.
func TestEmptyDirectoryOfTheOperator(t *testing.T) {
	path := t.TempDir()
	if err := os.Mkdir(filepath.Join(path, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	d := acquire(t, path, true)
	if !d.New {
		t.Error("the directory counts as used")
	}
	put(t, path, "file")
	put(t, path, LogFileName)
	closeDirectory(t, d)
	if present(filepath.Join(path, "file")) || !present(filepath.Join(path, "lost+found")) || !present(filepath.Join(path, LogFileName)) {
		t.Error("not exactly the half-made data was removed")
	}
	put(t, path, "KEYRING")
	put(t, path, "FORMAT.new")
	if d = acquire(t, path, true); !d.New {
		t.Error("what a failed start leaves counts as data")
	}
	closeDirectory(t, d)
}

func TestDirectoryIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	d := acquire(t, path, true)
	if _, err := AcquireDirectory(path, true); err == nil || !strings.Contains(err.Error(), "is already in use") {
		t.Errorf("a second lock: %v", err)
	}
	if !present(path) {
		t.Error("who did not get the lock removed the directory")
	}
	closeDirectory(t, d)
}

func TestContentsOfAnotherProgramAreRefused(t *testing.T) {
	path := t.TempDir()
	put(t, path, "thesis.doc")
	d := acquire(t, path, true)
	defer closeDirectory(t, d)
	if err := d.checkContents(); err == nil || !strings.Contains(err.Error(), "holds no data of this server") {
		t.Errorf("got %v", err)
	}
}

func TestFreeMemory(t *testing.T) {
	const text = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    9000 kB\nBuffers:            5 kB\nCached:          2000 kB\nSwapCached:         7 kB\n"
	got, err := parseMeminfo([]byte(text))
	if err != nil || got != 3000<<10 {
		t.Errorf("got %d, %v; want %d", got, err, 3000<<10)
	}
	for name, text := range map[string]string{
		"empty":   "",
		"half":    "MemFree: 1 kB\n",
		"no size": "MemFree: lots\nCached: 1 kB\n",
	} {
		if _, err := parseMeminfo([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAutoCacheSize(t *testing.T) {
	for available, want := range map[int64]int64{
		0:             100 * megabyte,
		gigabyte:      100 * megabyte,
		3 * gigabyte:  gigabyte,
		17 * gigabyte: 8 * gigabyte,
	} {
		if got := autoCacheBytes(available); got != want {
			t.Errorf("%d free: got %d, want %d", available, got, want)
		}
	}
}
