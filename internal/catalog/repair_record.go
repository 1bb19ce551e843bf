package catalog

import (
	"encoding/binary"
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

func encodeRepairs(list []GroupRepair) datum.Value {
	out := make([]datum.Value, len(list))
	for i, p := range list {
		last := binary.BigEndian.AppendUint64(nil, p.Last.Term) // too large for numbers of the language
		last = binary.BigEndian.AppendUint64(last, p.Last.Index)
		out[i] = datum.Object([]datum.Field{
			{Key: "group", Val: datum.Int(int64(p.Group))},
			{Key: "era", Val: datum.Int(int64(p.Era))},
			{Key: "first", Val: datum.String(string(p.First))},
			{Key: "last", Val: datum.Binary(last)},
			{Key: "others", Val: stringArray(p.Others)},
			{Key: "erase", Val: datum.Bool(p.Erase)},
		})
	}
	return datum.Array(out)
}

// repairs reads the repairs of a table's groups. Most records have none, and those of older programs not even an empty array.
func (r *record) repairs(c *TableConfig) {
	if _, ok := r.val.Get("repairs"); !ok || r.err != nil {
		return
	}
	list := r.field("repairs", datum.KindArray)
	for i := 0; r.err == nil && i < list.Len(); i++ {
		x := &record{key: fmt.Sprintf("%s (repair %d)", r.key, i), val: list.At(i)}
		if x.val.Kind() != datum.KindObject {
			r.fail("has a repair of the wrong type %s", x.val.TypeName())
			return
		}
		p := GroupRepair{Group: storage.GroupID(x.uint32("group")), Repair: replication.Repair{
			Era: replication.Era(x.uint32("era")), First: replication.ServerID(x.string("first")),
			Others: recordStrings[replication.ServerID](x, "others"), Erase: x.field("erase", datum.KindBool).Truthy(),
		}}
		last := x.binary("last")
		if x.err == nil && len(last) != 16 {
			x.fail("ends with %d bytes, not 16", len(last))
		}
		if r.err = x.err; r.err == nil {
			p.Last = replication.LogPosition{Term: binary.BigEndian.Uint64(last), Index: binary.BigEndian.Uint64(last[8:])}
			c.Repairs = append(c.Repairs, p)
		}
	}
}
