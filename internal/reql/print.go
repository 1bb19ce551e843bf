package reql

import (
	"strconv"
	"strings"

	"rethinkdb/internal/datum"
)

// printBytes is how much of a query's text is printed. The table of jobs has the text of every query that runs, for everybody
// who reads it.
const printBytes = 64 << 10

// Print gives the term as JavaScript code, as the jobs table shows it.
func (t *Term) Print() string {
	b := t.appendCode(nil)
	if len(b) > printBytes {
		return strings.ToValidUTF8(string(b[:printBytes]), "") + "..."
	}
	return string(b)
}

// appendCode appends the code of the term. With more than printBytes it leaves out the rest.
func (t *Term) appendCode(dst []byte) []byte {
	if len(dst) > printBytes {
		return dst
	}
	switch t.Type {
	case TermDatum:
		if t.Datum.Bytes() > printBytes {
			return append(append(append(dst, "r.expr("...), t.Datum.Print()...), ')')
		}
		if v := t.Datum; v.Kind() == datum.KindArray || v.Kind() == datum.KindObject {
			return append(append(append(dst, "r.expr("...), v.PrintCompact()...), ')')
		}
		return append(dst, t.Datum.PrintCompact()...)
	case TermVar:
		return append(append(dst, "var"...), t.argCode(0)...)
	case TermImplicitVar:
		return append(dst, "r.row"...)
	case TermMakeArray:
		return t.appendList(dst, "[", t.Args, "]")
	case TermMakeObj:
		return t.appendOptArgs(dst)
	case TermFunc:
		if len(t.Args) != 2 {
			break
		}
		dst = append(dst, "function("...)
		for i, n := range t.Args[0].params() {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = strconv.AppendInt(append(dst, "var"...), n, 10)
		}
		dst = append(dst, ") { return "...)
		return append(t.Args[1].appendCode(dst), "; }"...)
	case TermBracket:
		if len(t.Args) == 2 {
			dst = append(t.Args[0].appendCode(dst), '(')
			return append(t.Args[1].appendCode(dst), ')')
		}
	case TermFuncall:
		if len(t.Args) > 1 {
			dst = append(t.Args[1].appendCode(dst), ".do("...)
			return t.appendCall(dst, append(append([]*Term{}, t.Args[2:]...), t.Args[0]))
		}
	}
	if len(t.Args) > 0 && t.Type != TermDB && t.Type != TermJSON && t.Args[0].chains() {
		dst = append(t.Args[0].appendCode(dst), '.')
		return t.appendCall(append(append(dst, camelCase(t.Type.String())...), '('), t.Args[1:])
	}
	dst = append(append(append(dst, "r."...), camelCase(t.Type.String())...), '(')
	return t.appendCall(dst, t.Args)
}

// chains tells whether code of the term can be followed by a dot.
func (t *Term) chains() bool {
	switch t.Type {
	case TermFunc, TermMakeArray, TermMakeObj:
		return false
	case TermDatum:
		k := t.Datum.Kind()
		return k == datum.KindArray || k == datum.KindObject
	}
	return true
}

func (t *Term) argCode(i int) []byte {
	if i >= len(t.Args) {
		return nil
	}
	return t.Args[i].appendCode(nil)
}

func (t *Term) params() []int64 {
	var out []int64
	add := func(d datum.Value) {
		if d.Kind() == datum.KindNumber {
			out = append(out, int64(d.AsNumber()))
		}
	}
	switch {
	case t.Type == TermMakeArray:
		for _, a := range t.Args {
			add(a.Datum)
		}
	case t.Datum.Kind() == datum.KindArray:
		for i := range t.Datum.Len() {
			add(t.Datum.At(i))
		}
	}
	return out
}

func (t *Term) appendCall(dst []byte, args []*Term) []byte {
	dst = t.appendList(dst, "", args, "")
	if len(t.OptArgs) > 0 {
		if len(args) > 0 {
			dst = append(dst, ", "...)
		}
		dst = t.appendOptArgs(dst)
	}
	return append(dst, ')')
}

func (t *Term) appendList(dst []byte, open string, args []*Term, end string) []byte {
	dst = append(dst, open...)
	for i, a := range args {
		if len(dst) > printBytes {
			return dst
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = a.appendCode(dst)
	}
	return append(dst, end...)
}

func (t *Term) appendOptArgs(dst []byte) []byte {
	dst = append(dst, '{')
	for i, o := range t.OptArgs {
		if len(dst) > printBytes {
			return dst
		}
		if i > 0 {
			dst = append(dst, ", "...)
		}
		dst = appendString(dst, o.Name)
		dst = o.Term.appendCode(append(dst, ": "...))
	}
	return append(dst, '}')
}

func camelCase(s string) string {
	parts := strings.Split(s, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}
