//go:build integration

package program

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"rethinkdb/test/harness"
)

// TestMemoryIsNotForOthers looks at a file of the process in /proc, which belongs to root as long as the process must not be dumped. The
// test of a process of root needs another user.
func TestMemoryIsNotForOthers(t *testing.T) {
	uid := os.Getuid()
	top := t.TempDir()
	var as []string
	if uid == 0 {
		nobody, err := user.Lookup("nobody")
		if err != nil {
			t.Fatal(err)
		}
		if uid, err = strconv.Atoi(nobody.Uid); err != nil {
			t.Fatal(err)
		}
		as = []string{"--runuser", "nobody"}
		for dir := top; dir != os.TempDir(); dir = filepath.Dir(dir) { // its directory is made by root and given to it
			if err := os.Chmod(dir, 0o711); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		options []string
		want    int
	}{
		"by default":      {nil, 0},
		"with core dumps": {[]string{"--core-dumps"}, uid},
	} {
		t.Run(name, func(t *testing.T) {
			s := harness.Start(t, filepath.Join(top, fmt.Sprint("data", c.want)), append(as, c.options...)...)
			info, err := os.Stat(fmt.Sprintf("/proc/%d/environ", s.Pid()))
			if err != nil {
				t.Fatal(err)
			}
			if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != c.want {
				t.Errorf("its environment belongs to user %d, want %d", owner, c.want)
			}
			c, err := harness.Dial(s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			var three int // r.js starts the program again, by the name of it that /proc has
			if err := c.One(harness.Term(11, "1 + 2"), &three); err != nil || three != 3 {
				t.Errorf("r.js gave %d, %v", three, err)
			}
		})
	}
}
