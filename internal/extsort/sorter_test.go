package extsort

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"rethinkdb/internal/race"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// budget is a Memory of limit bytes.
type budget struct{ limit, held atomic.Int64 }

var errNoMemory = errors.New("no memory")

func (b *budget) Take(n int) error {
	if b.held.Add(int64(n)) > b.limit.Load() {
		b.held.Add(-int64(n))
		return errNoMemory
	}
	return nil
}

func (b *budget) Give(n int) { b.held.Add(-int64(n)) }

func newBudget(limit int64) *budget {
	b := &budget{}
	b.limit.Store(limit)
	return b
}

// pauses counts, and from number fail on is an error.
type pauses struct{ n, fail int }

var errStopped = errors.New("stopped")

func (p *pauses) Pause() error {
	if p.n++; p.fail > 0 && p.n >= p.fail {
		return errStopped
	}
	return nil
}

type pair struct{ key, row []byte }

// randomKey makes keys that are often equal or begin alike, and none of which is the beginning of another.
func randomKey(r *rand.Rand) []byte {
	var key []byte
	for range r.IntN(4) {
		key = append(key, "abcdefgh"[:1+r.IntN(8)]...)
	}
	if r.IntN(3) == 0 {
		key = append(key, fmt.Sprint(r.IntN(1000))...)
	}
	return append(key, 0)
}

func randomPairs(r *rand.Rand, n, rowBytes int) []pair {
	all := make([]pair, n)
	for i := range all {
		row := make([]byte, r.IntN(rowBytes+1))
		copy(row, fmt.Sprint(i))
		all[i] = pair{randomKey(r), row}
	}
	return all
}

// model sorts as a Sorter does.
func model(all []pair, o Options) [][]byte {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
	if o.Unique {
		all = slices.CompactFunc(all, func(a, b pair) bool { return bytes.Equal(a.key, b.key) })
	}
	if o.Limit >= 0 {
		all = all[:min(len(all), o.Limit)]
	}
	rows := make([][]byte, len(all))
	for i, p := range all {
		rows[i] = p.row
	}
	return rows
}

func drain(t testing.TB, r *Rows) [][]byte {
	t.Helper()
	var out [][]byte
	for {
		row, ok, err := r.Next(&pauses{})
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return out
		}
		if r.reuse {
			row = bytes.Clone(row)
		}
		out = append(out, row)
	}
}

func equal(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

// TestSortersAgreeWithModel sorts the same records with much memory and with little, by one sorter and by several.
func TestSortersAgreeWithModel(t *testing.T) {
	t.Run("plain", func(t *testing.T) { testSortersAgreeWithModel(t, NewDirectory(t.TempDir(), 0, 1<<40)) })
	t.Run("encrypted", func(t *testing.T) { testSortersAgreeWithModel(t, encrypted(t.TempDir())) })
}

func encrypted(path string) *Directory {
	d := NewDirectory(path, 0, 1<<40)
	d.Encrypt()
	return d
}

func testSortersAgreeWithModel(t *testing.T, files *Directory) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		n := []int{0, 1, 2, 30, 300, 3000, 20_000}[r.IntN(7)]
		all := randomPairs(r, n, []int{0, 8, 100, 1000}[r.IntN(4)])
		o := Options{Limit: -1, Unique: r.IntN(4) == 0}
		if r.IntN(3) == 0 && !o.Unique {
			o.Limit = []int{0, 1, 10, 1000, 30_000}[r.IntN(5)]
		}
		memory := newBudget(1 << 40)
		if r.IntN(2) == 0 {
			o.Files, o.ShareBytes = files, minRunBytes
			if r.IntN(2) == 0 {
				memory.limit.Store(5 * minRunBytes)
				o.ShareBytes = 2 * minRunBytes
			}
		}
		o.Memory = memory
		var sorters []*Sorter
		workers := 1 + r.IntN(2)
		for w := range workers {
			s := New(o)
			for _, p := range all[len(all)*w/workers : len(all)*(w+1)/workers] {
				if _, err := s.Add(p.key, p.row, &pauses{}); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(2) == 0 {
				if err := s.Sort(&pauses{}); err != nil {
					t.Fatal(err)
				}
			}
			sorters = append(sorters, s)
		}
		rows, err := Merge(sorters, &pauses{})
		if err != nil {
			t.Fatal(err)
		}
		if r.IntN(2) == 0 {
			rows.Reuse()
		}
		onDisk := rows.OnDisk()
		if got, want := drain(t, rows), model(all, o); !equal(got, want) {
			t.Fatalf("%d: %d records, limit %d, unique %v, %d sorters, on disk %v: %d rows, want %d", i, n, o.Limit, o.Unique, workers, onDisk, len(got), len(want))
		}
		rows.Close()
		if memory.held.Load() != 0 {
			t.Fatalf("%d bytes are still held", memory.held.Load())
		}
	}
	if n := files.Open(); n != 0 {
		t.Errorf("%d files are open", n)
	}
}

// TestManyRuns has more runs than one level.
func TestManyRuns(t *testing.T) {
	path := t.TempDir()
	files := NewDirectory(path, 0, 1<<40)
	r := rand.New(rand.NewPCG(3, 4))
	all := randomPairs(r, 3*maxRuns*minRunBytes/1100, 2000)
	memory := newBudget(1 << 40)
	o := Options{Limit: -1, Memory: memory, Files: files, ShareBytes: minRunBytes}
	s := New(o)
	for _, p := range all {
		if _, err := s.Add(p.key, p.row, &pauses{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.runs.levels) < 2 || len(s.runs.all()) > 2*maxRuns {
		t.Errorf("%d levels, %d runs", len(s.runs.levels), len(s.runs.all()))
	}
	if entries, err := os.ReadDir(path); err != nil || len(entries) > 0 {
		t.Errorf("temporary files have names: %v, %v", entries, err)
	}
	if held := memory.held.Load(); held > 2*minRunBytes {
		t.Errorf("%d bytes are held", held)
	}
	rows, err := Merge([]*Sorter{s}, &pauses{})
	if err != nil {
		t.Fatal(err)
	}
	if !equal(drain(t, rows), model(all, o)) {
		t.Error("wrong order")
	}
	rows.Close()
	if n := files.Open(); n != 0 {
		t.Errorf("%d files are open", n)
	}
}

// TestEncryptedFilesTellNothing looks for what is sorted in the files, also where runs were written over others. In plain files it
// is found.
func TestEncryptedFilesTellNothing(t *testing.T) {
	for _, files := range []*Directory{NewDirectory(t.TempDir(), 0, 1<<40), encrypted(t.TempDir())} {
		s := New(Options{Limit: -1, Memory: newBudget(1 << 40), Files: files, ShareBytes: minRunBytes})
		row := bytes.Repeat([]byte("legible "), 200)
		for i := range 2 * maxRuns * minRunBytes / len(row) {
			if _, err := s.Add(fmt.Appendf(nil, "%08d", i*7919%100_000), row, &pauses{}); err != nil {
				t.Fatal(err)
			}
		}
		seen := map[string]bool{}
		for i, l := range s.runs.levels {
			text, err := io.ReadAll(io.NewSectionReader(l.file, 0, 1<<30))
			if err != nil {
				t.Fatal(err)
			}
			if found := bytes.Contains(text, []byte("legible")); found == files.encrypt || len(text) == 0 {
				t.Errorf("encrypted %v, level %d of %d bytes: it can be read %v", files.encrypt, i, len(text), found)
			}
			for _, r := range l.list {
				start := string(text[r.from : r.from+blockHeader])
				if files.encrypt && seen[start] {
					t.Error("two runs begin alike")
				}
				seen[start] = true
			}
		}
		s.Close()
	}
}

func TestSortWithoutFilesEndsWithItsMemory(t *testing.T) {
	memory := newBudget(1 << 20)
	s := New(Options{Limit: -1, Memory: memory})
	var err error
	for i := 0; err == nil; i++ {
		_, err = s.Add(fmt.Appendf(nil, "%08d", i), make([]byte, 1000), &pauses{})
	}
	if !errors.Is(err, errNoMemory) {
		t.Error(err)
	}
	s.Close()
	if memory.held.Load() != 0 {
		t.Errorf("%d bytes are still held", memory.held.Load())
	}
}

func TestFilesAreBounded(t *testing.T) {
	for want, files := range map[error]*Directory{
		ErrDiskFull: NewDirectory(t.TempDir(), 1<<60, 1<<40),
		ErrTooLarge: NewDirectory(t.TempDir(), 0, 50<<20),
	} {
		s := New(Options{Limit: -1, Memory: newBudget(1 << 20), Files: files})
		var err error
		for i := 0; err == nil; i++ {
			_, err = s.Add(fmt.Appendf(nil, "%08d", i), make([]byte, 1000), &pauses{})
		}
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
		s.Close()
		if n, bytes := files.Open(), files.bytes.Load(); n != 0 || bytes != 0 {
			t.Errorf("%v: %d files of %d bytes are open", want, n, bytes)
		}
	}
}

// TestSortsStop checks that a sort ends at whatever pause it is told to, and asks often enough.
func TestSortsStop(t *testing.T) {
	files := NewDirectory(t.TempDir(), 0, 1<<40)
	r := rand.New(rand.NewPCG(5, 6))
	all := randomPairs(r, 40_000, 100)
	sortAll := func(p *pauses, share int) error {
		s := New(Options{Limit: -1, Memory: newBudget(1 << 40), Files: files, ShareBytes: share})
		defer s.Close()
		for _, x := range all {
			if _, err := s.Add(x.key, x.row, p); err != nil {
				return err
			}
		}
		rows, err := Merge([]*Sorter{s}, p)
		if err != nil {
			return err
		}
		defer rows.Close()
		for {
			if _, ok, err := rows.Next(p); err != nil || !ok {
				return err
			}
		}
	}
	for _, share := range []int{0, minRunBytes} {
		count := &pauses{}
		if err := sortAll(count, share); err != nil {
			t.Fatal(err)
		}
		if count.n < 2*len(all)/pauseRecords {
			t.Errorf("%d pauses", count.n)
		}
		for fail := 1; fail <= count.n; fail += 1 + count.n/8 {
			if err := sortAll(&pauses{fail: fail}, share); !errors.Is(err, errStopped) {
				t.Fatalf("stopped at pause %d of %d: %v", fail, count.n, err)
			}
		}
	}
	if n := files.Open(); n != 0 {
		t.Errorf("%d files are open", n)
	}
}

// TestDamagedRun checks that a run that is not what was written is an error.
func TestDamagedRun(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	all := randomPairs(r, 3000, 1000)
	for range race.Fewer(20) {
		s := New(Options{Limit: -1, Memory: newBudget(1 << 40), Files: NewDirectory(t.TempDir(), 0, 1<<40), ShareBytes: minRunBytes})
		for _, p := range all {
			if _, err := s.Add(p.key, p.row, &pauses{}); err != nil {
				t.Fatal(err)
			}
		}
		l := s.runs.levels[0]
		if _, err := l.file.WriteAt([]byte{byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}, r.Int64N(l.end)); err != nil {
			t.Fatal(err)
		}
		rows, err := Merge([]*Sorter{s}, &pauses{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for ok := true; ok && err == nil; n++ {
			_, ok, err = rows.Next(&pauses{})
		}
		if err == nil {
			t.Errorf("%d rows without an error", n)
		}
		rows.Close()
	}
}

func BenchmarkSort(b *testing.B) {
	for _, kind := range []string{"number", "string"} {
		b.Run(kind, func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			keys := make([][]byte, 50_000)
			for i := range keys {
				keys[i] = fmt.Appendf(nil, "\x28%08d", r.IntN(1e6))
				if kind == "string" {
					keys[i] = fmt.Appendf(nil, "\x48customer-number-%08d\x00\x01", r.IntN(1e6))
				}
			}
			row, p := make([]byte, 100), &pauses{}
			b.ReportAllocs()
			for b.Loop() {
				s := New(Options{Limit: -1, Memory: newBudget(1 << 40)})
				for _, k := range keys {
					if _, err := s.Add(k, row, p); err != nil {
						b.Fatal(err)
					}
				}
				rows, err := Merge([]*Sorter{s}, p)
				if err != nil {
					b.Fatal(err)
				}
				for ok := true; ok; {
					if _, ok, err = rows.Next(p); err != nil {
						b.Fatal(err)
					}
				}
				rows.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(keys)), "ns/record")
		})
	}
}
