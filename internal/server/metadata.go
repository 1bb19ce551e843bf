package server

import (
	"log/slog"
	"slices"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/metadata"
)

// userWatcher has the users read again when their part of the metadata has changed.
type userWatcher struct {
	users *auth.Users
	log   *slog.Logger
}

// MetadataChanged implements metadata.Watcher.
func (w userWatcher) MetadataChanged(changes []metadata.Change) {
	if !slices.ContainsFunc(changes, func(c metadata.Change) bool { return auth.Owns(c.Key) }) {
		return
	}
	if err := w.users.Reload(); err != nil {
		w.log.Error("A change of the users cannot be followed. The server has those before it.", "error", err)
	}
}
