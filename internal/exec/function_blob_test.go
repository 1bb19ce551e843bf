package exec

import (
	"testing"

	"rethinkdb/internal/datum"
)

// recorded are definitions as RethinkDB 2.4 gives them.
var recorded = map[string]string{
	// tbl.indexCreate("v")
	"indexCreate('i', function(_var19) { return _var19.getField(\"v\"); })": "\x09\x07\x07\x07\x00\x00\x00\x00\x00\x00\x01\xed\xff\xff\xff\xff\xff\xff\xff&\x00\x00\x00" +
		`[31,[[10,[[1,-19,0]],0],[1,"v",0]],0]` + "\x00\x00\x00\x00\x00\x00\x00",
	// tbl.indexCreate("i", x => r.point(x, x))
	"indexCreate('i', function(var1) { return r.point(var1, var1); })": "\x09\x07\x07\x07\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x000\x00\x00\x00" +
		`[159,[[10,[[1,1,11]],10],[10,[[1,1,13]],12]],9]` + "\x00\x09\x00\x00\x00\x00\x00",
	"indexCreate('i', function(var1) { return r.add(add(var1(\"a\"), [1, 2, 3, 4, 5]), [6, 7, 8, 9, 10]).count(); })": "\x09\x07\x07\x07\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\xb3\x00\x00\x00" +
		`[43,[[24,[[24,[[170,[[10,[[1,1,14]],13],[1,"a",15]],12],[2,[[1,1,17],[1,2,18],[1,3,19],[1,4,20],[1,5,21]],16]],11],[2,[[1,6,23],[1,7,24],[1,8,25],[1,9,26],[1,10,27]],22]],10]],9]` + "\x00\x09\x00\x00\x00\x00\x00",
}

func TestRecordedDefinitions(t *testing.T) {
	for want, blob := range recorded {
		d, err := decodeDefinition([]byte(blob))
		if err != nil {
			t.Errorf("%q: %v", blob, err)
			continue
		}
		if got := d.query("i"); got != want {
			t.Errorf("%q is\n%s\nwant\n%s", blob, got, want)
		}
		if got := string(d.encode()); got != blob {
			t.Errorf("%q becomes\n%q", blob, got)
		}
	}
}

// FuzzDefinition reads damaged definitions: an error, or a function that can be called.
func FuzzDefinition(f *testing.F) {
	for _, blob := range recorded {
		f.Add([]byte(blob))
	}
	f.Add([]byte("\x09\x07\x07\x07\x00\x00\x00\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00\x0b\x00\x00\x00[180,[],9]\x00\x09\x00\x00\x00\x00\x00"))
	row := datum.Object([]datum.Field{{Key: "a", Val: datum.Int(1)}})
	f.Fuzz(func(t *testing.T, b []byte) {
		index, err := CompileIndex(b)
		if err != nil {
			return
		}
		index(row)
		if d, err := decodeDefinition(b); err != nil {
			t.Errorf("%q can be compiled, but %v", b, err)
		} else {
			d.query("i")
		}
	})
}
