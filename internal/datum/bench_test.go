package datum

import (
	"fmt"
	"testing"
)

// benchDocument is a row of about 1 KB with 16 fields, as an application might store it.
const benchDocument = `{"id":"0d5b1c9e-2f3a-4b6c-8d7e-9f0a1b2c3d4e","name":"Marie Skłodowska","email":"marie.s@example.com",
"age":34,"score":12345.678,"active":true,"deleted":null,"city":"Reykjavík","country":"Iceland","tags":["alpha","beta",
"gamma","delta"],"address":{"street":"Laugavegur 12","zip":"101","geo":{"lat":64.1466,"lon":-21.9426}},"bio":"` +
	`Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna ` +
	`aliqua. Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat. ` +
	`Duis aute irure dolor in reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur.` +
	`","visits":981273,"created":{"$reql_type$":"TIME","epoch_time":1700000000.123,"timezone":"+00:00"},"login":"marie",
"history":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}`

var (
	sinkValue Value
	sinkBytes []byte
	sinkInt   int
)

func benchValue(b *testing.B) (tree, view Value) {
	tree = must(ParseJSON([]byte(benchDocument)))
	enc := AppendEncoded(nil, tree)
	if err := Check(enc); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return tree, View(enc)
}

func BenchmarkGet(b *testing.B) {
	tree, view := benchValue(b)
	for _, key := range []string{"id", "age", "visits", "nothing"} {
		b.Run("view/"+key, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkValue, _ = view.Get(key)
			}
		})
	}
	b.Run("tree/age", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sinkValue, _ = tree.Get("age")
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	tree, view := benchValue(b)
	for name, v := range map[string]Value{"tree": tree, "view": view} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = AppendJSON(dst[:0], v)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}

func BenchmarkParseJSON(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(benchDocument)))
	src := []byte(benchDocument)
	for b.Loop() {
		sinkValue, _ = ParseJSON(src)
	}
}

func BenchmarkAppendEncoded(b *testing.B) {
	tree, view := benchValue(b)
	for name, v := range map[string]Value{"tree": tree, "view": view} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst = AppendEncoded(dst[:0], v)
			}
			b.SetBytes(int64(len(dst)))
		})
	}
}

func BenchmarkCompare(b *testing.B) {
	tree, view := benchValue(b)
	for name, v := range map[string][2]Value{
		"tree-tree": {tree, must(ParseJSON([]byte(benchDocument)))}, "tree-view": {tree, view}, "view-view": {view, view.Own()},
		"updated": {view, view.Edit([]Field{{"visits", Int(5)}}, nil)},
		"numbers": {Int(1), Int(2)}, "strings": {String("0d5b1c9e-2f3a"), String("0d5b1c9e-2f3b")},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkInt = Compare(v[0], v[1])
			}
		})
	}
}

func BenchmarkAppendKey(b *testing.B) {
	for _, v := range []Value{Int(12345), String("0d5b1c9e-2f3a-4b6c-8d7e-9f0a1b2c3d4e"),
		Array([]Value{Int(1), String("abc")})} {
		b.Run(v.TypeName(), func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = AppendKey(dst[:0], v)
			}
		})
	}
}

// BenchmarkUpdate is what an update of one field does to a stored row.
func BenchmarkUpdate(b *testing.B) {
	_, view := benchValue(b)
	change := Object([]Field{{"visits", Int(5)}})
	var dst []byte
	for b.Loop() {
		sinkValue, _ = Merge(view, change)
		dst = AppendEncoded(dst[:0], sinkValue)
	}
	b.SetBytes(int64(len(dst)))
}

func BenchmarkCheck(b *testing.B) {
	tree, _ := benchValue(b)
	enc := AppendEncoded(nil, tree)
	b.SetBytes(int64(len(enc)))
	for b.Loop() {
		if err := Check(enc); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckStorable(b *testing.B) {
	tree, view := benchValue(b)
	for name, v := range map[string]Value{"tree": tree, "view": view} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := CheckStorable(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendNumber(b *testing.B) {
	for _, f := range []float64{7, 1700000000.123, 0.1, 12.75, -122.419416, 0.30000000000000004, 1e300} {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkBytes = appendNumber(sinkBytes[:0], f)
			}
		})
	}
}
