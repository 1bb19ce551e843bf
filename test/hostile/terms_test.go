//go:build hostile

package hostile

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Numbers of terms, beside those that the harness has.
const (
	tDatum      = 1
	tMakeArray  = 2
	tVar        = 10
	tDB         = 14
	tTable      = 15
	tGet        = 16
	tEq         = 17
	tNot        = 23
	tAdd        = 24
	tMul        = 26
	tAppend     = 29
	tSlice      = 30
	tGetField   = 31
	tPluck      = 33
	tWithout    = 34
	tMerge      = 35
	tReduce     = 37
	tMap        = 38
	tFilter     = 39
	tConcatMap  = 40
	tOrderBy    = 41
	tDistinct   = 42
	tCount      = 43
	tUnion      = 44
	tNth        = 45
	tInnerJoin  = 48
	tCoerceTo   = 51
	tUpdate     = 53
	tInsert     = 56
	tDo         = 64
	tBranch     = 65
	tForEach    = 68
	tFunc       = 69
	tSkip       = 70
	tLimit      = 71
	tDesc       = 74
	tSample     = 81
	tIsEmpty    = 86
	tOffsetsOf  = 87
	tSetInsert  = 88
	tDefault    = 92
	tContains   = 93
	tDifference = 95
	tMatch      = 97
	tJSON       = 98
	tUpcase     = 141
	tObject     = 143
	tGroup      = 144
	tSum        = 145
	tMin        = 147
	tSplit      = 149
	tUngroup    = 150
	tRandom     = 151
	tArgs       = 154
	tBinary     = 155
	tPolygon    = 161
	tBracket    = 170
	tToJSON     = 172
	tRange      = 173
	tFold       = 187
	tFormat     = 197
)

// term is the JSON of a term.
type term string

// T builds a term; arguments that are no terms are written as JSON.
func T(number int, args ...any) term {
	var b strings.Builder
	fmt.Fprintf(&b, "[%d,[", number)
	for i, a := range args {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(expr(a)))
	}
	b.WriteString("]]")
	return term(b.String())
}

// with gives the term optional arguments.
func (t term) with(opts string) term { return t[:len(t)-1] + term(",{"+opts+"}]") }

func expr(v any) term {
	switch v := v.(type) {
	case term:
		return v
	case int:
		return term(strconv.Itoa(v))
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // only numbers, strings and booleans are passed
	}
	return term(text)
}

// fn is a function; its parameters are numbered from first on.
func fn(first, params int, body any) term {
	names := make([]any, params)
	for i := range names {
		names[i] = first + i
	}
	return T(tFunc, T(tMakeArray, names...), body)
}

func v(n int) term { return T(tVar, n) }

// array is a term that makes an array of its arguments.
func array(elems ...any) term { return T(tMakeArray, elems...) }

// start is the body of a query that runs the term.
func start(t term) string { return "[1," + string(t) + "]" }

func startWith(t term, opts string) string { return "[1," + string(t) + ",{" + opts + "}]" }

// nest puts n times opening and closing around what is inside.
func nest(opening, inside, closing string, n int) string {
	return strings.Repeat(opening, n) + inside + strings.Repeat(closing, n)
}

// list is n times the element, separated by commas.
func list(elem string, n int) string {
	return strings.TrimSuffix(strings.Repeat(elem+",", n), ",")
}
