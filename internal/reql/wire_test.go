package reql

import (
	"testing"

	"rethinkdb/internal/datum"
)

// What AppendWire writes is read as the same term again.
func TestAppendWire(t *testing.T) {
	for _, query := range []string{
		`[1,[15,["t"]]]`,
		`[1,[39,[[15,["t"]],[69,[[2,[1]],[17,[[10,[1]],[2,[1,"a]\"[",{"x":[2,[1,[2,[]]]]}]]]]]]]]]`,
		`[1,[182,[[15,["t"]],[180,[]],[181,[]]],{"index":"i","right_bound":"closed"}]]`,
		`[1,[56,[[15,["t"]],{"a":[103,[]],"b":[2,[[103,[]]]],"c":null,"d":1.5}],{"conflict":"replace"}]]`,
		`[1,[56,[[15,["t"]],{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00"}]]]`,
		`[1,[56,[[15,["t"]],{"$reql_type$":"GEOMETRY","type":"Point","coordinates":[2,[1,2]]}]]]`,
		`[1,[56,[[15,["t"]],{"$reql_type$":"BINARY","data":"AQI="}]]]`,
	} {
		first := parsed(t, query)
		wire, err := first.Term.AppendWire([]byte("[1,"), nil)
		if err != nil {
			t.Fatal(err)
		}
		again := parsed(t, string(wire)+"]")
		if a, b := first.Print(), again.Print(); a != b {
			t.Errorf("%s\nis %s\nand written as %s\nit is %s", query, a, wire, b)
		}
	}
}

func parsed(t *testing.T, query string) *Query {
	t.Helper()
	q, err := ParseQuery([]byte(query))
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if q.Err != nil {
		t.Fatalf("%s: %v", query, q.Err)
	}
	return q
}

func TestAppendWireReplaces(t *testing.T) {
	term := parsed(t, `[1,[24,[[103,[]],1]]]`).Term
	wire, err := term.AppendWire(nil, func(t *Term) (datum.Value, bool) { return datum.Int(7), t.Type == TermNow })
	if want := `[24,[7,1]]`; err != nil || string(wire) != want {
		t.Errorf("got %s, %v", wire, err)
	}
}
