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

func (t serverStatus) row(server catalog.Server) datum.Value {
	p := t.s.process()
	addresses := make([]datum.Value, len(p.Canonical))
	for i, a := range p.Canonical {
		addresses[i] = object(field("host", str(a.Host)), field("port", datum.Int(int64(a.Port))))
	}
	http := str("<no http admin>")
	if p.HTTPPort != 0 {
		http = datum.Int(int64(p.HTTPPort))
	}
	return object(
		field("id", str(server.ID)),
		field("name", str(server.Name)),
		field("network", object(
			field("canonical_addresses", datum.Array(addresses)),
			field("cluster_port", datum.Int(int64(p.ClusterPort))),
			field("connected_to", object()),
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
	)
}

func (t serverStatus) list(context.Context, view) ([]datum.Value, error) {
	return []datum.Value{t.row(t.s.catalog.Snapshot().Server())}, nil
}

func (t serverStatus) get(_ context.Context, _ view, key datum.Value) (datum.Value, error) {
	if server, ok := t.s.catalog.Snapshot().ServerByID(catalog.ServerID(keyUUID(key))); ok {
		return t.row(server), nil
	}
	return datum.Value{}, nil
}
