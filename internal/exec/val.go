package exec

import (
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// val is what a term evaluates to. Exactly one of these holds:
//
//	x == nil              a datum, in d
//	*dbVal                a database
//	*tableVal             a table
//	*sliceVal             a table slice: between or an indexed order_by
//	*selectionVal         rows of one table, which writes accept
//	*singleVal            one row of a table, which writes accept
//	*seq                  a sequence
//	*function             a function
//	*grouped              grouped data
//
// at is the term that made the value: a conversion that fails is blamed on it.
type val struct {
	d  datum.Value
	x  any
	at *reql.Term
}

// kind is the type of a val as error texts name it.
type kind uint8

const (
	kindDatum kind = iota
	kindDB
	kindTable
	kindTableSlice
	kindSelection
	kindSingleSelection
	kindSequence
	kindFunction
	kindGroupedData
)

var kindNames = [...]string{"DATUM", "DATABASE", "TABLE", "TABLE_SLICE", "SELECTION", "SINGLE_SELECTION", "SEQUENCE", "FUNCTION", "GROUPED_DATA"}

func (k kind) String() string { return kindNames[k] }

func (v val) kind() kind {
	switch v.x.(type) {
	case nil:
		return kindDatum
	case *dbVal:
		return kindDB
	case *tableVal:
		return kindTable
	case *sliceVal:
		return kindTableSlice
	case *selectionVal:
		return kindSelection
	case *singleVal:
		return kindSingleSelection
	case *seq:
		return kindSequence
	case *function:
		return kindFunction
	default:
		return kindGroupedData
	}
}

// isDatum tells whether v converts to a datum: it is one, or a single row.
func (v val) isDatum() bool {
	if v.x == nil {
		return true
	}
	_, ok := v.x.(*singleVal)
	return ok
}

// isSeq tells whether v converts to a sequence (any datum is taken for one, though only arrays turn out to be).
func (v val) isSeq() bool {
	switch v.x.(type) {
	case nil, *tableVal, *sliceVal, *selectionVal, *seq:
		return true
	}
	return false
}

// errorClass is the class of a type error about v: a null may be caught by default, anything else not.
func (v val) errorClass() reql.ErrorClass {
	d := v.d
	if s, ok := v.x.(*singleVal); ok {
		d = s.row // which has been read for the text of the error
	}
	if d.Kind() == datum.KindNull {
		return reql.NonExistence
	}
	return reql.QueryLogic
}

// wrongKind is the error for a value of a kind that does not convert to want.
func (v val) wrongKind(fr *frame, want kind) error {
	p, err := v.print(fr)
	if err != nil {
		return err
	}
	e := reql.Errorf(v.errorClass(), "Expected type %s but found %s:\n%s", want, v.kind(), p)
	e.Term = v.at
	return e
}

// print gives the text of v for error messages.
func (v val) print(fr *frame) (string, error) {
	switch x := v.x.(type) {
	case nil:
		return v.d.Print(), printable(v.d)
	case *singleVal:
		d, err := x.get(fr)
		if err != nil {
			return "", err
		}
		return d.Print(), nil
	case *dbVal:
		return `db("` + x.name + `")`, nil
	case *tableVal:
		return `table("` + x.name + `")`, nil
	case *sliceVal:
		return "SELECTION ON table(" + x.table.name + ")", nil
	case *selectionVal:
		return "SELECTION ON table(" + x.table.name + ")", nil
	}
	return "VALUE " + v.kind().String(), nil
}

// printable is the error for what the texts of errors cannot show: r.minval and r.maxval, for they are no JSON.
func printable(d datum.Value) error {
	if !d.Light(heavyBytes) { // whose text is cut anyway
		return d.LimitError()
	}
	_, err := datum.AppendJSON(nil, d)
	return err
}

// printTrunc is print cut to 300 bytes.
func (v val) printTrunc(fr *frame) (string, error) {
	if v.x == nil {
		return v.d.PrintTrunc(), printable(v.d)
	}
	s, err := v.print(fr)
	if err == nil && len(s) > 300 {
		s = strings.ToValidUTF8(s[:297], "") + "..."
	}
	return s, err
}

// datum converts v to a datum.
func (v val) datum(fr *frame) (datum.Value, error) {
	if v.x == nil {
		return v.d, nil
	}
	if s, ok := v.x.(*singleVal); ok {
		return s.get(fr)
	}
	return datum.Value{}, v.wrongKind(fr, kindDatum)
}

// seq converts v to a sequence.
func (v val) seq(fr *frame) (*seq, error) {
	switch x := v.x.(type) {
	case nil:
		if v.d.Kind() == datum.KindArray {
			s := arraySeq(v.d)
			s.at = v.at
			return s, nil
		}
		return nil, reql.Errorf(v.errorClass(), "Cannot convert %s to SEQUENCE", v.d.TypeName())
	case *seq:
		return x, nil
	case *selectionVal:
		return x.seq, nil
	case *sliceVal:
		return x.seq(fr, v.at)
	case *tableVal:
		return x.slice().seq(fr, v.at)
	}
	return nil, v.wrongKind(fr, kindSequence)
}

// selection converts v to a selection.
func (v val) selection(fr *frame) (*selectionVal, error) {
	switch x := v.x.(type) {
	case *selectionVal:
		return x, nil
	case *sliceVal:
		s, err := x.seq(fr, v.at)
		return &selectionVal{table: x.table, seq: s}, err
	case *tableVal:
		s, err := x.slice().seq(fr, v.at)
		return &selectionVal{table: x, seq: s}, err
	}
	return nil, v.wrongKind(fr, kindSelection)
}

// slice converts v to a table slice.
func (v val) slice(fr *frame) (*sliceVal, error) {
	switch x := v.x.(type) {
	case *sliceVal:
		return x, nil
	case *tableVal:
		return x.slice(), nil
	}
	return nil, v.wrongKind(fr, kindTableSlice)
}

func as[T any](v val, fr *frame, want kind) (T, error) {
	x, ok := v.x.(T)
	if !ok {
		return x, v.wrongKind(fr, want)
	}
	return x, nil
}

func (v val) table(fr *frame) (*tableVal, error)      { return as[*tableVal](v, fr, kindTable) }
func (v val) db(fr *frame) (*dbVal, error)            { return as[*dbVal](v, fr, kindDB) }
func (v val) groupedData(fr *frame) (*grouped, error) { return as[*grouped](v, fr, kindGroupedData) }

// typeName is what type_of says of v.
func (v val) typeName() string {
	switch x := v.x.(type) {
	case nil:
		return v.d.TypeName()
	case *dbVal:
		return "DB"
	case *tableVal:
		return "TABLE"
	case *sliceVal:
		return "TABLE_SLICE"
	case *selectionVal:
		if x.seq.isArray {
			return "SELECTION<ARRAY>"
		}
		return "SELECTION<STREAM>"
	case *singleVal:
		return "SELECTION<OBJECT>"
	case *seq:
		if x.group != nil {
			return "GROUPED_STREAM"
		}
		return "STREAM"
	case *function:
		return "FUNCTION"
	}
	return "GROUPED_DATA"
}

// typed checks that a datum has a type, with the error of arithmetic and the like.
func typed(v datum.Value, k datum.Kind, name string) error {
	if v.Kind() == k {
		return nil
	}
	return typeError(v, name)
}

func typeError(v datum.Value, want string) error {
	class := reql.QueryLogic
	if v.Kind() == datum.KindNull {
		class = reql.NonExistence
	}
	return reql.Errorf(class, "Expected type %s but found %s.", want, v.TypeName())
}
