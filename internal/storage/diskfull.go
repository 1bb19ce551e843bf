package storage

import (
	"fmt"
	"time"
)

const (
	// enoughSpace is the free space at which writes resume after the disk was full: room for a log file and a flush, so
	// that the server does not alternate between full and not full with every row.
	enoughSpace = 64 << 20

	// startSpace is the free space without which the store is not opened.
	startSpace = 16 << 20

	// fullDiskPoll is how often a full disk is looked at.
	fullDiskPoll = 250 * time.Millisecond
)

// checkSpace refuses to open a store on a full disk.
func (s *Store) checkSpace() error {
	u, err := s.fs.GetDiskUsage(s.dir)
	if err != nil {
		return nil //nolint:nilerr // not every file system can tell; a write that fails will
	}
	if u.AvailBytes < startSpace {
		return fmt.Errorf("%w: %d MB are free, and %d MB are needed to start: free some space", ErrDiskFull,
			u.AvailBytes>>20, startSpace>>20)
	}
	return nil
}

// waitForSpace is called by the file system layer when a write failed for lack of space, before it tries once more. Failing
// would be fatal to Pebble: what a torn log contains is only known after a restart, which needs space too. So what is being
// written waits here, and reads go on. Writers do not wait: new writes are refused with ErrDiskFull, and those that wait for
// the disk learn that their outcome is unknown. (Only writers that the engine makes wait because the log's buffers are full,
// a few, stay until there is space.)
func (s *Store) waitForSpace() {
	if !s.opened.Load() {
		return // let Open fail
	}
	s.full.Store(true)
	s.sync.abandon(s.Err())
	s.log.Error("The disk is full. Writes are refused until there is space.", "directory", s.dir, "needed_bytes", enoughSpace)
	tick := time.NewTicker(fullDiskPoll)
	defer tick.Stop()
	for {
		select {
		case <-s.closing:
			return // full stays set: Close relies on it
		case <-tick.C:
		}
		u, err := s.fs.GetDiskUsage(s.dir)
		if err != nil {
			s.log.Error("The free space of the disk cannot be read.", "directory", s.dir, "error", err)
			continue
		}
		if u.AvailBytes >= enoughSpace {
			break
		}
	}
	s.full.Store(false)
	s.log.Warn("The disk has space again. Writes are accepted.", "directory", s.dir)
}
