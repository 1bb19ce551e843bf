package server

import (
	"errors"

	"rethinkdb/internal/exec"
	"rethinkdb/internal/metrics"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/system"
	"rethinkdb/internal/web"
)

// openWeb makes the server of the web port.
func (n *node) openWeb(engine *exec.Engine) error {
	shown, err := metrics.NewHandler(metrics.Sources{
		Version: ProtocolVersion, Started: n.started, System: n.system, Sessions: n.sessions, LogIns: n.logIns, Audit: n.audit,
		Store: n.data.store, Usage: n.usage, Logger: n.log,
	})
	if err != nil {
		return err
	}
	n.web = web.NewServer(web.Options{
		Engine: engine, Sessions: n.sessions, Users: n.data.users, LogIns: n.logIns, Logger: n.log,
		ServerID: string(n.data.catalog.Snapshot().Server().ID), ServerName: func() string { return n.data.catalog.Snapshot().Server().Name },
		Version: ProtocolVersion, SystemDatabase: system.DatabaseID, Ready: n.ready, Metrics: shown,
		Gate: n.gate, Audit: n.audit, TrustedProxies: n.config.TrustedProxies, Hosts: n.hosts(),
	})
	return nil
}

// ready tells why the server cannot do its work, or nil, without what a stranger need not know. Everything else is there before the
// ports open, so only the store can be what is missing.
func (n *node) ready() error {
	switch err := n.data.store.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, storage.ErrDiskFull):
		return errors.New("the disk is full: writes are refused")
	default:
		return errors.New("the storage engine has failed; the server's log has the reason")
	}
}
