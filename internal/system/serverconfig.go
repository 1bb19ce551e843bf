package system

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// serverConfig is server_config: one row for each connected server, of which name, tags and cache size can be changed.
type serverConfig struct{ s *System }

const (
	serverConfigFormat = "The row you're trying to put into `rethinkdb.server_config` has the wrong format. "
	megabyte           = 1 << 20
)

func serverConfigRow(s catalog.Server) datum.Value {
	cache := str("auto")
	if s.CacheBytes >= 0 {
		cache = datum.Number(float64(s.CacheBytes) / megabyte)
	}
	return object(
		field("id", str(s.ID)),
		field("name", str(s.Name)),
		field("tags", strArray(s.Tags)),
		field("cache_size_mb", cache),
	)
}

func (t serverConfig) list(context.Context, view) ([]datum.Value, error) {
	var rows []datum.Value
	for _, server := range t.s.catalog.Snapshot().Servers() {
		rows = append(rows, serverConfigRow(server))
	}
	return rows, nil
}

func (t serverConfig) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	if server, ok := t.s.catalog.Snapshot().ServerByID(catalog.ServerID(keyUUID(key))); ok {
		return serverConfigRow(server), nil
	}
	return datum.Value{}, nil
}

func (t serverConfig) write(ctx context.Context, _ view, w rowWrite) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	old, exists := snap.ServerByID(catalog.ServerID(keyUUID(w.key)))
	switch {
	case !exists && w.new.IsAbsent():
		return datum.Value{}, nil
	case !exists:
		return datum.Value{}, opFailed("It's illegal to insert new rows into the `rethinkdb.server_config` system table.")
	case w.new.IsAbsent():
		return datum.Value{}, opFailed("It's illegal to delete rows from the `rethinkdb.server_config` system table.")
	}
	server, err := readServerConfig(w.new)
	if err != nil {
		return datum.Value{}, wrap(serverConfigFormat, err)
	}
	server.Presence = old.Presence
	if old.ID != snap.Server().ID {
		return w.new, t.s.configureOther(ctx, old, server, w.new)
	}
	if err := t.s.setServer(ctx, server); err != nil {
		return datum.Value{}, err
	}
	return w.new, nil
}

// setServer changes this server's configuration.
func (s *System) setServer(ctx context.Context, server catalog.Server) error {
	old := s.catalog.Snapshot().Server()
	if server.CacheBytes != old.CacheBytes && s.setCache != nil {
		if err := s.setCache(server.CacheBytes); err != nil {
			return opFailed("Error when trying to change the configuration of server `%s`: %s The configuration was not changed.",
				old.Name, err)
		}
	}
	err := s.catalog.SetServer(ctx, server)
	if _, taken := errors.AsType[*catalog.NameTakenError](err); taken {
		return opFailed("Cannot rename server `%s` to `%s` because server `%s` already exists.", old.Name, server.Name, server.Name)
	}
	if err != nil {
		return err
	}
	if server.Name != old.Name {
		s.logger.Info("Changed server's name from `" + old.Name + "` to `" + server.Name + "`.")
	}
	return nil
}

// configureOther has another server change its configuration, which may refuse that.
func (s *System) configureOther(ctx context.Context, server, changed catalog.Server, row datum.Value) error {
	text, err := datum.AppendJSON(nil, row)
	if err != nil {
		return err
	}
	a := s.ask(ctx, []catalog.ServerID{server.ID}, request{Kind: askConfigure, Row: (*json.RawMessage)(&text)})[0]
	refused := ""
	if a.err == nil {
		a.err = json.Unmarshal(a.text, &refused)
	}
	switch {
	case errors.Is(a.err, ErrNotSent):
		return opFailed("Could not contact server `%s` while trying to change the server configuration.  The configuration was not changed.", server.Name)
	case a.err != nil:
		return reql.Errorf(reql.OpIndeterminate, "Lost contact with server `%s` while trying to change the server configuration. "+
			"The configuration may or may not have been changed.", server.Name)
	case refused != "":
		return opFailed("%s", refused)
	}
	s.awaitMember(ctx, changed)
	return nil
}

// awaitMember waits until this server has heard of a change of another one's configuration, so that whoever has made it finds it when he
// looks. That takes a moment, and does not matter if it takes longer, or if another change was faster.
func (s *System) awaitMember(ctx context.Context, want catalog.Server) {
	slices.Sort(want.Tags)
	want.Tags = slices.Compact(want.Tags)
	late := time.After(askTime)
	for {
		changed := s.catalog.Changed()
		now, ok := s.catalog.Snapshot().Member(want.ID)
		if !ok || now.Name == want.Name && now.CacheBytes == want.CacheBytes && slices.Equal(now.Tags, want.Tags) {
			return
		}
		select {
		case <-changed:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// answerConfigure is the other side of configureOther.
func (s *System) answerConfigure(ctx context.Context, r request) ([]byte, error) {
	if r.Row == nil {
		return nil, errors.New("the row is missing")
	}
	row, err := datum.ParseJSON(*r.Row)
	if err != nil {
		return nil, err
	}
	server, err := readServerConfig(row)
	old := s.catalog.Snapshot().Server()
	if err == nil && server.ID != old.ID {
		return nil, fmt.Errorf("the row is of the server %s, not of this one", server.ID)
	}
	if err == nil {
		server.Presence = old.Presence
		err = s.setServer(ctx, server)
	}
	refusal, refused := errors.AsType[*reql.Error](err)
	switch {
	case refused:
		return json.Marshal(refusal.Msg)
	case err != nil:
		return nil, err
	}
	s.changed()
	return json.Marshal("")
}

func readServerConfig(row datum.Value) (s catalog.Server, err error) {
	f, err := openFields(row)
	if err != nil {
		return s, err
	}
	v, err := f.required("name")
	if err != nil {
		return s, err
	}
	if s.Name, err = nameFrom(v, "server name"); err != nil {
		return s, wrap("In `name`: ", err)
	}
	if v, err = f.required("id"); err != nil {
		return s, err
	}
	id, err := uuidFrom(v, "server ID")
	if err != nil {
		return s, wrap("In `id`: ", err)
	}
	s.ID = catalog.ServerID(id)
	if v, err = f.required("tags"); err != nil {
		return s, err
	}
	if s.Tags, err = readTags(v); err != nil {
		return s, wrap("In `tags`: ", err)
	}
	if v, err = f.required("cache_size_mb"); err != nil {
		return s, err
	}
	if s.CacheBytes, err = readCacheSize(v); err != nil {
		return s, wrap("In `cache_size_mb`: ", err)
	}
	return s, f.done()
}

func readTags(v datum.Value) ([]string, error) {
	if v.Kind() != datum.KindArray {
		return nil, opFailed("Expected an array, got %s", v.Print())
	}
	tags := make([]string, v.Len())
	for i := range tags {
		var err error
		if tags[i], err = nameFrom(v.At(i), "server tag"); err != nil {
			return nil, err
		}
	}
	return tags, nil
}

func readCacheSize(v datum.Value) (cacheBytes int64, err error) {
	switch {
	case v.Kind() == datum.KindString && v.AsString() == "auto":
		return catalog.AutoCache, nil
	case v.Kind() != datum.KindNumber:
		return 0, opFailed("Expected a number or 'auto', got %s", v.Print())
	}
	bytes := v.AsNumber() * megabyte
	switch {
	case bytes >= math.MaxInt64:
		return 0, opFailed("Value is too big.")
	case bytes < 0:
		return 0, opFailed("Cache size cannot be negative.")
	}
	return int64(bytes), nil
}
