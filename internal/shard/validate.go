package shard

import (
	"bytes"
	"fmt"

	"rethinkdb/internal/datum"
)

func logicErrorf(format string, args ...any) error {
	return &datum.Error{Class: datum.Logic, Msg: fmt.Sprintf(format, args...)}
}

// CheckReplacement checks that row may replace old, by what the two say of themselves. Absent rows are no rows. The order of
// the checks and the texts are RethinkDB's.
func CheckReplacement(primaryKey string, old, row datum.Value) error {
	if row.IsAbsent() {
		return nil
	}
	if !row.IsObject() && row.Kind() != datum.KindTime {
		return logicErrorf("Inserted value must be an OBJECT (got %s):\n%s", row.TypeName(), row.Print())
	}
	pk, ok := row.Get(primaryKey)
	if !ok {
		return logicErrorf("Inserted object must have primary key `%s`:\n%s", primaryKey, row.Print())
	}
	if old.IsAbsent() {
		return nil
	}
	if oldKey, ok := old.Get(primaryKey); !ok || !datum.Equal(oldKey, pk) {
		return logicErrorf("Primary key `%s` cannot be changed (`%s` -> `%s`).", primaryKey, old.Print(), row.Print())
	}
	return nil
}

// validate checks that row may become the row of this key. A changed primary key has three texts, with and without back
// quotes and a final period.
func validate(name string, old, row, keyValue datum.Value, key []byte) error {
	if err := CheckReplacement(name, old, row); err != nil {
		return err
	}
	pk, _ := row.Get(name)
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
