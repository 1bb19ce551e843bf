package system

import (
	"context"
	"time"

	"rethinkdb/internal/catalog"
	"rethinkdb/internal/datum"
)

// Process tells what is true of this server as long as it runs.
type Process struct {
	Version string // the full version string, which begins with "rethinkdb "
	Started time.Time
	PID     int
	Argv    []string // with the program's name

	Hostname    string
	ClusterPort int // ports are the real ones, also when 0 was asked for
	ReQLPort    int
	HTTPPort    int // 0 without a web port
	// Canonical are the addresses at which other servers may reach this one.
	Canonical []HostPort
}

// HostPort is an address of the intracluster port.
type HostPort struct {
	Host string
	Port int
}

// serverStatus is server_status: one row for each connected server.
type serverStatus struct {
	s *System
	readOnly
}

func (t serverStatus) own(_ context.Context, v view) ([]datum.Value, error) {
	server, p := t.s.catalog.Snapshot().Server(), t.s.process()
	addresses := make([]datum.Value, len(p.Canonical))
	for i, a := range p.Canonical {
		addresses[i] = object(field("host", str(a.Host)), field("port", datum.Int(int64(a.Port))))
	}
	http := str("<no http admin>")
	if p.HTTPPort != 0 {
		http = datum.Int(int64(p.HTTPPort))
	}
	return []datum.Value{object(
		field("id", str(server.ID)),
		field("name", str(server.Name)),
		field("network", object(
			field("canonical_addresses", datum.Array(addresses)),
			field("cluster_port", datum.Int(int64(p.ClusterPort))),
			field("connected_to", t.connectedTo(v.format)),
			field("hostname", str(p.Hostname)),
			field("http_admin_port", http),
			field("reql_port", datum.Int(int64(p.ReQLPort))),
			field("time_connected", timeValue(p.Started)),
		)),
		field("process", object(
			field("argv", strArray(p.Argv)),
			field("cache_size_mb", datum.Number(float64(t.s.store.Metrics().CacheCapacityBytes)/megabyte)),
			field("pid", datum.Int(int64(p.PID))),
			field("time_started", timeValue(p.Started)),
			field("version", str(p.Version)),
		)),
	)}, nil
}

// connectedTo has the name of each server that this one is connected with.
func (t serverStatus) connectedTo(f Format) datum.Value {
	snap := t.s.catalog.Snapshot()
	var links []datum.Field
	for _, l := range t.s.peers.Links() {
		id := string(l.ID)
		switch {
		case l.Proxy:
		case f == Names:
			id = f.server(snap, l.ID).AsString()
		}
		links = append(links, field(id, datum.True))
	}
	return datum.Object(links)
}

// seen is the row of another server as this one tells it: time_connected is when the two of them connected.
func (t serverStatus) seen(row datum.Value) datum.Value {
	id, _ := row.Get(primaryKey)
	network, ok := row.Get("network")
	link, known := t.s.linkWith(catalog.ServerID(keyUUID(id)))
	if !ok || network.Kind() != datum.KindObject || !known {
		return row
	}
	network = network.Edit([]datum.Field{field("time_connected", timeValue(link.Since))}, nil)
	return row.Edit([]datum.Field{field("network", network)}, nil)
}

func (t serverStatus) list(ctx context.Context, v view) ([]datum.Value, error) {
	rows, _, err := t.s.everywhere(ctx, "server_status", v, t)
	for i := range rows {
		rows[i] = t.seen(rows[i])
	}
	return rows, err
}

func (t serverStatus) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	snap := t.s.catalog.Snapshot()
	server, ok := snap.ServerByID(catalog.ServerID(keyUUID(key)))
	if !ok {
		return datum.Value{}, nil
	}
	var rows []datum.Value
	var err error
	if server.ID == snap.Server().ID {
		rows, err = t.own(ctx, v)
	} else {
		rows, _, err = t.s.rowsOf(ctx, []catalog.ServerID{server.ID}, "server_status", v)
	}
	if err != nil || len(rows) != 1 {
		return datum.Value{}, err
	}
	return t.seen(rows[0]), nil
}
