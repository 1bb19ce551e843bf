package admin

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"rethinkdb/internal/reql"
)

// term builds a query's term, which has the form of JSON on the wire.
func term(t reql.TermType, args ...any) any {
	if args == nil {
		args = []any{}
	}
	return []any{t, args}
}

func termWith(options map[string]any, t reql.TermType, args ...any) any {
	return []any{t, args, options}
}

func array(elements ...string) any {
	args := make([]any, len(elements))
	for i, e := range elements {
		args[i] = e
	}
	return term(reql.TermMakeArray, args...)
}

// system is a table of the system database; it names databases, tables and servers by their identifiers.
func system(table string) any {
	return termWith(map[string]any{"identifier_format": "uuid"}, reql.TermTable, term(reql.TermDB, "rethinkdb"), table)
}

// row is a row of such a table.
func row(table, key string) any { return term(reql.TermGet, system(table), key) }

// Numbers of the protocol.
const (
	startQuery      = 1
	continueQuery   = 2
	serverInfoQuery = 5

	successPartial = 3
	firstError     = 16
)

// query runs a term and returns its value, or the rows of its stream.
func (c *Connection) query(t any) ([]json.RawMessage, error) {
	c.token++
	request := any([]any{startQuery, t})
	var rows []json.RawMessage
	for {
		kind, part, err := c.ask(request)
		if err != nil {
			return nil, err
		}
		if kind >= firstError {
			text := "unknown error"
			if len(part) > 0 {
				if err := json.Unmarshal(part[0], &text); err != nil {
					return nil, fmt.Errorf("read an error: %w", err)
				}
			}
			return nil, errors.New(text)
		}
		rows = append(rows, part...)
		if kind != successPartial {
			return rows, nil
		}
		request = []any{continueQuery}
	}
}

// ask sends a request and reads the answer to it. Its errors are ErrLost.
func (c *Connection) ask(request any) (kind int, part []json.RawMessage, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return 0, nil, fmt.Errorf("write a query: %w", err)
	}
	frame := binary.LittleEndian.AppendUint64(nil, c.token)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(body)))
	if _, err := c.conn.Write(append(frame, body...)); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	var head [12]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	size := binary.LittleEndian.Uint32(head[8:])
	if size > maxResponseBytes || binary.LittleEndian.Uint64(head[:]) != c.token {
		return 0, nil, fmt.Errorf("%w: an answer of %d bytes that nobody asked for", ErrLost, size)
	}
	answer := make([]byte, size)
	if _, err := io.ReadFull(c.in, answer); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	var r struct {
		Type   int               `json:"t"`
		Result []json.RawMessage `json:"r"`
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrLost, err)
	}
	return r.Type, r.Result, nil
}

// serverID asks the server who it is.
func (c *Connection) serverID() (string, error) {
	c.token++
	_, part, err := c.ask([]any{serverInfoQuery})
	if err != nil {
		return "", err
	}
	var info struct{ ID string }
	if len(part) != 1 {
		return "", errors.New("the server does not say who it is")
	}
	if err := json.Unmarshal(part[0], &info); err != nil {
		return "", fmt.Errorf("read who the server is: %w", err)
	}
	return info.ID, nil
}

// rowsOf runs a term and reads its rows.
func rowsOf[T any](c *Connection, t any) ([]T, error) {
	parts, err := c.query(t)
	if err != nil {
		return nil, err
	}
	rows := make([]T, len(parts))
	for i, part := range parts {
		if err := json.Unmarshal(part, &rows[i]); err != nil {
			return nil, fmt.Errorf("read an answer: %w", err)
		}
	}
	return rows, nil
}

// tableOf reads the whole of a system table.
func tableOf[T any](c *Connection, table string) ([]T, error) { return rowsOf[T](c, system(table)) }

// change runs a write and fails when a row of it fails.
func (c *Connection) change(t any) error {
	results, err := rowsOf[struct {
		Errors     int    `json:"errors"`
		FirstError string `json:"first_error"`
	}](c, t)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.Errors > 0 {
			return errors.New(r.FirstError)
		}
	}
	return nil
}
