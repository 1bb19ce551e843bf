package storage

import (
	"time"
)

// enoughSpace is the free space at which writes resume after the disk was full: room for a log file and a flush, so that
// the server does not alternate between full and not full with every row.
const enoughSpace = 64 << 20

// fullDiskPoll is how often a full disk is looked at.
const fullDiskPoll = 250 * time.Millisecond

// waitForSpace is called by the file system layer when a write failed for lack of space, before it tries once more. Failing
// would be fatal to Pebble: what a torn log contains is only known after a restart, which needs space too. So the writes
// that are under way wait here, new ones are refused with ErrDiskFull, and reads go on.
func (s *Store) waitForSpace() {
	s.full.Store(true)
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
	s.log.Info("The disk has space again. Writes are accepted.", "directory", s.dir)
}
