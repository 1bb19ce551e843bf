package metadata

import (
	"slices"
	"strings"
)

// follow tells the watchers what was applied, until Close. It does so behind the group's back, which must not wait for them.
func (s *Store) follow() {
	for {
		select {
		case <-s.wake:
		case <-s.stop:
			return
		}
		for {
			e, watchers, ok := s.next()
			if !ok {
				break
			}
			if changes := s.changes(e); len(changes) > 0 {
				for _, w := range watchers {
					w.MetadataChanged(changes)
				}
			}
			s.publish(e)
		}
	}
}

// publish makes the version of an event, which all watchers know, the one that everybody sees.
func (s *Store) publish(e event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version.Store(uint64(e.version))
	s.recent.add(e)
	s.told++
	close(s.followed)
	s.followed = make(chan struct{})
	if s.mirror {
		s.showMirror()
	}
}

func (s *Store) next() (e event, watchers []Watcher, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 || s.closed {
		return e, nil, false
	}
	e = s.queue[0]
	s.queue = s.queue[1:]
	return e, s.watchers, true
}

// changes reads what has become of the keys of an event. A later change of a key may be seen already, and comes again with its own event.
func (s *Store) changes(e event) []Change {
	if e.all {
		return s.difference()
	}
	changes := make([]Change, 0, len(e.keys))
	for _, key := range e.keys {
		value, found, err := s.store.MetaGet(key)
		if err != nil {
			continue // the store has failed, and is about to end the server
		}
		changes = append(changes, s.noted(key, value, found))
	}
	return changes
}

// noted is the change of a key, which becomes known or unknown.
func (s *Store) noted(key string, value []byte, found bool) Change {
	if !found {
		delete(s.known, key)
		return Change{Key: key}
	}
	s.known[key] = true
	return Change{key, append([]byte{}, value...)}
}

// difference is what has changed when everything was replaced: all that is there, and all that is not any more.
func (s *Store) difference() []Change {
	before := s.known
	s.known = map[string]bool{}
	var changes []Change
	err := s.eachShared(func(key string, value []byte) error {
		delete(before, key)
		changes = append(changes, s.noted(key, value, true))
		return nil
	})
	if err != nil {
		return nil // as above
	}
	var gone []Change
	for key := range before {
		gone = append(gone, Change{Key: key})
	}
	return append(gone, changes...)
}

// sharedPrefixes begin the keys of the metadata that the servers share.
var sharedPrefixes = []string{"auth/", "catalog/"}

// isShared tells whether a key belongs to the metadata that the servers share.
func isShared(key string) bool {
	return !strings.HasPrefix(key, keyOwn) && slices.ContainsFunc(sharedPrefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

// eachShared calls f with each key of the metadata that the servers share.
func (s *Store) eachShared(f func(key string, value []byte) error) error {
	for _, prefix := range sharedPrefixes {
		err := s.store.MetaScan(prefix, func(key string, value []byte) error {
			if !isShared(key) {
				return nil
			}
			return f(key, value)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
