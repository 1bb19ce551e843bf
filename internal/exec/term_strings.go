package exec

import (
	"strings"
	"unicode/utf8"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Strings
	//
	// string.upcase() → string
	//
	// The string with the letters a to z in upper case; others stay.
	//
	//	> r.expr("zürich").upcase()
	//	"ZüRICH"
	register(reql.TermUpcase, spec{min: 1, max: 1, datum: evalCase(upcase), pure: true})

	// string.downcase() → string
	//
	// The string with the letters A to Z in lower case; others stay.
	//
	//	> r.expr("ZÜRICH").downcase()
	//	"zÜrich"
	register(reql.TermDowncase, spec{min: 1, max: 1, datum: evalCase(downcase), pure: true})

	// string.split() → array
	// string.split(separator[, max]) → array
	//
	// The parts of a string between separators; without one, or with null, between runs of white space. An empty separator
	// gives the characters. After `max` splits the rest stays as it is.
	//
	//	> r.expr("to be  or not").split()
	//	["to","be","or","not"]
	//	> r.expr("a,b,,c").split(",", 2)
	//	["a","b",",c"]
	register(reql.TermSplit, spec{min: 1, max: 3, datum: evalSplit})

	// r.format(template, object) → string
	//
	// The template, in which the fields of an object replace their names in braces. Newer than RethinkDB 2.4.4, and few
	// drivers know it.
	//
	// Errors:
	// - QueryLogic: Parameter tag must be closed
	// - NonExistence: No attribute `…` in object
	//
	//	> r.format("{name} of {city}", {name: "Ada", city: "London"})
	//	"Ada of London"
	register(reql.TermFormat, spec{min: 2, max: 2, datum: evalFormat})
}

func evalCase(f func(string) string) func(c call) (datum.Value, error) {
	return func(c call) (datum.Value, error) {
		d, at, err := c.datumAt(0)
		if err != nil {
			return d, err
		}
		s, err := strAt(d, at)
		if err != nil {
			return d, err
		}
		if t := f(s); t != s {
			return datum.String(t), nil
		}
		return d, nil
	}
}

// upcase and downcase change ASCII letters only.
func upcase(s string) string   { return mapASCII(s, 'a', 'z', 'A'-'a') }
func downcase(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }

func mapASCII(s string, from, to byte, by int) string {
	var out []byte
	for i := range len(s) {
		if c := s[i]; from <= c && c <= to {
			if out == nil {
				out = []byte(s)
			}
			out[i] = byte(int(c) + by)
		}
	}
	if out == nil {
		return s
	}
	return string(out)
}

func evalSplit(c call) (datum.Value, error) {
	d, at, err := c.datumAt(0)
	if err != nil {
		return d, err
	}
	s, err := strAt(d.Own(), at) // of which the parts are slices
	if err != nil {
		return d, err
	}
	separator := datum.Null
	if c.len() > 1 {
		if separator, err = c.datum(1); err != nil {
			return separator, err
		}
		if separator.Kind() != datum.KindNull {
			if err := typed(separator, datum.KindString, "STRING"); err != nil {
				return separator, err
			}
		}
	}
	most := int64(-1)
	if c.len() > 2 {
		if most, err = c.int(2); err != nil {
			return datum.Value{}, err
		}
		if limit := int64(c.fr.q.arrayLimit); most < -1 || most > limit-1 {
			return datum.Value{}, c.logic("Error: `split` size argument must be in range [-1, %d].", limit-1)
		}
	}
	p := splitter{most: int(most), limit: c.fr.q.arrayLimit}
	switch {
	case separator.Kind() == datum.KindNull:
		p.atSpace(s)
	case separator.AsString() == "":
		p.characters(s)
	default:
		p.at(s, separator.AsString())
	}
	return datum.Array(p.parts), c.fr.checkArray(len(p.parts))
}

// splitter collects the parts of a string, at most most of them before the rest, which stays whole; -1 is no limit.
type splitter struct {
	parts []datum.Value
	most  int
	limit int // with more parts than this there is no need to go on
}

func (p *splitter) add(s string) { p.parts = append(p.parts, datum.String(s)) }

func (p *splitter) rest() bool { return len(p.parts) == p.most || len(p.parts) > p.limit }

func (p *splitter) at(s, separator string) {
	for !p.rest() {
		before, after, found := strings.Cut(s, separator)
		p.add(before)
		if !found {
			return
		}
		s = after
	}
	p.add(s)
}

// characters splits into characters with the combining marks that follow them.
func (p *splitter) characters(s string) {
	for s != "" && !p.rest() {
		_, n := utf8.DecodeRuneInString(s)
		for n < len(s) {
			r, m := utf8.DecodeRuneInString(s[n:])
			if !isCombining(r) {
				break
			}
			n += m
		}
		p.add(s[:n])
		s = s[n:]
	}
	if s != "" {
		p.add(s)
	}
}

func (p *splitter) atSpace(s string) {
	for {
		s = strings.TrimLeftFunc(s, isSpace)
		if s == "" {
			return
		}
		i := strings.IndexFunc(s, isSpace)
		if i < 0 || p.rest() {
			p.add(s)
			return
		}
		p.add(s[:i])
		s = s[i:]
	}
}

func evalFormat(c call) (datum.Value, error) {
	template, err := c.str(0)
	if err != nil {
		return datum.Value{}, err
	}
	params, err := c.datum(1)
	if err != nil {
		return datum.Value{}, err
	}
	var out []byte
	for rest := template; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			out = append(out, rest...)
			break
		}
		if rest[i] == '}' {
			return datum.Value{}, c.logic("No parameter tags to close")
		}
		out = append(out, rest[:i]...)
		name, after, err := formatName(rest[i+1:])
		if err != nil {
			return datum.Value{}, err
		}
		d, err := field(params, name)
		if err != nil {
			return d, err
		}
		if d, err = coerceToString(d); err != nil {
			return d, err
		}
		if err := datum.CheckString(len(out) + d.Len()); err != nil {
			return d, err
		}
		out = append(out, d.AsString()...)
		rest = after
	}
	return datum.String(string(out)), nil
}

// formatName reads a name up to its closing brace.
func formatName(s string) (name, after string, err error) {
	i := strings.IndexAny(s, `{},\`)
	if i < 0 {
		return "", "", reql.Errorf(reql.QueryLogic, "Parameter tag must be closed")
	}
	switch s[i] {
	case '{':
		err = reql.Errorf(reql.QueryLogic, "Nested template parameters are not allowed")
	case ',':
		err = reql.Errorf(reql.QueryLogic, "Formatting separator `,` is not allowed in parameter name")
	case '\\':
		err = reql.Errorf(reql.QueryLogic, "Reserved escape character `\\` is not allowed in parameter name")
	}
	return s[:i], s[i+1:], err
}
