package storage

import (
	"bytes"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"rethinkdb/internal/atrest"
)

// digest is the state of a directory: the names and contents of its files.
func digest(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, e iofs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %q\n", path, data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestWrongKeysTouchNothing(t *testing.T) {
	key, other := newKey(t), newKey(t)
	encrypted, plain := filepath.Join(t.TempDir(), "encrypted"), filepath.Join(t.TempDir(), "plain")
	closeStore(t, open(t, encrypted, Options{Encryption: Encryption{Key: key}}))
	closeStore(t, open(t, plain, Options{}))
	for name, c := range map[string]struct {
		dir   string
		e     Encryption
		want  error
		names []string // that the error has
	}{
		"no key":                        {encrypted, Encryption{}, ErrKeyNeeded, []string{key.ID()}},
		"another key":                   {encrypted, Encryption{Key: other}, atrest.ErrWrongKey, []string{key.ID(), other.ID()}},
		"another key, also the old one": {encrypted, Encryption{Key: other, Old: newKey(t)}, atrest.ErrWrongKey, []string{key.ID()}},
		"only the old key":              {encrypted, Encryption{Old: key}, ErrKeyNeeded, []string{key.ID()}},
		"a key for a plain directory":   {plain, Encryption{Key: key}, ErrNotEncrypted, nil},
	} {
		before := digest(t, c.dir)
		for what, err := range map[string]error{"CheckKey": CheckKey(c.dir, c.e), "Open": openError(c.dir, c.e)} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v, want %v", name, what, err, c.want)
				continue
			}
			for _, id := range c.names {
				if !strings.Contains(err.Error(), id) {
					t.Errorf("%s, %s: %v does not name %s", name, what, err, id)
				}
			}
		}
		if digest(t, c.dir) != before {
			t.Errorf("%s: the directory was changed", name)
		}
	}
	if err := CheckKey(encrypted, Encryption{Key: key}); err != nil {
		t.Error(err)
	}
}

func openError(dir string, e Encryption) error {
	s, err := Open(dir, Options{Encryption: e})
	if err == nil {
		err = s.Close()
	}
	return err
}

func TestDamagedKeyring(t *testing.T) {
	key := newKey(t)
	dir := t.TempDir()
	closeStore(t, open(t, dir, Options{Encryption: Encryption{Key: key}}))
	name := filepath.Join(dir, keyringFile)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for what, data := range map[string][]byte{
		"empty": {}, "cut": good[:len(good)-1], "changed": append(bytes.Clone(good[:len(good)-1]), good[len(good)-1]^1),
		"huge": make([]byte, 1<<20),
	} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openError(dir, Encryption{Key: key}); !errors.Is(err, atrest.ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := openError(dir, Encryption{Key: key}); !errors.Is(err, atrest.ErrDamaged) || !strings.Contains(err.Error(), "backup") {
		t.Errorf("missing: %v", err)
	}
	if err := openError(dir, Encryption{}); !errors.Is(err, ErrKeyNeeded) {
		t.Errorf("missing, without a key: %v", err)
	}
}

// TestRotation: a new key takes the place of the old one without a file being written anew, and data keys go when their files do.
func TestRotation(t *testing.T) {
	dir := t.TempDir()
	first, second := newKey(t), newKey(t)
	s := open(t, dir, Options{Encryption: Encryption{Key: first}})
	fill(t, s, 0)
	if e := s.Encryption(); e.KeyID != first.ID() || e.DataKeys != 1 || e.Made.IsZero() {
		t.Errorf("%+v", e)
	}
	closeStore(t, s)
	inodes := inodesOf(t, dir)

	rotate := Encryption{Key: second, Old: first}
	s = open(t, dir, Options{Encryption: rotate})
	if e := s.Encryption(); e.KeyID != second.ID() || e.DataKeys != 2 || !e.Replaced {
		t.Errorf("after the rotation: %+v", e)
	}
	check(t, s, 0)
	kept := 0
	for name, inode := range inodesOf(t, dir) {
		if strings.HasSuffix(name, ".sst") && os.SameFile(inodes[name], inode) {
			kept++
		}
	}
	if kept == 0 {
		t.Error("no file is as it was")
	}
	fill(t, s, 1)
	closeStore(t, s)

	if err := openError(dir, Encryption{Key: first}); !errors.Is(err, atrest.ErrWrongKey) {
		t.Errorf("the old key: %v", err)
	}
	s = open(t, dir, Options{Encryption: rotate}) // again, by an operator who leaves the option as it is
	if e := s.Encryption(); e.KeyID != second.ID() || e.DataKeys != 2 || e.Replaced {
		t.Errorf("the rotation a second time: %+v", e)
	}
	check(t, s, 0)
	check(t, s, 1)
	// Compactions write all files anew.
	b := s.NewBatch()
	b.DeleteRange([]byte{spaceMeta}, []byte{spaceMeta + 1})
	if err := s.Commit(t.Context(), b, true); err != nil {
		t.Fatal(err)
	}
	b.Close()
	compact(t, s)
	fill(t, s, 2)
	closeStore(t, s)

	s = open(t, dir, Options{Encryption: Encryption{Key: second}})
	defer closeStore(t, s)
	if e := s.Encryption(); e.DataKeys != 1 {
		t.Errorf("when all files are new: %+v", e)
	}
	check(t, s, 2)
}

func compact(t testing.TB, s *Store) {
	t.Helper()
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false); err != nil {
		t.Fatal(err)
	}
}

const filled = 50

// fill writes rows that can be recognized on the disk, by the log and as a sorted run, and moves them out of the log.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	b := s.NewBatch()
	defer b.Close()
	for i := range filled {
		b.SetMeta(fmt.Sprintf("legible key %d/%05d", n, i), []byte(strings.Repeat("legible value ", 1+i)))
	}
	b.SetMeta(fmt.Sprintf("legible key %d/large", n), bytes.Repeat([]byte("legible "), separateBytes/8+1))
	if err := s.Commit(t.Context(), b, true); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	run, err := s.NewSortedRun()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Set(metaKey(fmt.Sprintf("legible run %d", n)), []byte("legible value of a run")); err != nil {
		t.Fatal(err)
	}
	if err := run.Ingest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.MetaSet(t.Context(), fmt.Sprintf("legible log %d", n), []byte("legible value in the log")); err != nil {
		t.Fatal(err)
	}
}

// check looks for what fill has written.
func check(t testing.TB, s *Store, n int) {
	t.Helper()
	found := 0
	err := s.MetaScan(fmt.Sprintf("legible key %d/", n), func(_ string, value []byte) error {
		if !bytes.HasPrefix(value, []byte("legible ")) {
			t.Errorf("a value begins with %q", value[:8])
		}
		found++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"run", "log"} {
		if _, ok, err := s.MetaGet(fmt.Sprintf("legible %s %d", key, n)); err != nil || !ok {
			t.Errorf("%s %d: %v, %v", key, n, ok, err)
		}
	}
	if found != filled+1 {
		t.Errorf("%d of %d rows are there", found, filled+1)
	}
}

func inodesOf(t *testing.T, dir string) map[string]iofs.FileInfo {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, storeDirectory))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]iofs.FileInfo{}
	for _, e := range entries {
		if all[e.Name()], err = e.Info(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestNothingIsLegible looks for what was written in all files of the directory, while the store is open and afterwards. The
// same search of a plain directory shows that it would find it.
func TestNothingIsLegible(t *testing.T) {
	bothWays(t, func(t *testing.T, e Encryption) {
		dir := t.TempDir()
		s := open(t, dir, Options{Encryption: e})
		for n := range 3 {
			fill(t, s, n)
		}
		compact(t, s)
		fill(t, s, 3)
		open := strings.Count(digest(t, dir), "legible")
		closeStore(t, s)
		closed := strings.Count(digest(t, dir), "legible")
		if e.Key != nil && open+closed > 0 {
			t.Errorf("it can be read at %d places while the store is open, and %d afterwards", open, closed)
		}
		if e.Key == nil && (open == 0 || closed == 0) {
			t.Errorf("the search finds nothing: %d, %d", open, closed)
		}
	})
}

func TestReencrypt(t *testing.T) {
	dir := t.TempDir()
	first, second := newKey(t), newKey(t)
	s := open(t, dir, Options{})
	fill(t, s, 0)
	closeStore(t, s)
	for _, step := range []struct {
		name string
		c    Conversion
		then Encryption
	}{
		{"encrypt", Conversion{Encryption: Encryption{Key: first}}, Encryption{Key: first}},
		{"again", Conversion{Encryption: Encryption{Key: first}}, Encryption{Key: first}},
		{"another key", Conversion{Encryption: Encryption{Key: second, Old: first}}, Encryption{Key: second}},
		{"decrypt", Conversion{Encryption: Encryption{Key: second}, Plain: true}, Encryption{}},
		{"encrypt once more", Conversion{Encryption: Encryption{Key: second}}, Encryption{Key: second}},
		{"decrypt by the old key", Conversion{Encryption: Encryption{Key: first, Old: second}, Plain: true}, Encryption{}},
	} {
		before := inodesOf(t, dir)
		last, total := 0, 0
		step.c.Progress = func(done, all int) { last, total = done, all }
		if err := Reencrypt(dir, step.c); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if last != total || total != len(before) {
			t.Errorf("%s: %d of %d files are said to be done, there are %d", step.name, last, total, len(before))
		}
		for name, info := range inodesOf(t, dir) {
			if info.Size() > 0 && os.SameFile(info, before[name]) {
				t.Errorf("%s: %s was not written anew", step.name, name)
			}
		}
		if legible := strings.Contains(digest(t, dir), "legible"); legible != (step.then.Key == nil) {
			t.Errorf("%s: legible %v", step.name, legible)
		}
		s := open(t, dir, Options{Encryption: step.then})
		check(t, s, 0)
		if e := s.Encryption(); step.then.Key != nil && (e.DataKeys != 1 || e.KeyID != step.then.Key.ID()) {
			t.Errorf("%s: %+v", step.name, e)
		}
		closeStore(t, s)
	}
}

func TestReencryptRefuses(t *testing.T) {
	key, other := newKey(t), newKey(t)
	encrypted, plain, empty := t.TempDir(), t.TempDir(), t.TempDir()
	closeStore(t, open(t, encrypted, Options{Encryption: Encryption{Key: key}}))
	closeStore(t, open(t, plain, Options{}))
	for name, c := range map[string]struct {
		dir  string
		c    Conversion
		want error
	}{
		"no store":              {empty, Conversion{Encryption: Encryption{Key: key}}, ErrFormat},
		"no key":                {encrypted, Conversion{}, ErrKeyNeeded},
		"the wrong key":         {encrypted, Conversion{Encryption: Encryption{Key: other}}, atrest.ErrWrongKey},
		"two wrong keys":        {encrypted, Conversion{Encryption: Encryption{Key: other, Old: newKey(t)}}, atrest.ErrWrongKey},
		"the wrong key, plain":  {encrypted, Conversion{Encryption: Encryption{Key: other}, Plain: true}, atrest.ErrWrongKey},
		"what is plain already": {plain, Conversion{Encryption: Encryption{Key: key}, Plain: true}, ErrNotEncrypted},
		"plain, and no key":     {plain, Conversion{}, ErrKeyNeeded},
	} {
		before := digest(t, c.dir)
		if err := Reencrypt(c.dir, c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if digest(t, c.dir) != before {
			t.Errorf("%s: the directory was changed", name)
		}
	}
}

// TestEngineFeatures checks what the engine does with files beyond reading and writing: it reuses those of the log, and links those
// of sorted runs and checkpoints.
func TestEngineFeatures(t *testing.T) {
	dir := t.TempDir()
	key := newKey(t)
	var reused, linked atomic.Int32
	fs := errorfs.Wrap(vfs.Default, errorfs.InjectorFunc(func(op errorfs.Op) error {
		switch op.Kind {
		case errorfs.OpReuseForWrite:
			reused.Add(1)
		case errorfs.OpLink:
			linked.Add(1)
		}
		return nil
	}))
	s := open(t, dir, Options{fs: fs, Encryption: Encryption{Key: key}})
	fill(t, s, 0)
	for n := range 10 {
		b := s.NewBatch()
		b.SetMeta(fmt.Sprintf("more %d", n), bytes.Repeat([]byte{byte(n)}, 1<<20))
		if err := s.Commit(t.Context(), b, true); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if err := s.db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(dir, "checkpoint", storeDirectory)
	if err := s.fs.MkdirAll(filepath.Dir(copied), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Checkpoint(copied, pebble.WithFlushedWAL()); err != nil {
		t.Fatal(err)
	}
	if reused.Load() == 0 || linked.Load() == 0 {
		t.Errorf("%d files were reused, %d linked", reused.Load(), linked.Load())
	}
	closeStore(t, s)
	for _, name := range []string{formatFile, keyringFile} {
		if err := vfs.Copy(vfs.Default, filepath.Join(dir, name), filepath.Join(dir, "checkpoint", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []string{dir, filepath.Join(dir, "checkpoint")} {
		s := open(t, d, Options{Encryption: Encryption{Key: key}})
		check(t, s, 0)
		closeStore(t, s)
	}
}
