package storage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"rethinkdb/internal/atrest"
)

func newKey(t testing.TB) *atrest.Key {
	t.Helper()
	var secret []byte
	for range 32 {
		secret = append(secret, byte(rand.Uint32()))
	}
	k, err := atrest.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// bothWays runs a test on a plain directory and on an encrypted one.
func bothWays(t *testing.T, test func(*testing.T, Encryption)) {
	t.Run("plain", func(t *testing.T) { test(t, Encryption{}) })
	t.Run("encrypted", func(t *testing.T) { test(t, Encryption{Key: newKey(t)}) })
}

func encrypt(fs vfs.FS) *encryptedFS { return &encryptedFS{FS: fs, ring: atrest.NewKeyring()} }

func create(t testing.TB, fs vfs.FS, name, text string) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func content(t testing.TB, fs vfs.FS, name string) string {
	t.Helper()
	f, err := fs.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

// twin does everything on a plain file system and on an encrypted one, which must not differ.
type twin struct {
	t     *testing.T
	rng   *rand.Rand
	plain *vfs.MemFS
	raw   *vfs.MemFS
	fs    *encryptedFS
	open  map[string][2]vfs.File // for writing
}

// TestEncryptedFilesAreLikeOthers does random operations.
func TestEncryptedFilesAreLikeOthers(t *testing.T) {
	for seed := range uint64(20) {
		raw := vfs.NewMem()
		w := &twin{t: t, rng: rand.New(rand.NewPCG(seed, 1)), plain: vfs.NewMem(), raw: raw, fs: encrypt(raw), open: map[string][2]vfs.File{}}
		for range 400 {
			w.step()
		}
		for name := range w.open {
			w.close(name)
		}
		names, err := raw.List("/")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if text := content(t, raw, name); strings.Contains(text, "legible") {
				t.Errorf("%s can be read", name)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func (w *twin) name() string { return fmt.Sprintf("f%d", w.rng.IntN(8)) }

// text is recognizable at every place, in a length that may be none.
func (w *twin) text() []byte {
	n := w.rng.IntN(300)
	if w.rng.IntN(10) == 0 {
		n = w.rng.IntN(100_000)
	}
	return bytes.Repeat([]byte("legible "), n/8+1)[:n]
}

func (w *twin) close(name string) {
	for _, f := range w.open[name] {
		if err := f.Close(); err != nil {
			w.t.Error(err)
		}
	}
	delete(w.open, name)
}

// step does one operation. Files that are open for writing are only written to, as by the engine.
func (w *twin) step() {
	name, other := w.name(), w.name()
	_, writing := w.open[name]
	_, otherWriting := w.open[other]
	switch n := w.rng.IntN(12); {
	case writing && n < 8:
		w.write(name)
	case writing && n < 10:
		w.both("sync "+name, func(i int, _ vfs.FS) error { return w.open[name][i].Sync() })
	case writing:
		w.close(name)
	case n < 4:
		var files [2]vfs.File
		ok := w.both("create "+name, func(i int, fs vfs.FS) (err error) {
			files[i], err = fs.Create(name, vfs.WriteCategoryUnspecified)
			return err
		})
		if ok {
			w.open[name] = files
		}
	case n < 7:
		w.compare(name)
	case n < 8:
		w.both("remove "+name, func(_ int, fs vfs.FS) error { return fs.Remove(name) })
	case otherWriting || name == other:
	case n < 9:
		w.both("rename "+name+" to "+other, func(_ int, fs vfs.FS) error { return fs.Rename(name, other) })
	case n < 10:
		w.both("link "+name+" as "+other, func(_ int, fs vfs.FS) error { return fs.Link(name, other) })
	default:
		w.both("copy "+name+" to "+other, func(_ int, fs vfs.FS) error { return vfs.Copy(fs, name, other) })
	}
}

// both does the same on both file systems and tells whether it succeeded.
func (w *twin) both(what string, do func(i int, fs vfs.FS) error) bool {
	plain, encrypted := do(0, w.plain), do(1, w.fs)
	if (plain == nil) != (encrypted == nil) {
		w.t.Errorf("%s: %v without encryption, %v with", what, plain, encrypted)
	}
	return plain == nil
}

func (w *twin) write(name string) {
	text := w.text()
	w.both("write "+name, func(i int, _ vfs.FS) error {
		n, err := w.open[name][i].Write(bytes.Clone(text))
		if n != len(text) {
			w.t.Errorf("%d of %d bytes were written: %v", n, len(text), err)
		}
		return err
	})
}

// compare reads a file in random pieces, and its size.
func (w *twin) compare(name string) {
	var files [2]vfs.File
	if !w.both("open "+name, func(i int, fs vfs.FS) (err error) {
		files[i], err = fs.Open(name)
		return err
	}) {
		return
	}
	defer files[0].Close()
	defer files[1].Close()
	var sizes [4]int64
	for i, fs := range []vfs.FS{w.plain, w.fs} {
		byName, err := fs.Stat(name)
		if err != nil {
			w.t.Fatal(err)
		}
		byFile, err := files[i].Stat()
		if err != nil {
			w.t.Fatal(err)
		}
		sizes[2*i], sizes[2*i+1] = byName.Size(), byFile.Size()
	}
	if len(slices.Compact(sizes[:])) != 1 {
		w.t.Errorf("sizes of %s: %d", name, sizes)
	}
	for range 5 {
		offset, length := w.rng.Int64N(sizes[0]+10), w.rng.IntN(5000)
		w.same(name, length, func(i int, p []byte) (int, error) { return files[i].ReadAt(p, offset) })
	}
	for range 5 {
		length := w.rng.IntN(5000)
		w.same(name, length, func(i int, p []byte) (int, error) { return files[i].Read(p) })
	}
}

func (w *twin) same(name string, length int, read func(i int, p []byte) (int, error)) {
	a, b := make([]byte, length), make([]byte, length)
	n, err := read(0, a)
	m, err2 := read(1, b)
	if n != m || !bytes.Equal(a[:n], b[:m]) || (err == nil) != (err2 == nil) || errors.Is(err, io.EOF) != errors.Is(err2, io.EOF) {
		w.t.Errorf("%s: %d bytes (%v) without encryption, %d (%v) with", name, n, err, m, err2)
	}
}

// TestReusedFileHasAKeyOfItsOwn: with the same key the two texts at a place could be told from their difference.
func TestReusedFileHasAKeyOfItsOwn(t *testing.T) {
	raw := vfs.NewMem()
	fs := encrypt(raw)
	text := strings.Repeat("a log ", 1000)
	create(t, fs, "old", text)
	before := content(t, raw, "old")
	f, err := fs.ReuseForWrite("old", "new", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	half := text[:len(text)/2]
	if _, err := f.Write([]byte(half)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	after := content(t, raw, "new")
	if len(after) != len(before) {
		t.Errorf("it has %d bytes, had %d: it was not reused", len(after), len(before))
	}
	if before[:atrest.HeaderBytes] == after[:atrest.HeaderBytes] || before[100:200] == after[100:200] {
		t.Error("the same text is encrypted alike")
	}
	read := content(t, fs, "new")
	if !strings.HasPrefix(read, half) {
		t.Error("what was written cannot be read")
	}
	if strings.Contains(read[len(half):], "log") {
		t.Error("what was there before can be read")
	}
}

// TestFilesThatACrashLeft: what a file system may leave of a file that was never synced is a file of the same length, or none.
func TestFilesThatACrashLeft(t *testing.T) {
	raw := vfs.NewMem()
	fs := encrypt(raw)
	for name, c := range map[string]struct{ raw, want string }{
		"nothing":           {"", ""},
		"part of a header":  {"\xf1RDBENC1 and", ""},
		"an empty header":   {strings.Repeat("\x00", atrest.HeaderBytes), ""},
		"a hole":            {strings.Repeat("\x00", 200), strings.Repeat("\x00", 200-atrest.HeaderBytes)},
		"a hole before sth": {strings.Repeat("\x00", 100) + "something", strings.Repeat("\x00", 100+9-atrest.HeaderBytes)},
	} {
		create(t, raw, name, c.raw)
		if got := content(t, fs, name); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
		if info, err := fs.Stat(name); err != nil || info.Size() != int64(len(c.want)) {
			t.Errorf("%s: %v, %v", name, info.Size(), err)
		}
	}
}

func TestFilesThatCannotBeDecrypted(t *testing.T) {
	raw := vfs.NewMem()
	fs := encrypt(raw)
	create(t, fs, "good", "text")
	good := content(t, raw, "good")
	create(t, raw, "plain", strings.Repeat("plain", 100))
	create(t, raw, "header", good[:40]+"x"+good[41:])
	create(t, encrypt(raw), "other", "text")
	for name, want := range map[string]error{"plain": atrest.ErrNotEncrypted, "header": atrest.ErrHeader, "other": atrest.ErrNoDataKey} {
		if _, err := fs.Open(name); !errors.Is(err, want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := fs.OpenReadWrite("good", vfs.WriteCategoryUnspecified); !errors.Is(err, vfs.ErrUnsupported) {
		t.Errorf("open for changes: %v", err)
	}
}

// TestAFailedWriteIsTheLast: how much of it is in the file is unknown, and so is where the next one would be.
func TestAFailedWriteIsTheLast(t *testing.T) {
	d := &smallDisk{FS: vfs.NewMem()}
	f, err := encrypt(d).Create("f", vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d.full.Store(true)
	if _, err := f.Write([]byte("one")); err == nil {
		t.Fatal("the disk was full")
	}
	d.full.Store(false)
	if _, err := f.Write([]byte("two")); err == nil {
		t.Error("a write after one that failed")
	}
}

// TestNothingPassesTheLayer lists what the interfaces have. A new version of the engine may add methods, which the layer then has
// through the file system below it: one that reads or writes content must be encrypted here.
func TestNothingPassesTheLayer(t *testing.T) {
	for _, c := range []struct {
		of           reflect.Type
		here, passed string
	}{
		{reflect.TypeFor[vfs.FS](), "Create Open OpenReadWrite ReuseForWrite Stat Unwrap",
			"GetDiskUsage Link List Lock MkdirAll OpenDir PathBase PathDir PathJoin Remove RemoveAll Rename"},
		{reflect.TypeFor[vfs.File](), "Preallocate Prefetch Read ReadAt Stat SyncTo Write WriteAt", "Close Fd Sync SyncData"},
	} {
		known := strings.Fields(c.here + " " + c.passed)
		for m := range c.of.Methods() {
			if !slices.Contains(known, m.Name) {
				t.Errorf("nobody has considered %s.%s", c.of, m.Name)
			}
		}
	}
}
