package exec

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/table"
)

// wholeTable is the name of a shard that has all keys.
const wholeTable = `["", +inf)`

// shardOf names the shard that an error of a table is about.
func shardOf(err error) string {
	e, ok := errors.AsType[*table.ShardError](err)
	if !ok {
		return wholeTable
	}
	return shardName(e.Low, e.High)
}

// shardName names a shard by its bounds, with keys as RethinkDB shows those that it has inside.
func shardName(low, high []byte) string {
	to := "+inf"
	if high != nil {
		to = `"` + keyText(high) + `"`
	}
	return `["` + keyText(low) + `", ` + to + ")"
}

// keyText shows an encoded primary key, which is the bound of a shard.
func keyText(key []byte) string {
	if len(key) == 0 {
		return ""
	}
	v, _, err := datum.DecodeKey(key)
	if err != nil { // it is the beginning of one
		return escaped(string(key))
	}
	return escaped(plainKey(v))
}

// plainKey gives a primary key in the form of RethinkDB: the type in a letter or a word, and the value such that its order is that of the text.
func plainKey(v datum.Value) string {
	switch v.Kind() {
	case datum.KindString:
		return "S" + v.AsString()
	case datum.KindNumber:
		bits := math.Float64bits(v.AsNumber())
		if bits>>63 != 0 {
			bits = ^bits
		} else {
			bits |= 1 << 63
		}
		return fmt.Sprintf("N%016x#%s", bits, strconv.FormatFloat(v.AsNumber(), 'g', 20, 64))
	case datum.KindBool:
		if v.Truthy() {
			return "Bt"
		}
		return "Bf"
	case datum.KindArray:
		text := "A"
		for i := range v.Len() {
			text += plainKey(v.At(i)) + "\x00"
		}
		return text
	}
	return "P" + v.TypeName() + ":" + v.Print()
}

// escaped shows whatever is neither a letter nor a digit by its code.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < 0x80 && (c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z') {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02X`, c)
		}
	}
	return b.String()
}
