package exec

import (
	"math"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Dates and times
	//
	// r.now() → time
	//
	// The time at which the query began, the same wherever it stands in a query, in UTC and with milliseconds.
	//
	//	> r.now().eq(r.now())
	//	true
	register(reql.TermNow, spec{datum: evalNow, det: detConstantNow})

	// r.time(year, month, day, zone) → time
	// r.time(year, month, day, hour, minute, second, zone) → time
	//
	// The time of a date and perhaps a time of day. The zone is an offset from UTC such as "Z" or "+02:00"; names of zones
	// are not known. Years are from 1400 to 9999.
	//
	// Errors:
	// - QueryLogic: Got … arguments to TIME (expected 4 or 7).
	// - QueryLogic: Error in time logic: …
	//
	//	> r.time(1815, 12, 10, 8, 30, 0, "Z")
	//	{"$reql_type$":"TIME","epoch_time":-4861697400,"timezone":"+00:00"}
	register(reql.TermTime, spec{min: 4, max: 7, datum: evalTime, pure: true})

	// r.epochTime(seconds) → time
	//
	// The time so many seconds after the beginning of 1970 in UTC; fractions count to the millisecond.
	//
	//	> r.epochTime(1.5)
	//	{"$reql_type$":"TIME","epoch_time":1.5,"timezone":"+00:00"}
	register(reql.TermEpochTime, spec{min: 1, max: 1, datum: evalEpochTime, pure: true})

	// r.ISO8601(string) → time
	//
	// The time that a string in the form of ISO 8601 stands for, with a date of year, month and day or of year and day, and
	// perhaps a time of day. Dates by week are not known.
	//
	// Options:
	// - default_timezone (string; none): the zone of a string that has none
	//
	// Errors:
	// - QueryLogic: ISO 8601 string has no time zone, and no default time zone was provided.
	// - QueryLogic: Garbage characters `…` at end of … string `…`.
	//
	//	> r.ISO8601("1906-12-09T12:00:00+01:00").toEpochTime()
	//	-1990098000
	//	> r.ISO8601("1906-12-09", default_timezone: "Z").dayOfYear()
	//	343
	register(reql.TermISO8601, spec{min: 1, max: 1, opts: []string{"default_timezone"}, datum: evalISO8601, pure: true})

	for t, f := range map[reql.TermType]func(d datum.Value) (datum.Value, error){
		// time.toEpochTime() → number
		//
		// The seconds from the beginning of 1970 in UTC to a time.
		//
		//	> r.time(1970, 1, 2, "Z").toEpochTime()
		//	86400
		reql.TermToEpochTime: toEpochTime,

		// time.toISO8601() → string
		//
		// A time in the form of ISO 8601, in its zone.
		//
		//	> r.time(1815, 12, 10, 8, 30, 0.25, "-07:00").toISO8601()
		//	"1815-12-10T08:30:00.250-07:00"
		reql.TermToISO8601: formatISO8601,

		// time.timezone() → string
		//
		// The zone of a time, as hours and minutes from UTC.
		//
		//	> r.ISO8601("2020-02-01T00:00:00-08:00").timezone()
		//	"-08:00"
		reql.TermTimezone: timezone,

		// time.date() → time
		//
		// The midnight with which the day of a time begins in its zone.
		//
		//	> r.time(2020, 2, 1, 12, 30, 0, "+01:00").date().toISO8601()
		//	"2020-02-01T00:00:00+01:00"
		reql.TermDate: dateOf,

		// time.timeOfDay() → number
		//
		// The seconds since midnight in the zone of a time.
		//
		//	> r.time(2020, 2, 1, 1, 0, 5, "Z").timeOfDay()
		//	3605
		reql.TermTimeOfDay: timeOfDay,

		// time.seconds() → number
		//
		// The second of a time, with its fraction.
		//
		//	> r.time(2020, 2, 1, 12, 30, 15.5, "Z").seconds()
		//	15.5
		reql.TermSeconds: seconds,

		// time.year() → number
		//
		// The year of a time, as all parts of a time in the time's own zone.
		//
		//	> r.time(2020, 2, 1, "Z").year()
		//	2020
		reql.TermYear: datePart(time.Time.Year),

		// time.month() → number
		//
		// The month of a time, from 1 to 12.
		//
		//	> r.time(2020, 2, 1, "Z").month()
		//	2
		reql.TermMonth: datePart(func(t time.Time) int { return int(t.Month()) }),

		// time.day() → number
		//
		// The day of the month of a time.
		//
		//	> r.time(2020, 2, 1, "Z").day()
		//	1
		reql.TermDay: datePart(time.Time.Day),

		// time.dayOfWeek() → number
		//
		// The day of the week of a time, from 1 for Monday to 7 for Sunday.
		//
		//	> r.time(2020, 2, 1, "Z").dayOfWeek().eq(r.saturday)
		//	true
		reql.TermDayOfWeek: datePart(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }),

		// time.dayOfYear() → number
		//
		// The day of the year of a time, from 1 to 366.
		//
		//	> r.time(2020, 2, 1, "Z").dayOfYear()
		//	32
		reql.TermDayOfYear: datePart(time.Time.YearDay),

		// time.hours() → number
		//
		// The hour of a time, from 0 to 23.
		//
		//	> r.time(2020, 2, 1, 12, 30, 15.5, "Z").hours()
		//	12
		reql.TermHours: clockPart(time.Time.Hour),

		// time.minutes() → number
		//
		// The minute of a time.
		//
		//	> r.time(2020, 2, 1, 12, 30, 15.5, "Z").minutes()
		//	30
		reql.TermMinutes: clockPart(time.Time.Minute),
	} {
		register(t, spec{min: 1, max: 1, datum: evalOfTime(f), pure: true})
	}

	// time.inTimezone(zone) → time
	//
	// The same moment in another zone.
	//
	// Errors:
	// - QueryLogic: Timezone `…` does not start with `-` or `+`.
	//
	//	> r.time(2020, 2, 1, 12, 0, 0, "Z").inTimezone("+05:30").toISO8601()
	//	"2020-02-01T17:30:00+05:30"
	register(reql.TermInTimezone, spec{min: 2, max: 2, datum: evalInTimezone, pure: true})

	// time.during(from, to) → bool
	//
	// Whether a time is between two others.
	//
	// Options:
	// - left_bound ("closed" or "open"; "closed"): whether from itself counts
	// - right_bound ("closed" or "open"; "open"): whether to itself counts
	//
	//	> r.time(2020, 2, 1, "Z").during(r.time(2020, 1, 1, "Z"), r.time(2021, 1, 1, "Z"))
	//	true
	register(reql.TermDuring, spec{min: 3, max: 3, opts: []string{"left_bound", "right_bound"}, datum: evalDuring, pure: true})
}

func evalNow(c call) (datum.Value, error) { return c.fr.q.now, nil }

// time evaluates argument i to a time.
func (c call) time(i int) (datum.Value, error) {
	d, at, err := c.datumAt(i)
	if err != nil {
		return d, err
	}
	return timeOf(d, at)
}

func timeOf(d datum.Value, at *reql.Term) (datum.Value, error) {
	if d.Kind() == datum.KindTime {
		return d, nil
	}
	if d.Kind() == datum.KindBinary || d.Kind() == datum.KindGeometry || d.IsLiteral() {
		_, err := field(d, "epoch_time") // they pass for a moment, as in the original
		return d, err
	}
	if err := printable(d); err != nil {
		return d, blame(err, at)
	}
	return d, failAt(at, reql.QueryLogic, "Not a TIME pseudotype: `%s`.", d.PrintTrunc())
}

func evalOfTime(f func(d datum.Value) (datum.Value, error)) func(c call) (datum.Value, error) {
	return func(c call) (datum.Value, error) {
		d, err := c.time(0)
		if err != nil {
			return d, err
		}
		return f(d)
	}
}

func toEpochTime(d datum.Value) (datum.Value, error) {
	epoch, _ := d.TimeParts()
	return datum.Number(epoch), nil
}

func timezone(d datum.Value) (datum.Value, error) {
	_, zone := d.TimeParts()
	return datum.String(datum.FormatTimezone(zone)), nil
}

func dateOf(d datum.Value) (datum.Value, error) {
	t, err := localDate(d)
	if err != nil {
		return d, err
	}
	_, zone := d.TimeParts()
	return timeAt(midnight(t), zone), nil
}

func timeOfDay(d datum.Value) (datum.Value, error) {
	t, err := localDate(d)
	if err != nil {
		return d, err
	}
	return datum.Number(roundMillis(float64(t.Sub(midnight(t)).Microseconds()) / 1e6)), nil
}

// seconds is for times before 1970 what the original says: the fraction is taken off instead of added.
func seconds(d datum.Value) (datum.Value, error) {
	t, err := localTime(d)
	epoch, _ := d.TimeParts()
	_, fraction := math.Modf(epoch)
	return datum.Number(float64(t.Second()) + roundMillis(fraction)), err
}

func datePart(part func(time.Time) int) func(d datum.Value) (datum.Value, error) {
	return func(d datum.Value) (datum.Value, error) {
		t, err := localDate(d)
		return datum.Int(int64(part(t))), err
	}
}

func clockPart(part func(time.Time) int) func(d datum.Value) (datum.Value, error) {
	return func(d datum.Value) (datum.Value, error) {
		t, err := localTime(d)
		return datum.Int(int64(part(t))), err
	}
}

func evalEpochTime(c call) (datum.Value, error) {
	f, err := c.num(0)
	return datum.Time(f, 0), err
}

func evalInTimezone(c call) (datum.Value, error) {
	v, err := c.val(0)
	if err != nil {
		return datum.Value{}, err
	}
	name, err := c.datum(1) // before a look at the type of the first
	if err != nil {
		return name, err
	}
	d, err := v.datum(c.fr)
	if err != nil {
		return d, err
	}
	if d, err = timeOf(d, v.at); err != nil {
		return d, err
	}
	if err := typed(name, datum.KindString, "STRING"); err != nil {
		return d, err
	}
	zone, err := datum.ParseTimezone(name.AsString())
	if err != nil {
		return d, err
	}
	epoch, _ := d.TimeParts()
	return datum.Time(epoch, zone), nil
}

// evalDuring evaluates what a bound includes only if the time is that bound.
func evalDuring(c call) (datum.Value, error) {
	var times [3]float64
	for i := range times {
		d, err := c.time(i)
		if err != nil {
			return d, err
		}
		times[i], _ = d.TimeParts()
	}
	t, from, to := times[0], times[1], times[2]
	in := t >= from && t <= to
	if t == from {
		open, err := c.openBound("left_bound", false)
		if err != nil {
			return datum.Value{}, err
		}
		in = in && !open
	}
	if in && t == to {
		open, err := c.openBound("right_bound", true)
		if err != nil {
			return datum.Value{}, err
		}
		in = !open
	}
	return datum.Bool(in), nil
}

func evalISO8601(c call) (datum.Value, error) {
	d, at, err := c.datumAt(0)
	if err != nil {
		return d, err
	}
	zone, _, err := c.optStr("default_timezone")
	if err != nil {
		return d, err
	}
	s, err := strAt(d, at)
	if err != nil {
		return d, err
	}
	out, err := parseISO8601(s, zone)
	return out, blame(err, at)
}

func evalTime(c call) (datum.Value, error) {
	if c.len() != 4 && c.len() != 7 {
		if _, err := c.val(0); err != nil {
			return datum.Value{}, err
		}
		return datum.Value{}, c.logic("Got %d arguments to TIME (expected 4 or 7).", c.len())
	}
	var n [5]int32 // year, month, day, hours, minutes
	for i := range min(c.len()-1, len(n)) {
		var err error
		if n[i], err = c.int32(i); err != nil {
			return datum.Value{}, err
		}
	}
	secs := 0.0
	if c.len() == 7 {
		var err error
		if secs, err = c.num(5); err != nil {
			return datum.Value{}, err
		}
	}
	name, err := c.str(c.len() - 1)
	if err != nil {
		return datum.Value{}, err
	}
	// The parts of a date are 16 bits wide in the original.
	year, month, day := int(uint16(n[0])), int(uint16(n[1])), int(uint16(n[2])) //nolint:gosec // cut off on purpose
	if err := checkDate(year, month, day); err != nil {
		return datum.Value{}, err
	}
	us, err := micros(secs)
	if err != nil {
		return datum.Value{}, err
	}
	zone, err := datum.ParseTimezone(name)
	if err != nil {
		return datum.Value{}, err
	}
	if err := checkZone(zone); err != nil {
		return datum.Value{}, err
	}
	us += clockSeconds(int64(n[3]), int64(n[4])) * 1_000_000
	us += time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).UnixMicro()
	return timeAt(time.UnixMicro(us), zone), nil
}

// clockSeconds gives hours and minutes, of any size, in seconds. If either is negative both are.
func clockSeconds(hours, minutes int64) int64 {
	if hours < 0 || minutes < 0 {
		return -max(hours, -hours)*3600 - max(minutes, -minutes)*60
	}
	return hours*3600 + minutes*60
}
