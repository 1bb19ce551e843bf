package system

import (
	"context"

	"rethinkdb/internal/auth"
	"rethinkdb/internal/datum"
	"rethinkdb/internal/selfcheck"
)

// securityStatus is security_status: a row for the server, one for each port, with who may come in, and one for each thing that could be
// closed.
type securityStatus struct {
	s *System
	readOnly
}

// alsoTakes makes config a condition for reading: who may see all tables of statistics shall not see where the server is open.
func (securityStatus) alsoTakes() auth.Permission { return auth.Config }

func (t securityStatus) list(context.Context, view) ([]datum.Value, error) {
	report := t.s.security()
	rows := []datum.Value{serverRow(report.Server)}
	for _, p := range report.Ports {
		rows = append(rows, portRow(p))
	}
	for _, f := range report.Findings {
		rows = append(rows, findingRow(f))
	}
	return rows, nil
}

func (t securityStatus) get(ctx context.Context, v view, key datum.Value) (datum.Value, error) {
	return getByListing(ctx, t, v, key)
}

func serverRow(r selfcheck.ServerReport) datum.Value {
	certificates := make([]datum.Value, len(r.Certificates))
	for i, c := range r.Certificates {
		certificates[i] = object(field("file", str(c.File)), field("expires_at", timeValue(c.Expires)))
	}
	return object(
		field("id", str("server")),
		field("type", str("server")),
		field("protected_mode", str(r.ProtectedMode)),
		field("password", datum.Bool(r.Password)),
		field("audit_log", datum.Bool(r.AuditLog)),
		field("encrypted", datum.Bool(r.Encrypted)),
		field("networks", strArray(r.Networks)),
		field("certificates", datum.Array(certificates)),
	)
}

func portRow(p selfcheck.PortReport) datum.Value {
	return object(
		field("id", str("port/"+p.Port)),
		field("type", str("port")),
		field("port", str(p.Port)),
		field("open", datum.Bool(p.Number != 0)),
		field("number", datum.Number(float64(p.Number))),
		field("addresses", strArray(p.Addresses)),
		field("tls", datum.Bool(p.TLS)),
		field("who", str(p.Who)),
		field("reach", word(p.Reach)),
		field("networks", strArray(p.Networks)),
		field("needs", word(p.Needs)),
		field("sent", word(p.Sent)),
	)
}

func findingRow(f selfcheck.Finding) datum.Value {
	return object(
		field("id", str(f.ID())),
		field("type", str("finding")),
		field("kind", str(f.Kind)),
		field("severity", str(f.Severity.String())),
		field("level", datum.Number(float64(f.Severity))), // to sort by
		field("port", word(f.Port)),
		field("description", str(f.Text)),
		field("remedy", str(f.Remedy)),
		field("commands", strArray(f.Commands)),
		field("restart", datum.Bool(f.Restart)),
	)
}

// word is a word that may be missing.
func word(text string) datum.Value {
	if text == "" {
		return datum.Null
	}
	return str(text)
}
