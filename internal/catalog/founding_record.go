package catalog

import (
	"fmt"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/replication"
	"rethinkdb/internal/storage"
)

func encodeFoundings(list []Founding) datum.Value {
	out := make([]datum.Value, len(list))
	for i, f := range list {
		servers, voters := make([]datum.Value, len(f.Members)), make([]datum.Value, len(f.Members))
		for j, m := range f.Members {
			servers[j], voters[j] = datum.String(string(m.Server)), datum.Bool(m.Voter)
		}
		out[i] = datum.Object([]datum.Field{
			{Key: "group", Val: datum.Int(int64(f.Group))},
			{Key: "servers", Val: datum.Array(servers)},
			{Key: "voters", Val: datum.Array(voters)},
		})
	}
	return datum.Array(out)
}

// foundings reads how the groups of a table begin. Records of older programs do not say.
func (r *record) foundings(c *TableConfig) {
	if _, ok := r.val.Get("foundings"); !ok || r.err != nil {
		return
	}
	list := r.field("foundings", datum.KindArray)
	for i := 0; r.err == nil && i < list.Len(); i++ {
		x := &record{key: fmt.Sprintf("%s (founding %d)", r.key, i), val: list.At(i)}
		if x.val.Kind() != datum.KindObject {
			r.fail("has a founding of the wrong type %s", x.val.TypeName())
			return
		}
		f := Founding{Group: storage.GroupID(x.uint32("group"))}
		servers, voters := recordStrings[replication.ServerID](x, "servers"), x.field("voters", datum.KindArray)
		if x.err == nil && (len(servers) == 0 || voters.Len() != len(servers)) {
			x.fail("has %d servers, of which %d say whether they vote", len(servers), voters.Len())
		}
		for j := 0; x.err == nil && j < len(servers); j++ {
			f.Members = append(f.Members, replication.Member{Server: servers[j], Voter: voters.At(j).Truthy()})
		}
		c.Foundings = append(c.Foundings, f)
		r.err = x.err
	}
}
