package shard

import (
	"bytes"
	"fmt"

	"rethinkdb/internal/datum"
)

func logicErrorf(format string, args ...any) error {
	return &datum.Error{Class: datum.Logic, Msg: fmt.Sprintf(format, args...)}
}

// validate checks that row may become the row of this key. The order of the checks and the texts are RethinkDB's: a changed
// primary key has three texts, with and without back quotes and a final period.
func (s *Shard) validate(old, row, keyValue datum.Value, key []byte) error {
	name := s.config.PrimaryKey
	if !row.IsObject() && row.Kind() != datum.KindTime {
		return logicErrorf("Inserted value must be an OBJECT (got %s):\n%s", row.TypeName(), row.Print())
	}
	pk, ok := row.Get(name)
	if !ok {
		return logicErrorf("Inserted object must have primary key `%s`:\n%s", name, row.Print())
	}
	if !old.IsAbsent() {
		if oldKey, ok := old.Get(name); !ok || !datum.Equal(oldKey, pk) {
			return logicErrorf("Primary key `%s` cannot be changed (`%s` -> `%s`).", name, old.Print(), row.Print())
		}
	}
	if sameKey(pk, keyValue) {
		return nil
	}
	encoded, err := datum.PrimaryKey(pk)
	if err != nil {
		return err
	}
	if bytes.Equal(encoded, key) {
		return nil
	}
	if old.IsAbsent() {
		return logicErrorf("Primary key `%s` cannot be changed (null -> %s)", name, row.Print())
	}
	return logicErrorf("Primary key `%s` cannot be changed (%s -> %s)", name, old.Print(), row.Print())
}

// sameKey reports whether two values surely have the same encoding as a key. It saves encoding the usual keys.
func sameKey(a, b datum.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case datum.KindString:
		return a.AsString() == b.AsString()
	case datum.KindNumber:
		return a.AsNumber() == b.AsNumber() && a.AsNumber() != 0 // 0 and -0 are equal
	}
	return false
}
