package cli

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// The memory of the process has documents, and what is derived from passwords. A core file would bring it to the disk, or to a
// collector of crashes, and other processes of the same user could read it as well. Not being dumpable prevents both; a limit on the
// size of core files would not keep it from a collector.

// forbidDumps holds until another user is assumed.
func forbidDumps() error { return setDumpable(0) }

// allowDumps undoes it: whoever looks for the cause of a crash may need the memory.
func allowDumps() error { return setDumpable(1) }

func setDumpable(to uintptr) error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, to, 0, 0, 0); err != nil {
		return fmt.Errorf("keep the memory of the process out of core files: %w", err)
	}
	return nil
}
