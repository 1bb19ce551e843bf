package system

import (
	"context"
	"errors"
	"slices"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// Keepers are the servers that keep the metadata.
type Keepers interface {
	Keepers() KeeperStatus
	// GiveUp has the metadata go on without servers that are lost for good. A *KeepersError says why it does not.
	GiveUp(ctx context.Context, lost []catalog.ServerID) error
}

// KeeperStatus is what a server knows of those that keep the metadata.
type KeeperStatus struct {
	Primary catalog.ServerID   // decides; empty if nobody does
	Voters  []catalog.ServerID // a majority of them has to agree to each change
	Missing []catalog.ServerID // of them are not in touch
}

// A KeepersError is a refusal for the user.
type KeepersError struct{ Text string }

func (e *KeepersError) Error() string { return e.Text }

// metadataStatus is metadata_status, with one row: who keeps databases, configurations and users, and whether these can be changed. Who writes the names of servers into
// given_up says that they are lost for good, and that the others go on without them.
type metadataStatus struct{ s *System }

const (
	metadataRow     = "metadata"
	errMetadataRow  = "It's illegal to insert or delete rows of the `rethinkdb.metadata_status` table."
	errMetadataRest = "Only `given_up` can be changed in the `rethinkdb.metadata_status` table."
)

// alsoTakes makes config a condition: this is a change of the configuration of everything.
func (metadataStatus) alsoTakes() auth.Permission { return auth.Config }

func (t metadataStatus) row(f Format) datum.Value {
	snap, status := t.s.catalog.Snapshot(), t.s.keepers.Keepers()
	primary := datum.Null
	if status.Primary != "" {
		primary = f.server(snap, status.Primary)
	}
	return object(
		field("id", str(metadataRow)),
		field("available", datum.Bool(status.Primary != "")),
		field("disconnected", f.servers(snap, status.Missing)),
		field("given_up", datum.Array(nil)),
		field("primary", primary),
		field("voters", f.servers(snap, status.Voters)),
	)
}

func (t metadataStatus) list(_ context.Context, v view) ([]datum.Value, error) {
	return []datum.Value{t.row(v.format)}, nil
}

func (t metadataStatus) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func (t metadataStatus) write(ctx context.Context, v view, w rowWrite) (datum.Value, error) {
	if w.new.IsAbsent() || w.old.IsAbsent() {
		return datum.Value{}, opFailed(errMetadataRow)
	}
	for i := range w.new.Len() {
		key, now := w.new.FieldAt(i)
		if before, ok := w.old.Get(key); key != "given_up" && (!ok || !datum.Equal(before, now)) {
			return datum.Value{}, opFailed(errMetadataRest)
		}
	}
	f, err := openFields(w.new)
	if err != nil {
		return datum.Value{}, err
	}
	names, err := f.required("given_up")
	if err != nil {
		return datum.Value{}, err
	}
	lost, err := t.servers(v.format, names)
	if err != nil || len(lost) == 0 {
		return w.old, err
	}
	err = t.s.keepers.GiveUp(ctx, lost)
	if refused, ok := errors.AsType[*KeepersError](err); ok {
		return datum.Value{}, opFailed("%s", refused.Text)
	}
	return t.row(v.format), err
}

// servers finds members of the cluster, connected or not.
func (t metadataStatus) servers(f Format, names datum.Value) (ids []catalog.ServerID, err error) {
	if names.Kind() != datum.KindArray {
		return nil, opFailed("In `given_up`: Expected an array; got %s", names.Print())
	}
	members := t.s.catalog.Snapshot().Members()
	for i := range names.Len() {
		name := names.At(i)
		if name.Kind() != datum.KindString {
			return nil, opFailed("In `given_up`: Expected a string; got %s", name.Print())
		}
		at := slices.IndexFunc(members, func(m catalog.Server) bool { return f.pick(m.Name, string(m.ID)).AsString() == name.AsString() })
		if at < 0 {
			return nil, opFailed("In `given_up`: Server `%s` does not exist.", name.AsString())
		}
		ids = append(ids, members[at].ID)
	}
	return ids, nil
}
