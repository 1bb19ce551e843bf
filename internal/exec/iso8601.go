package exec

import (
	"strings"
	"time"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

// parseISO8601 reads a date, or a date and a time, perhaps with a zone. Without one it is in defaultZone.
func parseISO8601(s, defaultZone string) (datum.Value, error) {
	dateText, timeText, hasTime := strings.Cut(s, "T")
	date, err := parseISODate(dateText)
	if err != nil {
		return datum.Value{}, err
	}
	var clock time.Duration
	zoneText, hasZone := "", false
	if hasTime {
		if i := zoneStart(timeText); i >= 0 {
			timeText, zoneText, hasZone = timeText[:i], timeText[i:], true
		}
		if clock, err = parseISOClock(timeText); err != nil {
			return datum.Value{}, err
		}
	}
	zone := 0
	if hasZone {
		if zone, err = datum.ParseTimezone(zoneText); err != nil {
			return datum.Value{}, err
		}
	}
	day, err := date.begin()
	if err != nil {
		return datum.Value{}, err
	}
	if !hasZone {
		if zone, err = parseDefaultZone(defaultZone); err != nil {
			return datum.Value{}, err
		}
	}
	if err := checkZone(zone); err != nil {
		return datum.Value{}, err
	}
	return timeAt(day.Add(clock), zone), nil
}

// zoneStart gives the position of the zone in a time of day: of the first hyphen, or else plus, or else Z.
func zoneStart(s string) int {
	for _, sign := range []byte("-+Z") {
		if i := strings.IndexByte(s, sign); i >= 0 {
			return i
		}
	}
	return -1
}

// parseDefaultZone is more lenient than what a zone in the text itself must look like, and has other texts.
func parseDefaultZone(s string) (int, error) {
	switch s {
	case "", "UTC":
		return 0, reql.Errorf(reql.QueryLogic, "ISO 8601 string has no time zone, and no default time zone was provided.")
	case "-00", "-00:00":
		return 0, nil
	}
	zone, err := datum.ParseTimezone(s)
	if err == nil {
		return zone, nil
	}
	if !strings.ContainsAny(s, "+-0123456789") {
		s += "+00" // the name of a zone
	}
	return 0, reql.Errorf(reql.QueryLogic, "Invalid ISO 8601 timezone: `%s`.", s)
}

// isoDate is a date before it is checked.
type isoDate struct {
	year, month, day int
	dayOfYear        int // instead of month and day when not 0
	week             bool
}

// begin gives the midnight with which the date begins.
func (d isoDate) begin() (time.Time, error) {
	if d.week {
		return time.Time{}, reql.Errorf(reql.QueryLogic, "Due to limitations in the boost time library we use for "+
			"parsing, we cannot support ISO week dates right now.  Sorry about that!  Please use years, calendar dates, or "+
			"ordinal dates instead.")
	}
	if d.dayOfYear == 0 {
		return time.Date(d.year, time.Month(d.month), d.day, 0, 0, 0, 0, time.UTC), checkDate(d.year, d.month, d.day)
	}
	if err := checkYear(d.year); err != nil {
		return time.Time{}, err
	}
	// A day beyond the end of the year is one of the next.
	t := time.Date(d.year, 1, d.dayOfYear, 0, 0, 0, 0, time.UTC)
	if d.year == minYear { // the original counts from the last day of the year before
		return t, yearError()
	}
	return t, checkYear(t.Year())
}

// isoScanner reads digits and separators.
type isoScanner struct {
	s  string
	at int
}

func (p *isoScanner) end() bool { return p.at == len(p.s) }

// skip reads c if it is next.
func (p *isoScanner) skip(c byte) bool {
	if p.end() || p.s[p.at] != c {
		return false
	}
	p.at++
	return true
}

// digits reads a number of n digits.
func (p *isoScanner) digits(n int) (int, error) {
	v := 0
	for range n {
		if p.end() { // the text says so for dates too
			return 0, reql.Errorf(reql.QueryLogic, "Invalid time zone string `%s`. Valid time zones are `+hh:mm`, `-hh:mm`, "+
				"`+hhmm`, `-hhmm`, `+hh`, `-hh` and `Z`.", p.s)
		}
		c := p.s[p.at]
		if c < '0' || c > '9' {
			return 0, reql.Errorf(reql.QueryLogic, "Invalid date string `%s` (got `%s` but expected a digit).", p.s, p.s[p.at:p.at+1])
		}
		v = v*10 + int(c-'0')
		p.at++
	}
	return v, nil
}

// number reads a number of that many digits.
func (p *isoScanner) number(digits int, to *int) (err error) {
	*to, err = p.digits(digits)
	return err
}

func (p *isoScanner) finish(what string) error {
	if p.end() {
		return nil
	}
	return reql.Errorf(reql.QueryLogic, "Garbage characters `%s` at end of %s string `%s`.", p.s[p.at:], what, p.s)
}

// parseISODate reads YYYY, YYYY-MM, YYYY-MM-DD, YYYYMMDD, YYYY-DDD or YYYYDDD. It recognizes weeks to refuse them.
func parseISODate(s string) (isoDate, error) {
	p := &isoScanner{s: s}
	d := isoDate{month: 1, day: 1}
	if err := p.number(4, &d.year); err != nil || p.end() {
		return d, err
	}
	hyphen := p.skip('-')
	if p.skip('W') {
		d.week = true
		var ignored int
		if err := p.number(2, &ignored); err != nil || p.end() {
			return d, err
		}
		p.skip('-')
		if err := p.number(1, &ignored); err != nil {
			return d, err
		}
		return d, p.finish("date")
	}
	if len(s)-p.at == 3 {
		err := p.number(3, &d.dayOfYear)
		return d, err
	}
	if err := p.number(2, &d.month); err != nil || hyphen && p.end() {
		return d, err
	}
	if p.skip('-') != hyphen {
		return d, reql.Errorf(reql.QueryLogic, "Date string `%s` must have 0 or 2 hyphens.", s)
	}
	if err := p.number(2, &d.day); err != nil {
		return d, err
	}
	return d, p.finish("date")
}

// parseISOClock reads hh, hh:mm, hhmm, hh:mm:ss or hhmmss, the last two perhaps with a fraction. Hours may go beyond 24.
func parseISOClock(s string) (time.Duration, error) {
	p := &isoScanner{s: s}
	var h, m, sec int
	if err := p.number(2, &h); err != nil || p.end() {
		return clockTime(h, 0, 0, 0), err
	}
	colon := p.skip(':')
	if err := p.number(2, &m); err != nil || p.end() {
		return clockTime(h, m, 0, 0), err
	}
	if p.skip(':') != colon {
		return 0, reql.Errorf(reql.QueryLogic, "Time string `%s` must have 0 or 2 colons.", s)
	}
	if err := p.number(2, &sec); err != nil {
		return 0, err
	}
	micro := 0
	if p.skip('.') {
		for unit := 100_000; !p.end(); unit /= 10 { // digits after the sixth do not count
			v, err := p.digits(1)
			if err != nil {
				return 0, err
			}
			micro += v * unit
		}
	}
	return clockTime(h, m, sec, micro), p.finish("time")
}

func clockTime(h, m, s, micro int) time.Duration {
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute + time.Duration(s)*time.Second + time.Duration(micro)*time.Microsecond
}
