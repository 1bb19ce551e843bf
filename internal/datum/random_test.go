package datum

import (
	"math"
	"math/rand/v2"
	"strings"
)

// generator makes random values that are likely to be equal to, or to differ little from, each other.
type generator struct {
	*rand.Rand
	storable bool // no r.minval or r.maxval
	keyable  bool // no objects or geometry
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
}

var interestingNumbers = []float64{
	0, math.Copysign(0, -1), 1, -1, 0.5, 1.5, -2.5, 63, 64, 127, 128, 255, 256, 32767, 32768, -32768, -32769, 65535,
	1 << 31, 1<<31 - 1, -1 << 31, -1<<31 - 1, 1 << 32, 1<<53 - 1, 1 << 53, 1<<53 + 2, -1 << 53, 1e15, 1e16, 1e20, 1e21,
	1e22, 123456789012345680000, 1e-5, 1e-6, 1e-7, 1.5e-7, 5e-324, math.MaxFloat64, -math.MaxFloat64, 0.1, 1e300,
	1e-300, math.Pi,
}

var interestingStrings = []string{
	"", "a", "ab", "abc", "b", "\x00", "a\x00", "a\x00b", "a\x01", "\x00\x01", "é", "日本語", "😀", "\"", "\\",
	"a\nb", "tab\t", "\x1f", "\x7f", "12345678", "1234567\"", "12345678\"", "$reql_type", strings.Repeat("x", 95),
	strings.Repeat("x", 96), strings.Repeat("y", 255), strings.Repeat("y", 256), strings.Repeat("z", 300) + "\n",
	strings.Repeat("k", 126), strings.Repeat("k", 127), strings.Repeat("k", 128),
}

func (g *generator) number() float64 {
	switch g.IntN(4) {
	case 0:
		return float64(g.IntN(300) - 100)
	case 1:
		for {
			if f := math.Float64frombits(g.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
				return f
			}
		}
	}
	return interestingNumbers[g.IntN(len(interestingNumbers))]
}

func (g *generator) str() string {
	if g.IntN(4) == 0 {
		b := make([]byte, g.IntN(12))
		for i := range b {
			b[i] = "ab\x00\x01\"\\é"[g.IntN(7)]
			if b[i] >= 0x80 {
				b[i] = 'e'
			}
		}
		return string(b)
	}
	return interestingStrings[g.IntN(len(interestingStrings))]
}

func (g *generator) value(depth int) Value {
	n := 12
	if depth == 0 {
		n = 7
	}
	switch g.IntN(n) {
	case 0:
		return Null
	case 1:
		return Bool(g.IntN(2) == 0)
	case 2:
		return String(g.str())
	case 3:
		return Binary(append([]byte(g.str()), [][]byte{nil, {0}, {0, 0xFF}, {0xFF}, make([]byte, 60)}[g.IntN(5)]...))
	case 4:
		return Time(float64(g.IntN(5000))/1000, g.IntN(2880)-1440)
	case 5:
		if g.storable || g.IntN(4) > 0 {
			return Number(g.number())
		}
		return []Value{Min, Max}[g.IntN(2)]
	case 6:
		return Number(g.number())
	case 7, 8:
		elems := make([]Value, g.IntN(5))
		for i := range elems {
			elems[i] = g.value(depth - 1)
		}
		return Array(elems)
	case 9:
		if g.keyable {
			return Bool(true)
		}
		return must(FromPseudo(Object([]Field{
			{"$reql_type$", String("GEOMETRY")},
			{"type", String("Point")},
			{"coordinates", Array([]Value{Number(g.number()), Int(1)})},
		})))
	}
	if g.keyable {
		return Array([]Value{g.value(depth - 1)})
	}
	return g.object(depth)
}

func (g *generator) object(depth int) Value {
	var b ObjectBuilder
	for range g.IntN(6) {
		b.Overwrite(g.str(), g.value(depth-1))
	}
	return b.Value()
}

// encodeSome returns v with some of the values in it replaced by views of their encodings.
func (g *generator) encodeSome(v Value) Value {
	if g.IntN(3) == 0 {
		return View(AppendEncoded(nil, v))
	}
	switch v.Kind() {
	case KindArray:
		elems := make([]Value, v.Len())
		for i := range elems {
			elems[i] = g.encodeSome(v.At(i))
		}
		return Array(elems)
	case KindObject:
		var b ObjectBuilder
		for i := range v.Len() {
			key, val := v.FieldAt(i)
			b.Overwrite(key, g.encodeSome(val))
		}
		return b.Value()
	}
	return v
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
