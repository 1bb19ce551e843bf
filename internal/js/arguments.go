package js

import (
	"rethinkdb/internal/datum"
)

// appendArguments appends a call with arguments. Times become Dates; some values have no counterpart.
func appendArguments(dst []byte, args []datum.Value) ([]byte, error) {
	if len(args) == 1 && args[0].Kind() == datum.KindNumber {
		return AppendNumber(dst, FormNumber, args[0].AsNumber()), nil
	}
	start := len(dst)
	dst = AppendItem(dst, FormJSON, "")
	text := len(dst)
	dst = append(dst, '[')
	for i, a := range args {
		times, err := check(a)
		if err != nil {
			return nil, err
		}
		if times {
			dst[start] = FormTimes
		}
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = datum.AppendJSON(dst, a); err != nil {
			return nil, err
		}
	}
	dst = append(dst, ']')
	putLength(dst[start+1:], len(dst)-text)
	return dst, nil
}

// check tells whether there are times in v, or which value in it JavaScript does not have. Its depth is that of a datum.
func check(v datum.Value) (times bool, err error) {
	switch v.Kind() {
	case datum.KindMinVal:
		return false, &Error{"`r.minval` cannot be passed to `r.js`."}
	case datum.KindMaxVal:
		return false, &Error{"`r.maxval` cannot be passed to `r.js`."}
	case datum.KindBinary:
		return false, &Error{"`r.binary` data cannot be used in `r.js`."}
	case datum.KindTime:
		return true, nil
	case datum.KindArray:
		for i := range v.Len() {
			t, err := check(v.At(i))
			if err != nil {
				return false, err
			}
			times = times || t
		}
	case datum.KindObject:
		for i := range v.Len() {
			_, f := v.FieldAt(i)
			t, err := check(f)
			if err != nil {
				return false, err
			}
			times = times || t
		}
	}
	return times, nil
}
