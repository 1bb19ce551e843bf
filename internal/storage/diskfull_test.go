package storage

import (
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// smallDisk is a file system that can be full.
type smallDisk struct {
	vfs.FS
	full atomic.Bool
}

func (d *smallDisk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	if d.full.Load() {
		return vfs.DiskUsage{}, nil
	}
	return vfs.DiskUsage{AvailBytes: 1 << 40}, nil
}

func (d *smallDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if d.full.Load() {
		return nil, syscall.ENOSPC
	}
	f, err := d.FS.Create(name, c)
	return &smallFile{f, d}, err
}

func (d *smallDisk) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(from, to, c)
	return &smallFile{f, d}, err
}

type smallFile struct {
	vfs.File
	d *smallDisk
}

func (f *smallFile) Write(b []byte) (int, error) {
	if f.d.full.Load() {
		n, err := f.File.Write(b[:len(b)/2]) // a full disk takes some of it
		if err == nil {
			err = syscall.ENOSPC
		}
		return n, err
	}
	return f.File.Write(b)
}

func TestFullDisk(t *testing.T) { bothWays(t, testFullDisk) }

func testFullDisk(t *testing.T, e Encryption) {
	mem := vfs.NewCrashableMem()
	d := &smallDisk{FS: mem}
	s := open(t, "data", Options{fs: d, Encryption: e})
	defer closeStore(t, s)
	if err := s.MetaSet(t.Context(), "a", []byte("1")); err != nil {
		t.Fatal(err)
	}
	d.full.Store(true)
	// The first write finds out. It has been applied, so its fate is unknown.
	if err := s.MetaSet(t.Context(), "b", []byte("2")); !errors.Is(err, ErrDiskFull) {
		t.Fatalf("write on a full disk: %v, want ErrDiskFull", err)
	}
	if err := s.MetaSet(t.Context(), "c", []byte("3")); !errors.Is(err, ErrDiskFull) {
		t.Fatalf("second write on a full disk: %v, want ErrDiskFull", err)
	}
	if got := meta(t, s, ""); got != "a=1 b=2" {
		t.Errorf("reads on a full disk: %s", got)
	}
	d.full.Store(false)
	deadline := time.After(10 * time.Second)
	for tick := time.NewTicker(time.Millisecond); s.Err() != nil; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("no writes 10 s after the disk has space again")
		}
	}
	if err := s.MetaSet(t.Context(), "d", []byte("4")); err != nil {
		t.Fatal(err)
	}
	crashed := open(t, "data", Options{fs: mem.CrashClone(vfs.CrashCloneCfg{}), Encryption: e})
	defer closeStore(t, crashed)
	if got := meta(t, crashed, ""); got != "a=1 b=2 d=4" {
		t.Errorf("after the disk had space again and a crash: %s", got)
	}
}

func TestFullDiskAtStart(t *testing.T) {
	d := &smallDisk{FS: vfs.NewMem()}
	if err := d.MkdirAll("data", 0o700); err != nil {
		t.Fatal(err)
	}
	closeStore(t, open(t, "data", Options{fs: d}))
	d.full.Store(true)
	if _, err := Open("data", Options{fs: d}); !errors.Is(err, ErrDiskFull) {
		t.Errorf("%v, want ErrDiskFull", err)
	}
	d.full.Store(false)
	closeStore(t, open(t, "data", Options{fs: d}))
}
