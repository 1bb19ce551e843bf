package table

import (
	"bytes"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/shard"
)

// keyBytes is room for usual primary keys: a uuid takes 38 bytes.
const keyBytes = 48

// AppendPrimaryKey appends the encoding of a primary key, or returns the error of a value that cannot be one.
func AppendPrimaryKey(dst []byte, v datum.Value) ([]byte, error) { return appendPrimaryKey(dst, v) }

func appendPrimaryKey(dst []byte, v datum.Value) ([]byte, error) {
	switch v.Kind() {
	case datum.KindNumber, datum.KindBool:
		// always a valid key
	default:
		if err := datum.CheckPrimaryKey(v); err != nil {
			return nil, err
		}
	}
	return datum.AppendKey(dst, v)
}

// nothing are bounds that no key is within.
var nothing = shard.Bounds{Low: []byte{0xff}, High: []byte{0}}

// keyBounds turns a range of values into one of keys. A closed high bound, and an open low one, end after their key: the
// smallest key that is greater than k is k followed by a zero byte.
func keyBounds(r Range) (b shard.Bounds, err error) {
	switch r.Low.Kind() {
	case datum.KindAbsent, datum.KindMinVal: // unbounded
	case datum.KindMaxVal:
		return nothing, nil
	default:
		if b.Low, err = appendPrimaryKey(nil, r.Low); err != nil {
			return b, err
		}
		if r.LowOpen {
			b.Low = append(b.Low, 0)
		}
	}
	switch r.High.Kind() {
	case datum.KindAbsent, datum.KindMaxVal: // unbounded
	case datum.KindMinVal:
		return nothing, nil
	default:
		if b.High, err = appendPrimaryKey(nil, r.High); err != nil {
			return b, err
		}
		if !r.HighOpen {
			b.High = append(b.High, 0)
		}
	}
	if b.Low != nil && b.High != nil && bytes.Compare(b.Low, b.High) >= 0 {
		return nothing, nil
	}
	return b, nil
}
