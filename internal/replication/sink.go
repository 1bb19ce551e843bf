package replication

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"rethinkdb/internal/storage"
)

// batchSink is for a Ranger: few keys, in several ranges. They become one batch.
type batchSink struct {
	r *Raft
	b *storage.Batch
}

func (s *batchSink) add(key, value []byte) error {
	if s.b.Empty() {
		s.r.deleteAll(s.b)
	}
	s.b.Set(key, value)
	if s.b.Len() > maxRangerBytes {
		return fmt.Errorf("%w: it has more than %d bytes", ErrCorrupt, maxRangerBytes)
	}
	return nil
}

func (s *batchSink) replace(ctx context.Context, last *storage.Batch) error {
	if s.b.Empty() {
		s.r.deleteAll(s.b)
	}
	err := s.b.AppendRepr(last.Repr())
	if err == nil {
		err = s.r.store.Apply(s.b) // whoever waits for it to be on disk comes later
	}
	return errors.Join(err, s.discard())
}

func (s *batchSink) discard() error {
	s.b.Close()
	return nil
}

// runSink is for keys of the group's own range, of which there may be any number. They become files of the storage engine.
type runSink struct {
	r     *Raft
	runs  []*storage.SortedRun
	bytes int // of the last run
}

func (s *runSink) add(key, value []byte) error {
	if len(s.runs) == 0 || s.bytes >= s.r.host.limits.runBytes {
		if err := s.begin(); err != nil {
			return err
		}
	}
	s.bytes += len(key) + len(value)
	return s.runs[len(s.runs)-1].Set(key, value)
}

func (s *runSink) begin() error {
	if n := len(s.runs); n > 0 {
		if last := s.runs[n-1]; !s.r.host.o.driven {
			last.FinishSoon()
		} else if err := last.Finish(); err != nil {
			return err
		}
	}
	run, err := s.r.store.NewSortedRun()
	if err != nil {
		return err
	}
	s.runs, s.bytes = append(s.runs, run), 0
	return nil
}

func (s *runSink) replace(ctx context.Context, last *storage.Batch) error {
	// The kinds of keys in the last batch come after all others, so they make the last run.
	err := s.begin()
	if err == nil {
		err = last.EachSet(s.runs[len(s.runs)-1].Set)
	}
	if err != nil {
		return errors.Join(err, s.discard())
	}
	lower, upper := storage.GroupRange(s.r.id)
	return s.r.store.Replace(ctx, lower, upper, s.runs)
}

func (s *runSink) discard() (err error) {
	for _, run := range s.runs {
		err = errors.Join(err, run.Abort())
	}
	s.runs = nil
	return err
}

// inRanges tells whether a key is in one of the ranges.
func inRanges(key []byte, ranges [][2][]byte) bool {
	for _, bounds := range ranges {
		if bytes.Compare(key, bounds[0]) >= 0 && (bounds[1] == nil || bytes.Compare(key, bounds[1]) < 0) {
			return true
		}
	}
	return false
}
