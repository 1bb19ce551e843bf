package exec_test

import (
	"testing"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/exec"
)

// Shards are named as RethinkDB names them in errors.
func TestShardNames(t *testing.T) {
	none := datum.Value{}
	for _, x := range []struct {
		low, high datum.Value
		want      string
	}{
		{none, none, `["", +inf)`},
		{datum.String("55555555-5555"), none, `["S55555555\x2D5555", +inf)`},
		{none, datum.String("middle"), `["", "Smiddle")`},
		{datum.Int(5), datum.Int(100), `["Nc014000000000000\x235", "Nc059000000000000\x23100")`},
		{datum.Int(-1), datum.Array([]datum.Value{datum.Bool(true), datum.Int(0)}), `["N400fffffffffffff\x23\x2D1", "ABt\x00N8000000000000000\x230\x00")`},
	} {
		if got, err := exec.ShardName(x.low, x.high); got != x.want || err != nil {
			t.Errorf("from %s to %s: %s instead of %s, %v", x.low.Print(), x.high.Print(), got, x.want, err)
		}
	}
}
