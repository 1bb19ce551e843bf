package server

import (
	"fmt"
	"strings"

	"rethinkdb/internal/audit"
)

// openAudit opens the audit log and writes down that the server starts, and with which options: they say who may come in.
func (n *node) openAudit() (err error) {
	c := n.config
	n.audit, err = audit.Open(audit.Options{
		Path: c.AuditLog, MaxBytes: c.AuditLogBytes, Keep: c.AuditLogKeep, Store: n.data.store, Logger: n.log,
	})
	if err != nil {
		return fmt.Errorf("Could not use the audit log '%s': %w. Check the file and its directory, or choose another with --audit-log.", c.AuditLog, err)
	}
	n.audit.Record(audit.Event{Kind: audit.Started, Detail: Version() + ": " + strings.Join(c.Argv, " ")})
	if n.data.passwordSet {
		n.audit.Record(audit.Event{Kind: audit.Change, Action: "initial_password", On: "rethinkdb.users", Key: []byte(`"admin"`), Fields: []string{"password"}})
	}
	if e := n.data.store.Encryption(); e.Replaced {
		n.audit.Record(audit.Event{Kind: audit.Change, Action: "replace_encryption_key", Detail: "the id of the new key is " + e.KeyID})
	}
	return nil
}
