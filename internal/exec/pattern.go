package exec

import (
	"io"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"rethinkdb/internal/reql"
)

// Limits of regular expressions. RE2, with 8 MiB for each, has about the same.
const (
	// maxPatternBytes is the length of a pattern.
	maxPatternBytes = 256 << 10
	// maxPatternSize is the number of instructions that a pattern is compiled to: (((a{100}){100}){100}) would be a million.
	maxPatternSize = 350_000
	// maxPatternWork is that number times the number of groups. For each instruction that is possible at a place of the text
	// the matcher keeps the places of all groups.
	maxPatternWork = 8 << 20
	// maxPatternsSize bounds the patterns that a query keeps.
	maxPatternsSize = 1 << 20
)

// pattern is a compiled regular expression.
type pattern struct {
	re   *regexp.Regexp
	size int // about how many instructions it has
}

// patterns are those that a query has compiled.
type patterns struct {
	list map[string]*pattern
	size int
}

func compilePattern(text string) (*pattern, error) {
	size := 4 * len(text)
	if len(text) > 1000 || strings.IndexByte(text, '{') >= 0 { // otherwise it cannot be large
		if len(text) > maxPatternBytes {
			return nil, patternTooLarge(text)
		}
		tree, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			return nil, regexpError(text, err)
		}
		n := measure(tree)
		if n > maxPatternSize || n*float64(tree.MaxCap()+1) > maxPatternWork {
			return nil, patternTooLarge(text)
		}
		size = int(n)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, regexpError(text, err)
	}
	return &pattern{re, size + len(text)}, nil
}

func patternTooLarge(text string) error {
	return reql.Errorf(reql.QueryLogic, "Error in regexp `%s` (portion `%s`): %s", text, "", "pattern too large - compile failed")
}

// measure gives about the number of instructions of a tree, which the parser has bounded in depth.
func measure(re *syntax.Regexp) float64 {
	n := 1.0
	switch re.Op {
	case syntax.OpLiteral, syntax.OpCharClass:
		n = float64(len(re.Rune))
	case syntax.OpRepeat:
		times := max(re.Min+1, re.Max)
		return 1 + float64(times)*(1+measure(re.Sub[0]))
	case syntax.OpCapture:
		n = 2
	}
	for _, sub := range re.Sub {
		n += 1 + measure(sub)
	}
	return n
}

// directWork is the work of a match that is too short to be interrupted: a few ten milliseconds at most.
const directWork = 1 << 20

// match gives the places of the first match of the whole pattern and of its groups, nil when there is none.
func (p *pattern) match(fr *frame, s string) ([]int, error) {
	if len(s) <= directWork/max(p.size, 1) {
		return p.re.FindStringSubmatchIndex(s), nil
	}
	m := p.re.FindReaderSubmatchIndex(&textReader{fr: fr, s: s, every: 1 + directWork/64/max(p.size, 1)})
	return m, fr.check()
}

// textReader gives the characters of a text until the query is interrupted.
type textReader struct {
	fr    *frame
	s     string
	at    int
	every int // characters between two looks
	left  int // of them
}

var _ io.RuneReader = (*textReader)(nil)

// ReadRune gives the next character.
func (r *textReader) ReadRune() (rune, int, error) {
	if r.at >= len(r.s) {
		return 0, 0, io.EOF
	}
	if r.left--; r.left < 0 {
		if r.fr.check() != nil {
			r.at = math.MaxInt // nothing more comes
			return 0, 0, io.EOF
		}
		r.left = r.every
	}
	c, n := utf8.DecodeRuneInString(r.s[r.at:])
	r.at += n
	return c, n, nil
}
