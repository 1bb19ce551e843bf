package reql

import (
	"strconv"

	"rethinkdb/internal/datum"
)

// AppendWire appends a term as drivers write it, in JSON. replace, unless it is nil, may give the value that a term is written as
// instead.
func (t *Term) AppendWire(dst []byte, replace func(t *Term) (datum.Value, bool)) ([]byte, error) {
	if replace != nil {
		if v, ok := replace(t); ok {
			return AppendLiteral(dst, v)
		}
	}
	switch t.Type {
	case TermDatum:
		return AppendLiteral(dst, t.Datum)
	case TermMakeObj:
		return t.appendOptArgs(dst, replace)
	}
	dst = strconv.AppendInt(append(dst, '['), int64(t.Type), 10)
	dst = append(dst, ',', '[')
	for i, a := range t.Args {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = a.AppendWire(dst, replace); err != nil {
			return dst, err
		}
	}
	dst = append(dst, ']')
	if len(t.OptArgs) > 0 {
		var err error
		if dst, err = t.appendOptArgs(append(dst, ','), replace); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

func (t *Term) appendOptArgs(dst []byte, replace func(t *Term) (datum.Value, bool)) ([]byte, error) {
	dst = append(dst, '{')
	for i, o := range t.OptArgs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, o.Name), ':')
		var err error
		if dst, err = o.Term.AppendWire(dst, replace); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// AppendLiteral appends a value as drivers write it: arrays are terms.
func AppendLiteral(dst []byte, v datum.Value) ([]byte, error) {
	switch v.Kind() {
	case datum.KindMinVal:
		return appendBare(dst, TermMinVal), nil
	case datum.KindMaxVal:
		return appendBare(dst, TermMaxVal), nil
	}
	start := len(dst)
	dst, err := datum.AppendJSON(dst, v)
	if err != nil {
		return dst, err
	}
	return makeArrays(dst, start), nil
}

func appendBare(dst []byte, t TermType) []byte {
	return append(strconv.AppendInt(append(dst, '['), int64(t), 10), ',', '[', ']', ']')
}

// makeArrays turns the arrays of the JSON in dst[start:] into terms.
func makeArrays(dst []byte, start int) []byte {
	arrays := 0
	eachOutside(dst[start:], func(c byte) {
		if c == '[' {
			arrays++
		}
	})
	if arrays == 0 {
		return dst
	}
	json := append([]byte(nil), dst[start:]...)
	open := append(strconv.AppendInt([]byte{'['}, int64(TermMakeArray), 10), ',')
	dst = dst[:start]
	inString := false
	for i := 0; i < len(json); i++ {
		c := json[i]
		switch {
		case inString && c == '\\':
			dst = append(dst, c)
			i++
			c = json[i]
		case c == '"':
			inString = !inString
		case !inString && c == '[':
			dst = append(dst, open...)
		case !inString && c == ']':
			dst = append(dst, c)
		}
		dst = append(dst, c)
	}
	return dst
}

// eachOutside calls f for each byte of JSON that is in no string.
func eachOutside(json []byte, f func(c byte)) {
	inString := false
	for i := 0; i < len(json); i++ {
		switch c := json[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString:
			f(c)
		}
	}
}
