package geo

import (
	"fmt"

	"rethinkdb/internal/datum"
)

func errorf(format string, args ...any) error {
	return &datum.Error{Class: datum.Logic, Msg: fmt.Sprintf(format, args...)}
}

// field returns a field of a geometry, or of what passes for one.
func field(v datum.Value, key string) (datum.Value, error) {
	if !v.IsObject() && v.Kind() != datum.KindTime {
		return datum.Value{}, datum.ExpectedType(datum.KindObject, v)
	}
	f, ok := v.Get(key)
	if !ok {
		return datum.Value{}, &datum.Error{Class: datum.NonExistence, Msg: "No attribute `" + key + "` in object:\n" + v.Print()}
	}
	return f, nil
}

func number(v datum.Value) (float64, error) {
	if v.Kind() != datum.KindNumber {
		return 0, datum.ExpectedType(datum.KindNumber, v)
	}
	return v.AsNumber(), nil
}

func checkArray(v datum.Value) error {
	if v.Kind() != datum.KindArray {
		return datum.ExpectedType(datum.KindArray, v)
	}
	return nil
}

// typeOf returns the field type of a geometry.
func typeOf(g datum.Value) (string, error) {
	t, err := field(g, "type")
	if err != nil {
		return "", err
	}
	if t.Kind() != datum.KindString {
		return "", datum.ExpectedType(datum.KindString, t)
	}
	return t.AsString(), nil
}

// coordinatesOf returns the coordinates of a geometry that must be of type want.
func coordinatesOf(g datum.Value, want string) (datum.Value, error) {
	t, err := typeOf(g)
	if err != nil {
		return datum.Value{}, err
	}
	if t != want {
		return datum.Value{}, errorf("Expected geometry of type `%s` but found `%s`.", want, t)
	}
	return field(g, "coordinates")
}

// HasType tells whether g says of what type it is.
func HasType(g datum.Value) bool {
	_, err := typeOf(g)
	return err == nil
}

// CheckType returns the error of a geometry that is not of type want.
func CheckType(g datum.Value, want string) error {
	_, err := coordinatesOf(g, want)
	return err
}
