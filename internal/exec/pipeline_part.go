package exec

import (
	"context"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// farPart is a part of farRows.
type farPart struct {
	place partPlace
	share *table.Table
	query []byte

	// Set by ask, then owned by the reader.
	answer []byte
	cursor RemoteCursor

	// Owned by the reader.
	local   *seq          // the part is read here
	rows    []datum.Value // to be given
	awaited bool          // there will be news,
	came    bool          // or they are there
}

// ask asks a server. A part that it does not answer for has neither answer nor cursor.
func (p *farPart) ask(ctx context.Context, router Router, server string, client *Client) {
	ctx, stop := p.place.watch(ctx, router, server)
	defer stop()
	answer, cursor, err := router.Start(ctx, server, client, p.query)
	if err != nil || astray(answer) {
		return
	}
	p.answer, p.cursor = answer, cursor
}

// read reads a row of a part that is here.
func (p *farPart) read(fr *frame) error {
	row, ok, err := p.local.next(fr)
	switch {
	case err != nil:
		return err
	case ok:
		p.rows = append(p.rows[:0], row)
	default:
		p.close()
	}
	return nil
}

// take gives the next row; placed ones come with their places.
func (p *farPart) take(placed bool) datum.Value {
	row := p.rows[0]
	p.rows = p.rows[1:]
	if placed {
		return row.At(1)
	}
	return row
}

func (p *farPart) close() {
	if p.cursor != nil {
		p.cursor.Close()
		p.cursor = nil
	}
	if p.local != nil {
		p.local.close()
		p.local = nil
	}
}
