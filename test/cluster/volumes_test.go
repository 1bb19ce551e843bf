//go:build cluster

package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A volume is a file system of its own, on which a server has its data. Making one needs root, mount, and mkfs.ext4.
type volume struct {
	t     *testing.T
	dir   string // where it is mounted
	image string // the file that it is in; empty for one in memory
}

// newMemory makes a small volume in memory, which can be full.
func newMemory(t *testing.T, megabytes int) *volume {
	t.Helper()
	v := &volume{t: t, dir: t.TempDir()}
	run(t, fmt.Sprintf("mount -t tmpfs -o size=%dm tmpfs %s", megabytes, v.dir))
	t.Cleanup(v.unmount)
	return v
}

// newDisk makes a volume that can lose its power.
func newDisk(t *testing.T, megabytes int64) *volume {
	t.Helper()
	v := &volume{t: t, dir: t.TempDir(), image: filepath.Join(t.TempDir(), "image")}
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(v.image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	run(t, "mkfs.ext4 -q -F "+v.image)
	v.mount()
	t.Cleanup(v.unmount)
	return v
}

func (v *volume) mount() {
	v.t.Helper()
	run(v.t, fmt.Sprintf("mount -o loop %s %s", v.image, v.dir))
}

// repair mounts what the disk has after its power was cut, as another machine would: the file system itself is lost for this one until nobody has it mounted any more.
func (v *volume) repair() {
	v.t.Helper()
	v.unmount()
	moved := v.image + "+"
	run(v.t, fmt.Sprintf("cp --sparse=always %s %s", v.image, moved))
	if err := os.Remove(v.image); err != nil {
		v.t.Fatal(err)
	}
	v.image = moved
	v.mount()
}

// unmount is called when the servers that use the volume have ended.
func (v *volume) unmount() {
	v.t.Helper()
	run(v.t, "umount "+v.dir)
}

// data is the directory of the server.
func (v *volume) data() string { return filepath.Join(v.dir, "data") }

func (v *volume) filler() string { return filepath.Join(v.dir, "filler") }

// fill leaves no more room than this.
func (v *volume) fill(left uint64) {
	v.t.Helper()
	f, err := os.Create(v.filler())
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	for size := int64(0); ; {
		var s unix.Statfs_t
		if err := unix.Statfs(v.dir, &s); err != nil {
			v.t.Fatal(err)
		}
		free := s.Bavail * uint64(s.Bsize)
		if free <= left {
			return
		}
		more := int64(free - left)
		switch err := unix.Fallocate(int(f.Fd()), 0, size, more); {
		case err == nil:
			size += more
		case !errors.Is(err, unix.ENOSPC): // otherwise the server was faster
			v.t.Fatalf("fill %s: %v", v.dir, err)
		}
	}
}

// clear makes room again.
func (v *volume) clear() {
	v.t.Helper()
	if err := os.Remove(v.filler()); err != nil {
		v.t.Fatal(err)
	}
}

// Of ext4's ioctl, as in linux/fs/ext4/ext4.h.
const (
	ext4Shutdown   = 0x8004587d
	ext4NoLogFlush = 2
)

// cutPower has the volume lose everything that was not synced, and fail all that is asked of it, syncs above all, until it is mounted again.
func (v *volume) cutPower() {
	v.t.Helper()
	d, err := os.Open(v.dir)
	if err != nil {
		v.t.Fatal(err)
	}
	defer d.Close()
	if err := unix.IoctlSetPointerInt(int(d.Fd()), ext4Shutdown, ext4NoLogFlush); err != nil {
		v.t.Fatalf("cut the power of %s: %v", v.dir, err)
	}
}
