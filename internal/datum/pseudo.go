package datum

import (
	"math"
	"strings"
)

// Keys and names of pseudo-types.
const (
	typeKey     = "$reql_type$"
	epochKey    = "epoch_time"
	timezoneKey = "timezone"
	dataKey     = "data"
	valueKey    = "value"

	timeType     = "TIME"
	binaryType   = "BINARY"
	geometryType = "GEOMETRY"
	literalType  = "LITERAL"
)

// FromPseudo turns an object that has a $reql_type$ into the time, binary, geometry or literal that it stands for,
// after checking it; any other value is returned as it is.
func FromPseudo(v Value) (Value, error) {
	if v.kind() != KindObject && v.kind() != KindGeometry {
		return v, nil
	}
	t, ok := v.Get(typeKey)
	if !ok {
		v.setKind(KindObject)
		return v, nil
	}
	if t.kind() != KindString {
		return Value{}, errorf(Logic, "Error: Field `%s` must be a string (got `%s` of type %s):\n%s",
			typeKey, t.PrintTrunc(), t.TypeName(), v.PrintTrunc())
	}
	switch t.str() {
	case timeType:
		return timeFromObject(v)
	case binaryType:
		return binaryFromObject(v)
	case geometryType:
		return geometryFromObject(v)
	case literalType:
		return literalFromObject(v)
	}
	return Value{}, errorf(Logic, "Unknown $reql_type$ `PTYPE<%s>`.", t.str())
}

// RawObject returns a time or binary as the object with a $reql_type$ that a driver sends and gets, and a geometry
// as an object of kind OBJECT; any other value is returned as it is.
func RawObject(v Value) Value {
	switch v.kind() {
	case KindTime:
		return sortedObject([]Field{
			{typeKey, String(timeType)},
			{epochKey, Number(v.float())},
			{timezoneKey, String(FormatTimezone(v.zone()))},
		})
	case KindBinary:
		return sortedObject([]Field{
			{typeKey, String(binaryType)},
			{dataKey, String(string(appendBase64(nil, v.bytes(), "\r\n")))},
		})
	case KindGeometry:
		v.setKind(KindObject)
	}
	return v
}

func (v Value) timeField(key string) (Value, bool) {
	switch key {
	case typeKey:
		return String(timeType), true
	case epochKey:
		return Number(v.float()), true
	case timezoneKey:
		return String(FormatTimezone(v.zone())), true
	}
	return Value{}, false
}

func timeFromObject(v Value) (Value, error) {
	var (
		msg            string
		epoch          float64
		zone           int
		hasEpoch, hasZ bool
	)
fields:
	for i := range v.Len() {
		switch key, f := v.FieldAt(i); key {
		case typeKey:
		case epochKey:
			if f.kind() != KindNumber {
				msg = "field `epoch_time` must be a number (got `" + f.PrintTrunc() + "` of type " + f.TypeName() + ")"
				break fields
			}
			epoch, hasEpoch = f.float(), true
		case timezoneKey:
			if f.kind() != KindString {
				msg = "field `timezone` must be a string (got `" + f.PrintTrunc() + "` of type " + f.TypeName() + ")"
				break fields
			}
			var err error
			if zone, err = ParseTimezone(f.str()); err != nil {
				msg = "invalid timezone string `" + f.PrintTrunc() + "`"
				break fields
			}
			hasZ = true
		default:
			msg = "unrecognized field `" + key + "`"
			break fields
		}
	}
	switch {
	case msg != "":
	case !hasEpoch:
		msg = "no field `epoch_time`"
	case !hasZ:
		msg = "no field `timezone`"
	default:
		return Time(epoch, zone), nil
	}
	return Value{}, errorf(Logic, "Invalid time object constructed (%s):\n%s", msg, v.PrintTrunc())
}

func binaryFromObject(v Value) (Value, error) {
	var data []byte
	hasData := false
	for i := range v.Len() {
		switch key, f := v.FieldAt(i); key {
		case typeKey:
		case dataKey:
			if f.kind() != KindString {
				return Value{}, ExpectedType(KindString, f)
			}
			var err error
			if data, err = decodeBase64(f.str()); err != nil {
				return Value{}, err
			}
			hasData = true
		default:
			return Value{}, errorf(Logic, "Invalid binary pseudotype: illegal `%s` key.", key)
		}
	}
	if !hasData {
		return Value{}, errorf(Logic, "Invalid binary pseudotype: lacking `data` key.")
	}
	return Binary(data), nil
}

// geometryFromObject checks the form only; the terms that use a geometry check what it means.
func geometryFromObject(v Value) (Value, error) {
	hasType, hasCoordinates := false, false
	for i := range v.Len() {
		switch key, f := v.FieldAt(i); key {
		case "coordinates":
			if f.kind() != KindArray {
				return Value{}, ExpectedType(KindArray, f)
			}
			hasCoordinates = true
		case "type":
			if f.kind() != KindString {
				return Value{}, ExpectedType(KindString, f)
			}
			hasType = true
		case "crs", typeKey:
		default:
			return Value{}, typeError(f, "Unrecognized field `%s` found in geometry object.", key)
		}
	}
	switch {
	case !hasType:
		return Value{}, errorf(NonExistence, "Field `type` not found in geometry object.")
	case !hasCoordinates:
		return Value{}, errorf(NonExistence, "Field `coordinates` not found in geometry object.")
	}
	v.setKind(KindGeometry)
	return v, nil
}

func literalFromObject(v Value) (Value, error) {
	for i := range v.Len() {
		if key, _ := v.FieldAt(i); key != typeKey && key != valueKey {
			return Value{}, errorf(Logic, "Invalid literal term with illegal key `%s`.", key)
		}
	}
	v.set(flagLiteral | flagHasLiteral)
	return v, nil
}

// StrayLiteral is the error of a literal where none may be.
func StrayLiteral() error {
	return errorf(Logic, "Stray literal keyword found: literal is only legal inside of the object passed to merge "+
		"or update and cannot nest inside other literals.")
}

// roundMillis rounds as C's round does: halves away from zero.
func roundMillis(epoch float64) float64 { return math.Round(epoch*1000) / 1000 }

// maxZoneMinutes is the largest offset that has two digits for the hours. The reference takes +99, though not +99:00.
const maxZoneMinutes = 99*60 + 59

// ParseTimezone returns the minutes east of UTC that an ISO 8601 offset such as +02:00, -0530, +01 or Z says.
func ParseTimezone(s string) (minutes int, err error) {
	switch s {
	case "-00", "-00:00":
		return 0, errorf(Logic, "`%s` is not a valid time offset.", s)
	case "Z":
		return 0, nil
	}
	if s == "" || s[0] != '+' && s[0] != '-' {
		return 0, errorf(Logic, "Timezone `%s` does not start with `-` or `+`.", s)
	}
	rest := s[1:]
	hours, rest, err := timezoneDigits(s, rest)
	if err != nil {
		return 0, err
	}
	mins := 0
	if rest != "" { // an offset of hours alone is not checked for its range, as in the reference
		mins, rest, err = timezoneDigits(s, strings.TrimPrefix(rest, ":"))
		switch {
		case err != nil:
			return 0, err
		case rest != "":
			return 0, errorf(Logic, "Garbage characters `%s` at end of timezone string `%s`.", rest, s)
		case hours > 24:
			return 0, errorf(Logic, "Hours out of range in `%s`.", s)
		case mins > 59:
			return 0, errorf(Logic, "Minutes out of range in `%s`.", s)
		}
	}
	minutes = hours*60 + mins
	if s[0] == '-' {
		minutes = -minutes
	}
	return minutes, nil
}

// timezoneDigits reads two digits from rest, which is the end of s.
func timezoneDigits(s, rest string) (n int, after string, err error) {
	for i := range 2 {
		if i >= len(rest) {
			return 0, "", errorf(Logic, "Invalid time zone string `%s`. Valid time zones are `+hh:mm`, `-hh:mm`, "+
				"`+hhmm`, `-hhmm`, `+hh`, `-hh` and `Z`.", s)
		}
		c := rest[i]
		if c < '0' || c > '9' {
			return 0, "", errorf(Logic, "Invalid date string `%s` (got `%s` but expected a digit).", s, rest[i:i+1])
		}
		n = n*10 + int(c-'0')
	}
	return n, rest[2:], nil
}

// FormatTimezone returns an offset as +hh:mm.
func FormatTimezone(minutes int) string {
	var buf [6]byte
	return string(appendTimezone(buf[:0], minutes))
}

func appendTimezone(dst []byte, minutes int) []byte {
	sign := byte('+')
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	h, m := minutes/60, minutes%60
	return append(dst, sign, byte('0'+h/10), byte('0'+h%10), ':', byte('0'+m/10), byte('0'+m%10))
}
