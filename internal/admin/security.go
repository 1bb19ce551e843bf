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
	}](c, "security_status")
	if err != nil {
		return selfcheck.Report{}, fmt.Errorf("read the state of the server: %w", err)
	}
	var r selfcheck.Report
	for _, row := range rows {
		if row.Type == "port" {
			r.Ports = append(r.Ports, selfcheck.PortReport{Port: row.Port, Number: row.Number, Addresses: row.Addresses, TLS: row.TLS, Who: row.Who})
			continue
		}
		r.Findings = append(r.Findings, selfcheck.Finding{
			Kind: row.Kind, Subject: strings.TrimPrefix(strings.TrimPrefix(row.ID, row.Kind), "/"), Severity: selfcheck.Severity(row.Level), Port: row.Port, Text: row.Description, Remedy: row.Remedy,
			Commands: row.Commands, Restart: row.Restart,
		})
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
