package exec

import (
	"slices"
	"strconv"
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Control
	//
	// value.typeOf() → string
	//
	// The name of the type of a value; a sequence is not read for it.
	//
	//	> r.expr([r.table("heroes").typeOf(), r.table("heroes").get(1).typeOf(), r.range().typeOf(), r.now().typeOf(), r.expr(1).typeOf()])
	//	["TABLE","SELECTION<OBJECT>","STREAM","PTYPE<TIME>","NUMBER"]
	register(reql.TermTypeOf, spec{min: 1, max: 1, datum: evalTypeOf, notGrouped: true})

	// value.coerceTo(type) → value
	//
	// A value as another type, named in any case:
	//
	// - "array" of a sequence, or of an object as pairs of name and value
	// - "object" of a sequence of pairs
	// - "string" of a number, bool, null, array or object, as JSON, and of binary data in UTF-8
	// - "number" of a string
	// - "bool" of anything: false for false and null
	// - "binary" of a string
	//
	// Errors:
	// - QueryLogic: Could not coerce `…` to NUMBER.
	// - QueryLogic: Cannot coerce … to ….
	// - QueryLogic: Unknown Type: …
	//
	//	> r.expr("1.5").coerceTo("number")
	//	1.5
	//	> r.expr({a: 1, b: 2}).coerceTo("array")
	//	[["a",1],["b",2]]
	//	> r.expr([["a", 1]]).coerceTo("object")
	//	{"a":1}
	register(reql.TermCoerceTo, spec{min: 2, max: 2, val: evalCoerceTo, compile: compileCoerceTo})

	// r.binary(data) → binary
	//
	// Binary data. Drivers send it as bytes; a string given to the server counts as its bytes in UTF-8.
	//
	//	> r.binary(r.expr("hi"))
	//	{"$reql_type$":"BINARY","data":"aGk="}
	//	> r.binary(r.expr("hi")).count()
	//	2
	register(reql.TermBinary, spec{min: 1, max: 1, datum: evalBinary, pure: true})
}

func evalTypeOf(c call) (datum.Value, error) {
	v, err := c.val(0)
	if err != nil {
		return datum.Value{}, err
	}
	return datum.String(v.typeName()), nil
}

func evalBinary(c call) (datum.Value, error) {
	d, err := c.datum(0)
	if err != nil || d.Kind() == datum.KindBinary {
		return d, err
	}
	if err := typed(d, datum.KindString, "STRING"); err != nil {
		return d, err
	}
	return datum.Binary([]byte(d.AsString())), nil
}

// coerceType is a type as coerce_to knows it. Pseudo-types but for binary data are objects.
type coerceType string

// The types that a value of some kind is to begin with. Those of values that are no data, and DATUM and STREAM, do not
// change a value that converts to them.
const (
	typeDatum     coerceType = "DATUM"
	typeStream    coerceType = "STREAM"
	typeArray     coerceType = "ARRAY"
	typeBinary    coerceType = "BINARY"
	typeBool      coerceType = "BOOL"
	typeNull      coerceType = "NULL"
	typeNumber    coerceType = "NUMBER"
	typeObject    coerceType = "OBJECT"
	typeString    coerceType = "STRING"
	typeMinVal    coerceType = "MINVAL"
	typeMaxVal    coerceType = "MAXVAL"
	typeSelection coerceType = "SELECTION<STREAM>"
)

// kindTypes gives the type of each kind of value.
var kindTypes = [...]coerceType{
	kindDatum: typeDatum, kindDB: "DB", kindTable: "TABLE", kindTableSlice: "TABLE_SLICE", kindSelection: typeSelection,
	kindSingleSelection: "SELECTION<OBJECT>", kindSequence: typeStream, kindFunction: "FUNCTION", kindGroupedData: "GROUPED_DATA",
}

// datumTypes are the types of data.
var datumTypes = []coerceType{typeArray, typeBinary, typeBool, typeNull, typeNumber, typeObject, typeString, typeMinVal, typeMaxVal}

// converts gives the kinds that a value of a kind counts as beside its own.
var converts = [...][]kind{
	kindTable:           {kindTableSlice, kindSelection, kindSequence},
	kindTableSlice:      {kindSelection, kindSequence},
	kindSelection:       {kindSequence},
	kindSingleSelection: {kindDatum},
	kindDatum:           {kindSequence},
	kindGroupedData:     nil,
}

func datumType(d datum.Value) coerceType {
	switch d.Kind() {
	case datum.KindArray:
		return typeArray
	case datum.KindBinary:
		return typeBinary
	case datum.KindBool:
		return typeBool
	case datum.KindNull:
		return typeNull
	case datum.KindNumber:
		return typeNumber
	case datum.KindString:
		return typeString
	case datum.KindMinVal:
		return typeMinVal
	case datum.KindMaxVal:
		return typeMaxVal
	}
	return typeObject
}

// compileCoerceTo keeps a type that is known in n.data, and makes the query a slow one unless that type is plainly not made
// from a sequence.
func compileCoerceTo(b *builder, n *opNode) error {
	if len(n.args) == 2 && !n.splices {
		if name, ok := n.constant(1); ok && name.Kind() == datum.KindString {
			to := coerceType(upcase(name.AsString()))
			n.data = to
			switch to {
			case typeString, typeNumber, typeBool, typeBinary:
				return nil
			}
		}
	}
	b.slow = true
	return nil
}

func evalCoerceTo(c call) (val, error) {
	v, err := c.val(0)
	if err != nil {
		return val{}, err
	}
	k := v.kind()
	from := kindTypes[k]
	var d datum.Value
	if v.isDatum() {
		if d, err = v.datum(c.fr); err != nil {
			return val{}, err
		}
		from = datumType(d)
	}
	to, ok := c.n.data.(coerceType)
	if !ok {
		name, err := c.str(1)
		if err != nil {
			return val{}, err
		}
		to = coerceType(upcase(name))
	}
	toKind := kind(slices.Index(kindTypes[:], to)) //nolint:gosec // -1 is no kind
	switch {
	case slices.Contains(datumTypes, to):
		if from == to {
			return v, nil
		}
	case slices.Contains(kindTypes[:], to):
		if k == toKind || slices.Contains(converts[k], toKind) {
			return v, nil
		}
	case to == "SELECTION<ARRAY>":
	default:
		return val{}, c.logic("Unknown Type: %s", to)
	}
	if to == typeBool {
		return c.ret(datum.Bool(from != typeNull)), nil
	}
	if v.isDatum() {
		if out, ok, err := coerceDatum(c.fr, d, from, to); ok || err != nil {
			return c.ret(out), err
		}
	}
	if v.isSeq() && (v.x != nil || from == typeArray) && (to == typeArray || to == typeDatum || to == typeObject) {
		s, err := v.seq(c.fr)
		if err != nil {
			return val{}, c.logic("Cannot coerce %s to %s (failed to produce intermediate stream).", from, to)
		}
		out, err := coerceSeq(c.fr, s, to)
		return c.ret(out), err
	}
	return val{}, failAt(v.at, v.errorClass(), "Cannot coerce %s to %s.", from, to)
}

// coerceDatum converts between types of data; ok is false where there is no conversion.
func coerceDatum(fr *frame, d datum.Value, from, to coerceType) (out datum.Value, ok bool, err error) {
	switch {
	case to == typeString:
		out, err = coerceToString(d)
	case from == typeString && to == typeBinary:
		out = datum.Binary([]byte(d.AsString()))
	case from == typeString && to == typeNumber:
		out, err = coerceToNumber(d.AsString())
	case from == typeObject && to == typeArray:
		out, err = coerceToPairs(fr, d)
	default:
		return out, false, nil
	}
	return out, true, err
}

// coerceToString gives a string as it is, binary data as the string with its bytes, and all else as JSON.
func coerceToString(d datum.Value) (datum.Value, error) {
	switch d.Kind() {
	case datum.KindString:
		return d, nil
	case datum.KindBinary:
		s := string(d.AsBinary())
		return datum.String(s), datum.CheckUTF8(s)
	}
	return jsonText(d)
}

// coerceToNumber reads a number in any form that C's strtod takes, after white space but with nothing behind it.
func coerceToNumber(s string) (datum.Value, error) {
	text, _, _ := strings.Cut(s, "\x00")
	digits := strings.TrimLeft(text, " \t\n\v\f\r")
	unsigned := strings.TrimLeft(digits, "+-")
	if len(unsigned) > 1 && (unsigned[:2] == "0x" || unsigned[:2] == "0X") && !strings.ContainsAny(unsigned, "pP") {
		digits += "p0" // which Go insists on
	}
	f, err := strconv.ParseFloat(digits, 64)
	if strings.Contains(digits, "_") || err != nil && err.(*strconv.NumError).Err != strconv.ErrRange { //nolint:errorlint,forcetypeassert // documented
		return datum.Value{}, reql.Errorf(reql.QueryLogic, "Could not coerce `%s` to NUMBER.", text)
	}
	return datum.NewNumber(f)
}

// coerceToPairs gives the fields of an object as arrays of name and value.
func coerceToPairs(fr *frame, d datum.Value) (datum.Value, error) {
	d = datum.RawObject(d.Own()) // of which the names are slices
	if err := fr.checkArray(max(d.Len(), 2)); err != nil {
		return d, err
	}
	pairs := make([]datum.Value, d.Len())
	for i := range pairs {
		key, value := d.FieldAt(i)
		pairs[i] = datum.Array([]datum.Value{datum.String(key), value})
	}
	return datum.Array(pairs), nil
}

// coerceSeq reads a sequence to its end into an array, or into an object when it consists of pairs.
func coerceSeq(fr *frame, s *seq, to coerceType) (datum.Value, error) {
	if to != typeObject {
		return s.array(fr)
	}
	if err := s.noInfinite(); err != nil {
		s.close()
		return datum.Value{}, err
	}
	var b datum.ObjectBuilder
	err := s.each(fr, func(pair datum.Value) (bool, error) {
		if err := typed(pair, datum.KindArray, "ARRAY"); err != nil {
			return false, err
		}
		if pair.Len() != 2 {
			return false, reql.Errorf(reql.QueryLogic, "Expected array of size 2, but got size %d.", pair.Len())
		}
		key, value := pair.At(0), pair.At(1)
		if err := typed(key, datum.KindString, "STRING"); err != nil {
			return false, err
		}
		if name := key.AsString(); b.Add(name, value) {
			old, _ := b.Get(name)
			return false, reql.Errorf(reql.QueryLogic, "Duplicate key %s in coerced object.  (got %s and %s as values)",
				key.Print(), old.PrintTrunc(), value.PrintTrunc())
		}
		return true, nil
	})
	return b.Value(), err
}
