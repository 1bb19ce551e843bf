package remotepart

import (
	"encoding/binary"
	"errors"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/table"
)

// status is how an answer begins.
type status uint8

const (
	statusDone       status = iota // what was asked for follows
	statusNotPrimary               // nothing was done; the server of the primary replica follows, empty if it is not known
	statusFailed                   // a number of failures and a text follow
	statusRefused                  // the class and the text of a datum.Error follow
)

// failures are errors that have the same meaning here and there. Their places in the list are what is sent.
var failures = [...]error{
	table.ErrDropped, table.ErrMoved, table.ErrIndexDropped, table.ErrNoQuorum, table.ErrFateUnknown, table.ErrUnknownOutcome,
	table.ErrPartlyWritten, table.ErrDiskFull, table.ErrFailed, table.ErrCorruptRow, table.ErrCorruptIndex, table.ErrNotAlone,
}

// appendError appends an error as an answer.
func appendError(dst []byte, err error) []byte {
	var notPrimary *replication.NotPrimaryError
	var refused *datum.Error
	switch {
	case errors.As(err, &notPrimary):
		return appendBytes(append(dst, byte(statusNotPrimary)), []byte(notPrimary.Leader))
	case errors.Is(err, table.ErrNotPrimary):
		return appendBytes(append(dst, byte(statusNotPrimary)), nil)
	case errors.As(err, &refused):
		dst = append(dst, byte(statusRefused), byte(refused.Class))
		return appendBytes(dst, []byte(refused.Msg))
	}
	dst = append(dst, byte(statusFailed))
	known := uint64(0)
	for i, f := range failures {
		if errors.Is(err, f) {
			known |= 1 << i
		}
	}
	dst = binary.AppendUvarint(dst, known)
	return appendBytes(dst, []byte(err.Error()))
}

// farError is an error of another server.
type farError struct {
	text string
	are  []error
}

func (e *farError) Error() string   { return e.text }
func (e *farError) Unwrap() []error { return e.are }

// readStatus reads the beginning of an answer, and the rest of it if it is an error.
func readStatus(r *reader) error {
	switch status(r.byte()) {
	case statusDone:
		return r.err
	case statusNotPrimary:
		leader := replication.ServerID(r.bytes())
		if err := r.end(); err != nil {
			return err
		}
		return &replication.NotPrimaryError{Leader: leader}
	case statusRefused:
		e := &datum.Error{Class: datum.ErrorClass(r.byte()), Msg: string(r.bytes())}
		if err := r.end(); err != nil {
			return err
		}
		return e
	case statusFailed:
		known := r.uvarint()
		e := &farError{text: string(r.bytes())}
		for i, f := range failures {
			if known>>i&1 != 0 {
				e.are = append(e.are, f)
			}
		}
		if err := r.end(); err != nil {
			return err
		}
		return e
	}
	r.fail()
	return r.err
}

// appendRows appends as many rows as fit, but for one that fits nowhere, with their number before.
func appendRows(dst []byte, rows []datum.Value) []byte {
	n, size := 0, 0
	for _, row := range rows {
		if size += row.Bytes() + rowLengthBytes; size > maxAnswerBytes {
			break
		}
		n++
	}
	dst = binary.AppendUvarint(dst, uint64(n))
	for _, row := range rows[:n] {
		dst = appendRow(dst, row)
	}
	return dst
}

// What became of a row.
const (
	rowWritten = iota
	rowStale   // the present row follows
	rowUnknown // likewise, but it would make the answer too long
	rowRefused // the error follows
	rowDouble  // a table.DuplicateError follows: index, holder, row
)

// appendOutcomes appends what became of rows.
func appendOutcomes(dst []byte, list []table.RemoteOutcome) []byte {
	for _, o := range list {
		var double *table.DuplicateError
		switch {
		case o.Stale && len(dst)+o.Old.Bytes() <= maxAnswerBytes:
			dst = appendRow(append(dst, rowStale), o.Old)
		case o.Stale:
			dst = append(dst, rowUnknown)
		case errors.As(o.Err, &double) && len(dst)+double.Holder.Bytes()+double.Row.Bytes() <= maxAnswerBytes:
			dst = appendBytes(append(dst, rowDouble), []byte(double.Index))
			dst = appendRow(appendRow(dst, double.Holder), double.Row)
		case o.Err != nil:
			dst = appendBytes(append(dst, rowRefused), appendError(nil, o.Err))
		default:
			dst = append(dst, rowWritten)
		}
	}
	return dst
}

// readOutcomes reads what became of n rows.
func readOutcomes(r *reader, n int) ([]table.RemoteOutcome, error) {
	var list []table.RemoteOutcome
	for range n {
		var o table.RemoteOutcome
		switch r.byte() {
		case rowWritten:
		case rowStale:
			o = table.RemoteOutcome{Stale: true, Known: true, Old: r.value()}
		case rowUnknown:
			o.Stale = true
		case rowDouble:
			o.Err = &table.DuplicateError{Index: string(r.bytes()), Holder: r.value(), Row: r.value()}
		case rowRefused:
			text := &reader{b: r.bytes()}
			if o.Err = readStatus(text); o.Err == nil {
				r.fail()
			}
		default:
			r.fail()
		}
		if r.err != nil {
			return nil, r.err
		}
		list = append(list, o)
	}
	return list, r.end()
}
