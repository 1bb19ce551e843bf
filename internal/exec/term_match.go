package exec

import (
	"errors"
	"regexp/syntax"
	"strings"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/reql"
)

func init() {
	// Family: Strings
	//
	// string.match(expression) → object or null
	//
	// Where a regular expression first matches: `str`, `start`, `end`, and `groups`, an array of the same for each of its
	// parentheses, or null where one does not take part. Positions are in bytes. The syntax is RE2's: `(?i)` before it
	// ignores case, `^` and `$` are needed to match the whole string, and there are no look-arounds and no back references.
	//
	// Errors:
	// - QueryLogic: Error in regexp `…` (portion `…`): …
	//
	//	> r.expr("Ada Lovelace").match("^(\\w+) ")
	//	{"end":4,"groups":[{"end":3,"start":0,"str":"Ada"}],"start":0,"str":"Ada "}
	//	> r.table("heroes").filter(h => h("name").match("(?i)^h"))("name")
	//	"Hedy"
	register(reql.TermMatch, spec{min: 2, max: 2, datum: evalMatch, compile: compileMatch})
}

// maxRegexps is how many regular expressions a query keeps compiled, like the original.
const maxRegexps = 1000

// compileMatch compiles a regular expression that is a literal. What is wrong with it is told by evaluation.
func compileMatch(_ *builder, n *opNode) error {
	if len(n.args) != 2 || n.splices {
		return nil
	}
	if p, ok := n.args[1].(*constNode); ok && p.v.x == nil && p.v.d.Kind() == datum.KindString {
		if re, err := compilePattern(p.v.d.AsString()); err == nil {
			n.data = re
		}
	}
	return nil
}

func evalMatch(c call) (datum.Value, error) {
	d, at, err := c.datumAt(0)
	if err != nil {
		return d, err
	}
	s, err := strAt(d, at)
	if err != nil {
		return d, err
	}
	re, ok := c.n.data.(*pattern)
	if !ok {
		text, err := c.str(1)
		if err != nil {
			return datum.Value{}, err
		}
		if re, err = c.fr.pattern(text); err != nil {
			return datum.Value{}, err
		}
	}
	m, err := re.match(c.fr, s)
	if m == nil || err != nil {
		return datum.Null, err
	}
	s = d.Own().AsString() // of which the result has slices
	groups := make([]datum.Value, len(m)/2-1)
	for i := range groups {
		groups[i] = datum.Null
		if from, to := m[2*i+2], m[2*i+3]; from >= 0 {
			groups[i] = datum.Object(span(make([]datum.Field, 0, 3), s, from, to))
		}
	}
	fields := append(make([]datum.Field, 0, 4), datum.Field{Key: "groups", Val: datum.Array(groups)})
	return datum.Object(span(fields, s, m[0], m[1])), c.fr.checkArray(len(groups))
}

// span appends the fields that describe a part of s.
func span(fields []datum.Field, s string, from, to int) []datum.Field {
	return append(fields,
		datum.Field{Key: "end", Val: datum.Int(int64(to))},
		datum.Field{Key: "start", Val: datum.Int(int64(from))},
		datum.Field{Key: "str", Val: datum.String(s[from:to])})
}

// pattern compiles a regular expression, or finds it compiled.
func (fr *frame) pattern(text string) (*pattern, error) {
	ps := &fr.patterns
	if p := ps.list[text]; p != nil {
		return p, nil
	}
	text = strings.Clone(text) // it may be part of a row
	p, err := compilePattern(text)
	if err != nil {
		return nil, err
	}
	if ps.list == nil || len(ps.list) >= maxRegexps || ps.size+p.size > maxPatternsSize {
		*ps = patterns{list: map[string]*pattern{}}
	}
	ps.list[text] = p
	ps.size += p.size
	return p, nil
}

// regexpTexts are the texts of RE2 for errors of package regexp, which has the same syntax.
var regexpTexts = map[syntax.ErrorCode]string{
	syntax.ErrInternalError:         "unexpected error",
	syntax.ErrInvalidCharClass:      "invalid character class",
	syntax.ErrInvalidCharRange:      "invalid character class range",
	syntax.ErrInvalidEscape:         "invalid escape sequence",
	syntax.ErrInvalidNamedCapture:   "invalid named capture group",
	syntax.ErrInvalidPerlOp:         "invalid perl operator",
	syntax.ErrInvalidRepeatOp:       "bad repetition operator",
	syntax.ErrInvalidRepeatSize:     "invalid repetition size",
	syntax.ErrInvalidUTF8:           "invalid UTF-8",
	syntax.ErrMissingBracket:        "missing ]",
	syntax.ErrMissingParen:          "missing )",
	syntax.ErrUnexpectedParen:       "missing )",
	syntax.ErrMissingRepeatArgument: "no argument for repetition operator",
	syntax.ErrTrailingBackslash:     "trailing \\",
}

// regexpError tells what is wrong with a regular expression as RE2 does.
func regexpError(pattern string, err error) error {
	var e *syntax.Error
	if !errors.As(err, &e) || regexpTexts[e.Code] == "" {
		return patternTooLarge(pattern)
	}
	if e.Code == syntax.ErrInvalidNamedCapture && strings.HasPrefix(e.Expr, "(?<") { // most likely a look behind
		e = &syntax.Error{Code: syntax.ErrInvalidPerlOp, Expr: "(?<"}
	}
	return reql.Errorf(reql.QueryLogic, "Error in regexp `%s` (portion `%s`): %s: %s", pattern, e.Expr, regexpTexts[e.Code], e.Expr)
}
