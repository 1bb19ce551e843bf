package admin

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rethinkdb/internal/selfcheck"
)

// SecurityStatus reads how well the server is closed.
func SecurityStatus(c *Connection) (selfcheck.Report, error) {
	rows, err := tableOf[struct {
		ID, Type, Port, Who       string
		Number, Level             int
		Addresses                 []string
		TLS, Restart              bool
		Kind, Description, Remedy string
		Commands                  []string
		Networks                  []string
		Reach, Needs, Sent        string
		ProtectedMode             string `json:"protected_mode"`
		AuditLog                  bool   `json:"audit_log"`
		Password, Encrypted       bool
		Certificates              []struct {
			File      string
			ExpiresAt reqlTime `json:"expires_at"`
		}
	}](c, "security_status")
	if err != nil {
		return selfcheck.Report{}, fmt.Errorf("read the state of the server: %w", err)
	}
	var r selfcheck.Report
	for _, row := range rows {
		switch row.Type {
		case "server":
			r.Server = selfcheck.ServerReport{
				ProtectedMode: row.ProtectedMode, Password: row.Password, AuditLog: row.AuditLog, Encrypted: row.Encrypted, Networks: row.Networks,
			}
			for _, c := range row.Certificates {
				r.Server.Certificates = append(r.Server.Certificates, selfcheck.Certificate{File: c.File, Expires: c.ExpiresAt.Time})
			}
		case "port":
			r.Ports = append(r.Ports, selfcheck.PortReport{
				Port: row.Port, Number: row.Number, Addresses: row.Addresses, TLS: row.TLS, Who: row.Who,
				Reach: row.Reach, Networks: row.Networks, Needs: row.Needs, Sent: row.Sent,
			})
		case "finding":
			r.Findings = append(r.Findings, selfcheck.Finding{
				Kind: row.Kind, Subject: strings.TrimPrefix(strings.TrimPrefix(row.ID, row.Kind), "/"), Severity: selfcheck.Severity(row.Level), Port: row.Port, Text: row.Description, Remedy: row.Remedy,
				Commands: row.Commands, Restart: row.Restart,
			})
		}
	}
	// The rows come in the order of their keys.
	slices.SortFunc(r.Ports, func(a, b selfcheck.PortReport) int { return cmp.Compare(portOrder(a.Port), portOrder(b.Port)) })
	slices.SortStableFunc(r.Findings, func(a, b selfcheck.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(portOrder(a.Port), portOrder(b.Port)))
	})
	return r, nil
}

// portOrder is the place of a port, and of what is about no port alone, in lists.
func portOrder(port string) int { return slices.Index([]string{"", "driver", "http", "cluster"}, port) }
