package admin

import (
	"errors"

	"rethinkdb/internal/reql"
)

// LastAuditEntry returns the number and the hash of the last entry that the server has in its audit log.
func (c *Connection) LastAuditEntry() (seq uint64, hash string, err error) {
	rows, err := rowsOf[struct {
		Seq  uint64 `json:"seq"`
		Hash string `json:"hash"`
	}](c, term(reql.TermMax, system("audit"), "seq"))
	if err != nil {
		return 0, "", err
	}
	if len(rows) != 1 {
		return 0, "", errors.New("the server has no entries of an audit log")
	}
	return rows[0].Seq, rows[0].Hash, nil
}
