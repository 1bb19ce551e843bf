package datum

import (
	"bytes"
	"strings"
	"testing"
)

func TestPseudoTypeErrors(t *testing.T) {
	for in, want := range map[string]string{
		`{"$reql_type$":5}`:      "Error: Field `$reql_type$` must be a string (got `5` of type NUMBER):\n{\n\t\"$reql_type$\":\t5\n}",
		`{"$reql_type$":null}`:   "Error: Field `$reql_type$` must be a string (got `null` of type NULL):\n{\n\t\"$reql_type$\":\tnull\n}",
		`{"$reql_type$":"TIME"}`: "Invalid time object constructed (no field `epoch_time`):\n{\n\t\"$reql_type$\":\t\"TIME\"\n}",
		`{"$reql_type$":"TIME","epoch_time":1}`: "Invalid time object constructed (no field `timezone`):\n{\n\t\"$reql_type$\":" +
			"\t\"TIME\",\n\t\"epoch_time\":\t1\n}",
		`{"$reql_type$":"TIME","epoch_time":"1","timezone":"+00:00"}`: "Invalid time object constructed (field `epoch_time` " +
			"must be a number (got `\"1\"` of type STRING)):\n{\n\t\"$reql_type$\":\t\"TIME\",\n\t\"epoch_time\":\t\"1\",\n\t\"timezone\":\t\"+00:00\"\n}",
		`{"$reql_type$":"TIME","epoch_time":1,"timezone":"-25:00"}`: "Invalid time object constructed (invalid timezone string " +
			"`\"-25:00\"`):\n{\n\t\"$reql_type$\":\t\"TIME\",\n\t\"epoch_time\":\t1,\n\t\"timezone\":\t\"-25:00\"\n}",
		`{"$reql_type$":"TIME","epoch_time":1,"timezone":"+00:00","x":1}`: "Invalid time object constructed (unrecognized field " +
			"`x`):\n{\n\t\"$reql_type$\":\t\"TIME\",\n\t\"epoch_time\":\t1,\n\t\"timezone\":\t\"+00:00\",\n\t\"x\":\t1\n}",
		`{"$reql_type$":"BINARY"}`:                                       "Invalid binary pseudotype: lacking `data` key.",
		`{"$reql_type$":"BINARY","data":"","x":1}`:                       "Invalid binary pseudotype: illegal `x` key.",
		`{"$reql_type$":"BINARY","data":5}`:                              "Expected type STRING but found NUMBER.",
		`{"$reql_type$":"BINARY","data":"a*=="}`:                         "Invalid base64 character found: '*'.",
		`{"$reql_type$":"BINARY","data":"A"}`:                            "Invalid base64 length: 1 character remaining, cannot decode a full byte.",
		`{"$reql_type$":"BINARY","data":"AA=A"}`:                         "Invalid base64 format, data found after padding character '='.",
		`{"$reql_type$":"GEOMETRY"}`:                                     "Field `type` not found in geometry object.",
		`{"$reql_type$":"GEOMETRY","type":"Point"}`:                      "Field `coordinates` not found in geometry object.",
		`{"$reql_type$":"GEOMETRY","type":1,"coordinates":[]}`:           "Expected type STRING but found NUMBER.",
		`{"$reql_type$":"GEOMETRY","type":"Point","coordinates":1}`:      "Expected type ARRAY but found NUMBER.",
		`{"$reql_type$":"GEOMETRY","type":"P","coordinates":[],"bad":1}`: "Unrecognized field `bad` found in geometry object.",
		`{"$reql_type$":"LITERAL","x":1}`:                                "Invalid literal term with illegal key `x`.",
		`{"$reql_type$":"BOGUS"}`:                                        "Unknown $reql_type$ `PTYPE<BOGUS>`.",
	} {
		if _, err := ParseJSON([]byte(in)); errorText(err) != want {
			t.Errorf("%s gave\n%q, want\n%q", in, errorText(err), want)
		}
	}
}

func TestTimezones(t *testing.T) {
	for in, want := range map[string]string{
		"Z": "+00:00", "+00:00": "+00:00", "-07:00": "-07:00", "+0530": "+05:30", "-03": "-03:00", "+24:59": "+24:59",
		"-00:30": "-00:30",
	} {
		minutes, err := ParseTimezone(in)
		if err != nil || FormatTimezone(minutes) != want {
			t.Errorf("ParseTimezone(%s) = %d (%s), %v; want %s", in, minutes, FormatTimezone(minutes), err, want)
		}
	}
	for in, want := range map[string]string{
		"-00": "`-00` is not a valid time offset.", "-00:00": "`-00:00` is not a valid time offset.",
		"":        "Timezone `` does not start with `-` or `+`.",
		"0700":    "Timezone `0700` does not start with `-` or `+`.",
		"+0x":     "Invalid date string `+0x` (got `x` but expected a digit).",
		"+25:00":  "Hours out of range in `+25:00`.",
		"+01:60":  "Minutes out of range in `+01:60`.",
		"+01:00x": "Garbage characters `x` at end of timezone string `+01:00x`.",
		"+1": "Invalid time zone string `+1`. Valid time zones are `+hh:mm`, `-hh:mm`, `+hhmm`, `-hhmm`, `+hh`, `-hh` " +
			"and `Z`.",
	} {
		if _, err := ParseTimezone(in); errorText(err) != want {
			t.Errorf("ParseTimezone(%s) gave %q, want %q", in, errorText(err), want)
		}
	}
}

func TestTimesAreRoundedToMilliseconds(t *testing.T) {
	for in, want := range map[float64]float64{1.0004: 1, 1.0005: 1.001, -1.0005: -1.001, 1375147296.68149: 1375147296.681} {
		if got, _ := Time(in, 0).TimeParts(); got != want {
			t.Errorf("%v became %v, want %v", in, got, want)
		}
	}
}

func TestBase64Lines(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 56, 57, 58, 114, 115, 1000} {
		v := Binary(bytes.Repeat([]byte{0xFB}, n))
		raw, _ := RawObject(v).Get("data")
		lines := strings.Split(raw.AsString(), "\r\n")
		for i, l := range lines {
			if i < len(lines)-1 && len(l) != 76 || len(l) > 76 || len(l) == 0 && n > 0 {
				t.Errorf("%d bytes: line %d has %d characters", n, i, len(l))
			}
		}
		if got := parse(t, v.PrintCompact()); !Equal(got, v) {
			t.Errorf("%d bytes: got %s", n, got.Print())
		}
	}
}

func TestBase64IsReadLeniently(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Zm9v": "foo", "Zg": "f", "Zg=": "f", "Zg==": "f", "Zg====": "f", "Z h\r\n==\t": "f", "Zm8": "fo", "=": "", "Zm9vYg": "foob",
	} {
		got, err := decodeBase64(in)
		if err != nil || string(got) != want {
			t.Errorf("decodeBase64(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}
