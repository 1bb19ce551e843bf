package catalog

import (
	"context"
	"fmt"
	"strconv"

	"rethinkdb/internal/metadata"
)

// Level says what servers of a cluster may write and say so that all of them understand it. It grows with each change of the program that older
// ones would misread:
//
//	1  the first program with clusters
//	2  the groups of new tables begin where they are to be (levelFounding), and those that a table is divided into get one replica first (levelFilling)
//
// A cluster is at one level, which is in the metadata: the least of what its servers know, and it never falls. So servers can be brought up to date one
// after the other. Whatever a new level has is used only at that level (Snapshot.Level), and the programs before it are not let in any more.
type Level int

// knownLevel is the newest level that this program knows. It is text so that a test can build a newer program, with the linker's option -X.
var knownLevel = "2"

// KnownLevel is the newest level that this program knows.
func KnownLevel() Level {
	n, err := strconv.Atoi(knownLevel)
	if err != nil {
		panic(fmt.Sprintf("the program was built with the level %q", knownLevel))
	}
	return Level(n)
}

// firstLevel is that of servers, and of metadata, that do not tell.
const firstLevel Level = 1

// Level is the one that the cluster is at.
func (s *Snapshot) Level() Level { return max(s.level, firstLevel) }

// TooNewError is the error of opening what a newer program has written, or of joining servers that use it.
type TooNewError struct{ Level, Known Level }

func (e *TooNewError) Error() string {
	return fmt.Sprintf("it is at level %d of the program's features, and this program knows those up to level %d: use a newer version of the program", e.Level, e.Known)
}

// TooOldError is the error of a server that joins and does not know what the cluster uses.
type TooOldError struct{ Level, Known Level }

func (e *TooOldError) Error() string {
	return fmt.Sprintf("The cluster is at level %d of the program's features, and the server knows those up to level %d. Start it with a newer version of the program.", e.Level, e.Known)
}

// RaiseLevel brings the cluster to the newest level that all of its servers know, unless one is away: it may be started with an older program. It returns
// the new level, 0 if nothing has changed.
func (c *Catalog) RaiseLevel(ctx context.Context) (raised Level, err error) {
	err = c.change(ctx, func(s *Snapshot) ([]metadata.Change, error) {
		raised = 0
		all := s.levelOfAll()
		if all <= s.Level() {
			return nil, nil
		}
		raised = all
		return []metadata.Change{set(keyLevel, strconv.AppendInt(nil, int64(all), 10))}, nil
	})
	if err != nil {
		return 0, err
	}
	return raised, nil
}

// levelOfAll is the newest level that all servers know; 0 when one is away.
func (s *Snapshot) levelOfAll() Level {
	all := Level(0)
	for id, server := range s.members {
		known := max(server.Level, firstLevel)
		if !s.Connected(id) {
			return 0
		}
		if all == 0 || known < all {
			all = known
		}
	}
	return all
}

// applyLevel makes a change of the level to an unpublished snapshot. It is gone when a server that was alone, and so has raised its level, joins a cluster that has not raised one yet.
func (s *Snapshot) applyLevel(value []byte) error {
	if value == nil {
		s.level = 0
		return nil
	}
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 1 {
		return fmt.Errorf("catalog record %s is damaged: it says %q", keyLevel, value)
	}
	s.level = Level(n)
	if known := KnownLevel(); s.level > known { // it was started while it was still allowed
		return &TooNewError{s.level, known}
	}
	return nil
}
