package exec

import (
	"fmt"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// The original does its calendar with a library that knows the years 1400 to 9999 and offsets from UTC of -12 to +14
// hours. Times outside of them exist; it is asking for their date that fails.
const (
	minYear = 1400
	maxYear = 9999

	minZone = -12 * 60
	maxZone = 14 * 60

	// maxSeconds is where microseconds no longer fit into 64 bits.
	maxSeconds = 9_000_000_000_000
)

func timeLogicError(format string, args ...any) error {
	return reql.Errorf(reql.QueryLogic, "Error in time logic: %s.", fmt.Sprintf(format, args...))
}

func yearError() error {
	return timeLogicError("Year is out of valid range: %d..%d", minYear, maxYear)
}

func checkYear(year int) error {
	if year < minYear || year > maxYear {
		return yearError()
	}
	return nil
}

// checkDate tells what is wrong with a date.
func checkDate(year, month, day int) error {
	if err := checkYear(year); err != nil {
		return err
	}
	if month < 1 || month > 12 {
		return timeLogicError("Month number is out of range 1..12")
	}
	if day < 1 || day > 31 {
		return timeLogicError("Day of month value is out of range 1..31")
	}
	if time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		return timeLogicError("Day of month is not valid for year")
	}
	return nil
}

func checkZone(minutes int) error {
	if minutes >= minZone && minutes <= maxZone {
		return nil
	}
	sign := ""
	if minutes < 0 {
		sign, minutes = "-", -minutes
	}
	return timeLogicError("Offset out of range: %s%02d:%02d:00", sign, minutes/60, minutes%60)
}

// micros gives seconds as microseconds, rounded.
func micros(seconds float64) (int64, error) {
	if seconds > maxSeconds || seconds < -maxSeconds {
		return 0, yearError()
	}
	whole := int64(seconds)
	half := 0.5
	if seconds < 0 {
		half = -half
	}
	return whole*1_000_000 + int64(seconds*1e6-float64(whole)*1e6+half), nil
}

// localTime gives the calendar's view of a time in its own zone.
func localTime(d datum.Value) (time.Time, error) {
	epoch, zone := d.TimeParts()
	us, err := micros(epoch)
	if err == nil {
		err = checkZone(zone)
	}
	return time.UnixMicro(us).UTC().Add(time.Duration(zone) * time.Minute), err
}

// localDate is localTime for what needs a date.
func localDate(d datum.Value) (time.Time, error) {
	t, err := localTime(d)
	if err == nil {
		err = checkYear(t.Year())
	}
	return t, err
}

// midnight gives the begin of a day.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// timeAt gives the time at which it is the calendar time t in a zone.
func timeAt(t time.Time, zone int) datum.Value {
	us := t.UnixMicro() - int64(zone)*60_000_000
	return datum.Time(float64(us)/1e6, zone)
}

// formatISO8601 gives a time as YYYY-MM-DDThh:mm:ss.mmm±hh:mm, without the fraction when there is none.
func formatISO8601(d datum.Value) (datum.Value, error) {
	t, err := localDate(d)
	if err != nil {
		return d, err
	}
	_, zone := d.TimeParts()
	if err := checkYear(t.Add(-time.Duration(zone) * time.Minute).Year()); err != nil {
		return d, err
	}
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond() != 0 {
		layout = "2006-01-02T15:04:05.000"
	}
	out := t.AppendFormat(make([]byte, 0, 32), layout)
	return datum.String(string(append(out, datum.FormatTimezone(zone)...))), nil
}
