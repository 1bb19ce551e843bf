package catalog

import (
	"net/netip"

	"rethinkdb/internal/access"
	"rethinkdb/internal/datum"
)

// accessFields are the ports as the record of the allow-lists names them.
var accessFields = [...]string{access.Driver: "driver", access.Web: "http", access.Cluster: "cluster"}

func encodeAccess(lists access.Lists) []byte {
	fields := make([]datum.Field, len(accessFields))
	for port, name := range accessFields {
		networks := make([]string, len(lists[port]))
		for i, n := range lists[port] {
			networks[i] = n.String()
		}
		fields[port] = datum.Field{Key: name, Val: stringArray(networks)}
	}
	return encodeRecord(fields...)
}

func decodeAccess(b []byte) (lists access.Lists, err error) {
	r := openRecord(keyAccess, b)
	for port, name := range accessFields {
		for _, text := range recordStrings[string](r, name) {
			n, err := netip.ParsePrefix(text)
			if err != nil {
				r.fail("has the impossible network %q for the %s port", text, name)
			}
			lists[port] = append(lists[port], n)
		}
	}
	return lists, r.err
}
