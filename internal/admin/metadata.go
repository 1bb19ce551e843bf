package admin

import (
	"strings"

	"rethinkdb/internal/reql"
)

// metadataTable names servers by their names: those that are lost are in no list of machines.
var metadataTable = term(reql.TermTable, term(reql.TermDB, "rethinkdb"), "metadata_status")

func listMetadata(s *Shell, _ arguments) error {
	rows, err := rowsOf[struct {
		Primary      *string
		Voters       []string
		Disconnected []string
	}](s.conn, metadataTable)
	if err != nil {
		return err
	}
	for _, r := range rows {
		primary := "none: nothing can be changed"
		if r.Primary != nil {
			primary = *r.Primary
		}
		s.print(columns{{"primary", "voters", "disconnected"}, {primary, strings.Join(r.Voters, ","), strings.Join(r.Disconnected, ",")}})
	}
	return nil
}

func recoverMetadata(s *Shell, a arguments) error {
	return s.conn.change(term(reql.TermUpdate, term(reql.TermGet, metadataTable, "metadata"), map[string]any{"given_up": array(a.positional...)}))
}
