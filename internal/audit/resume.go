package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Store keeps the anchor: the last entry that is known to be on disk, out of the reach of those who can only write to the file.
// Writes are durable when they return.
type Store interface {
	MetaSet(ctx context.Context, key string, value []byte) error
	MetaGet(key string) (value []byte, found bool, err error)
}

const anchorKey = "audit/anchor"

// anchorTime bounds a write of the anchor, which a full disk can hold up.
const anchorTime = 5 * time.Second

// anchor is the form of a link in the store.
type anchor struct {
	Version int    `json:"version"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
}

const anchorVersion = 1

func readAnchor(s Store) (Link, error) {
	if s == nil {
		return genesis, nil
	}
	value, found, err := s.MetaGet(anchorKey)
	if err != nil || !found {
		return genesis, err
	}
	var a anchor
	if err := json.Unmarshal(value, &a); err != nil {
		return genesis, fmt.Errorf("read the last entry of the audit log in the store: %w", err)
	}
	if a.Version != anchorVersion || !isHash([]byte(a.Hash)) {
		return genesis, fmt.Errorf("the last entry of the audit log in the store has format version %d; this program knows %d", a.Version, anchorVersion)
	}
	return Link{a.Seq, a.Hash}, nil
}

func writeAnchor(s Store, l Link) error {
	value, err := json.Marshal(anchor{anchorVersion, l.Seq, l.Hash})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), anchorTime)
	defer cancel()
	return s.MetaSet(ctx, anchorKey, value)
}

// resume finds out where the chain goes on, and what is wrong with the file, if anything. It goes on behind the last line of the file,
// if that is in order from the entry of the anchor on. Otherwise it goes on behind the anchor, so that the place stays visible for
// ever to whoever verifies the file.
func (w *file) resume(anchored Link) (from Link, broken string, err error) {
	old, err := os.Open(w.path)
	if err != nil {
		return anchored, "", err
	}
	defer old.Close()
	v := Verifier{Expect: anchored}
	r, err := v.File(old)
	if err != nil {
		return anchored, "", fmt.Errorf("read %s: %w", w.path, err)
	}
	if err := w.readEnd(old, r.Torn); err != nil {
		return anchored, "", fmt.Errorf("read %s: %w", w.path, err)
	}
	switch {
	case !r.Intact():
		broken = r.Findings[0].String()
	case r.Lines == 0 || anchored.Seq == 0:
	case anchored.Seq > r.Last.Seq:
		broken = fmt.Sprintf("entries %d to %d are missing at its end", r.Last.Seq+1, anchored.Seq)
	case anchored.Seq+1 < r.First.Seq:
		broken = fmt.Sprintf("entries %d to %d are missing before its first line", anchored.Seq+1, r.First.Seq-1)
	case anchored.Seq+1 == r.First.Seq && r.Before != anchored.Hash:
		broken = fmt.Sprintf("its first line does not follow from entry %d, as this server has written it", anchored.Seq)
	}
	sound := broken == "" || anchored.Seq == 0 || v.foundAt > 0 && r.intactFrom(v.foundAt)
	if sound && r.Last != (Link{}) {
		return r.Last, broken, nil
	}
	return anchored, broken, nil
}

// readEnd keeps the torn bytes, and ends them, or whatever else has no newline at its end.
func (w *file) readEnd(old *os.File, torn int) error {
	if w.size == 0 {
		return nil
	}
	end := make([]byte, max(torn, 1))
	if _, err := old.ReadAt(end, w.size-int64(len(end))); err != nil {
		return err
	}
	if torn > 0 {
		w.torn = end
	}
	if end[len(end)-1] != '\n' {
		w.pending = []byte{'\n'}
	}
	return nil
}
