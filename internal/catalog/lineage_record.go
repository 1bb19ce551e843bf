package catalog

import (
	"encoding/binary"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/storage"
	"rethinkdb/internal/table"
)

// historyPlaceBytes are those of a place in a record: the epoch and the index, big endian. As a number of the language an epoch would lose digits.
const historyPlaceBytes = 16

func encodeStarts(starts []table.HistoryPlace) datum.Value {
	out := make([]datum.Value, len(starts))
	for i, s := range starts {
		out[i] = datum.Binary(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(s.Epoch)), uint64(s.Index)))
	}
	return datum.Array(out)
}

// starts reads where the histories of groups begin. Records of programs whose groups inherit nothing have none.
func (r *record) starts(groups int) []table.HistoryPlace {
	if _, ok := r.val.Get("starts"); r.err != nil || !ok {
		return nil
	}
	list := r.field("starts", datum.KindArray)
	if r.err == nil && list.Len() > groups {
		r.fail("has %d groups and %d histories", groups, list.Len())
	}
	if r.err != nil || list.Len() == 0 {
		return nil
	}
	out := make([]table.HistoryPlace, list.Len())
	for i := range out {
		v := list.At(i)
		if v.Kind() != datum.KindBinary || len(v.AsBinary()) != historyPlaceBytes {
			r.fail("has an impossible beginning of a history")
			return nil
		}
		b := v.AsBinary()
		out[i] = table.HistoryPlace{Epoch: table.Epoch(binary.BigEndian.Uint64(b)), Index: table.CommitIndex(binary.BigEndian.Uint64(b[8:]))}
	}
	return out
}

func encodePast(past []table.Division) datum.Value {
	out := make([]datum.Value, len(past))
	for i, d := range past {
		out[i] = datum.Object(encodeDivision(d))
	}
	return datum.Array(out)
}

// encodeDivision makes the fields of a record that say which group has which keys.
func encodeDivision(d table.Division) []datum.Field {
	splits := make([]datum.Value, len(d.Splits))
	for i, s := range d.Splits {
		splits[i] = datum.Binary([]byte(s))
	}
	return []datum.Field{
		{Key: "groups", Val: numberArray(d.Groups)},
		{Key: "split_points", Val: datum.Array(splits)},
		{Key: "parts", Val: numberArray(d.Parts)},
		{Key: "starts", Val: encodeStarts(d.Starts)},
	}
}

// past reads how the table was divided before.
func (r *record) past() (past []table.Division) {
	if _, ok := r.val.Get("past"); r.err != nil || !ok {
		return nil
	}
	list := r.field("past", datum.KindArray)
	for i := 0; r.err == nil && i < list.Len(); i++ {
		x := &record{key: r.key + " (past)", val: list.At(i)}
		if x.val.Kind() != datum.KindObject {
			x.fail("is of the wrong type %s", x.val.TypeName())
			r.err = x.err
			return nil
		}
		d := table.Division{Groups: recordNumbers[storage.GroupID](x, "groups"), Splits: recordStrings[string](x, "split_points"), Parts: recordNumbers[int](x, "parts")}
		d.Starts = x.starts(len(d.Groups))
		x.checkDivision(&d)
		past, r.err = append(past, d), x.err
	}
	return past
}

// checkDivision makes sure that each shard has a group.
func (r *record) checkDivision(d *table.Division) {
	if r.err != nil {
		return
	}
	if d.Parts == nil && len(d.Groups) != 1 || d.Parts != nil && len(d.Parts) != len(d.Splits)+1 {
		r.fail("has %d groups and %d split points, and parts of %d shards", len(d.Groups), len(d.Splits), len(d.Parts))
	}
	for _, p := range d.Parts {
		if p >= len(d.Groups) {
			r.fail("has the impossible part %d", p)
		}
	}
}
