package exec

import (
	"math"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	register(reql.TermNow, spec{datum: evalNow, det: detConstantNow, doc: "The time at which the query began."})
	register(reql.TermTime, spec{min: 4, max: 7, datum: evalTime, pure: true, doc: "The time of a date, or of a date and a time of day, in a zone."})
	register(reql.TermEpochTime, spec{min: 1, max: 1, datum: evalEpochTime, pure: true, doc: "The time so many seconds after the begin of 1970."})
	register(reql.TermISO8601, spec{min: 1, max: 1, opts: []string{"default_timezone"}, datum: evalISO8601, pure: true, doc: "The time that a string in the form of ISO 8601 stands for."})
	for t, x := range map[reql.TermType]struct {
		f   func(d datum.Value) (datum.Value, error)
		doc string
	}{
		reql.TermToEpochTime: {toEpochTime, "The seconds from the begin of 1970 to a time."},
		reql.TermToISO8601:   {formatISO8601, "A time in the form of ISO 8601."},
		reql.TermTimezone:    {timezone, "The zone of a time as hours and minutes from UTC."},
		reql.TermDate:        {dateOf, "The midnight before a time in its zone."},
		reql.TermTimeOfDay:   {timeOfDay, "The seconds since midnight in the zone of a time."},
		reql.TermSeconds:     {seconds, "The seconds of a time, with their fraction."},
		reql.TermYear:        {datePart(time.Time.Year), "The year of a time."},
		reql.TermMonth:       {datePart(func(t time.Time) int { return int(t.Month()) }), "The month of a time."},
		reql.TermDay:         {datePart(time.Time.Day), "The day of the month of a time."},
		reql.TermDayOfWeek:   {datePart(func(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }), "The day of the week of a time, from 1 for Monday."},
		reql.TermDayOfYear:   {datePart(time.Time.YearDay), "The day of the year of a time, from 1."},
		reql.TermHours:       {clockPart(time.Time.Hour), "The hours of a time."},
		reql.TermMinutes:     {clockPart(time.Time.Minute), "The minutes of a time."},
	} {
		register(t, spec{min: 1, max: 1, datum: evalOfTime(x.f), pure: true, doc: x.doc})
	}
	register(reql.TermInTimezone, spec{min: 2, max: 2, datum: evalInTimezone, pure: true, doc: "The same time in another zone."})
	register(reql.TermDuring, spec{min: 3, max: 3, opts: []string{"left_bound", "right_bound"}, datum: evalDuring, pure: true, doc: "Whether a time is between two others."})
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
