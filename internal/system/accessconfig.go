package system

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"rethinkdb/internal/access"
	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// accessConfig is access_config: a row for each port with the networks that it serves besides this machine. The options of the
// command line say the same: allow_option shows what they say. Both must let a client in.
type accessConfig struct{ s *System }

const (
	accessConfigFormat = "The row you're trying to put into `rethinkdb.access_config` has the wrong format. "
	// maxNetworks bounds the list of a port, which each new connection goes through.
	maxNetworks = 1000
)

// accessPorts are the primary keys.
var accessPorts = [...]string{access.Driver: "driver", access.Web: "http", access.Cluster: "cluster"}

func (t accessConfig) row(port access.Port) datum.Value {
	return object(
		field("id", str(accessPorts[port])),
		field("allow", networksValue(t.s.catalog.Snapshot().Access()[port])),
		field("allow_option", networksValue(t.s.allow[port])),
	)
}

func (t accessConfig) list(context.Context, view) ([]datum.Value, error) {
	rows := make([]datum.Value, len(accessPorts))
	for port := range accessPorts {
		rows[port] = t.row(access.Port(port))
	}
	return rows, nil
}

func (t accessConfig) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func (t accessConfig) write(ctx context.Context, v view, w rowWrite) (datum.Value, error) {
	if err := t.s.require(v.client, auth.Config, DatabaseID, t.s.tables["access_config"].id); err != nil {
		return datum.Value{}, err
	}
	if w.new.IsAbsent() {
		if w.old.IsAbsent() {
			return datum.Value{}, nil
		}
		return datum.Value{}, opFailed("It's illegal to delete rows from the `rethinkdb.access_config` table. To serve all networks, set `allow` to [].")
	}
	if w.old.IsAbsent() {
		return datum.Value{}, opFailed("It's illegal to insert new rows into the `rethinkdb.access_config` table.")
	}
	id, _ := w.old.Get(primaryKey)
	var port access.Port
	for accessPorts[port] != id.AsString() {
		port++
	}
	networks, err := t.read(port, w.new)
	if err != nil {
		return datum.Value{}, wrap(accessConfigFormat, err)
	}
	if err := refuseLockout(v.client, port, networks); err != nil {
		return datum.Value{}, err
	}
	before := t.s.catalog.Snapshot().Access()[port]
	if err := t.s.catalog.SetAccess(ctx, port, networks); err != nil {
		return datum.Value{}, err
	}
	if !slices.Equal(networks, before) {
		t.s.logger.Info(fmt.Sprintf("Changed the networks of the %s port to %s.", port, networksValue(networks).PrintCompact()))
		t.s.accessChanged()
	}
	return t.row(port), nil
}

// read reads a row, in which allow_option may stand as it is.
func (t accessConfig) read(port access.Port, row datum.Value) ([]netip.Prefix, error) {
	f, err := openFields(row)
	if err != nil {
		return nil, err
	}
	f.optional(primaryKey)
	list, err := f.required("allow")
	if err != nil {
		return nil, err
	}
	networks, err := readNetworks(list)
	if err != nil {
		return nil, wrap("In `allow`: ", err)
	}
	if option := f.optional("allow_option"); !option.IsAbsent() && !datum.Equal(option, networksValue(t.s.allow[port])) {
		return nil, opFailed("The field `allow_option` shows what the command line says (%s) and cannot be changed here.", port.AllowOption())
	}
	return networks, f.done()
}

func readNetworks(v datum.Value) ([]netip.Prefix, error) {
	if v.Kind() != datum.KindArray {
		return nil, opFailed("Expected an array, got %s", v.Print())
	}
	if v.Len() > maxNetworks {
		return nil, opFailed("Expected at most %d networks, got %d", maxNetworks, v.Len())
	}
	networks := make([]netip.Prefix, v.Len())
	for i := range networks {
		if v.At(i).Kind() != datum.KindString {
			return nil, opFailed("Expected a network such as \"10.1.0.0/16\" or an address, got %s", v.At(i).Print())
		}
		var err error
		if networks[i], err = access.ParseNetwork(v.At(i).AsString()); err != nil {
			return nil, opFailed("%s", err)
		}
	}
	return networks, nil
}

// refuseLockout refuses to close the port that the client has come through to its own address: whoever does not notice a typing
// error in time could undo it on the server's machine only.
func refuseLockout(c *exec.Client, port access.Port, networks []netip.Prefix) error {
	if c == nil || c.Port != port || !c.Addr.IsValid() {
		return nil
	}
	peer := c.Addr.Addr()
	if peer.Unmap().IsLoopback() || access.Contains(networks, peer) {
		return nil
	}
	return opFailed("This would end your own connection: %s is in none of these networks. Add it, or make this change on the server's machine.", peer.Unmap())
}

func networksValue(networks []netip.Prefix) datum.Value {
	out := make([]string, len(networks))
	for i, n := range networks {
		out[i] = access.FormatNetwork(n)
	}
	return strArray(out)
}
