package worker

import "strings"

type tokenKind uint8

const (
	eof tokenKind = iota
	bad           // what harmless refuses in any place
	name
	keyword
	number
	str
	punctuator
)

type token struct {
	kind    tokenKind
	text    string
	newLine bool // there is a new line before it
	member  bool // it is a name after a dot
}

// lexer cuts a script into tokens, as far as harmless has to understand them.
type lexer struct {
	text   string
	at     int
	member bool // the last token was a dot
}

// forbidden are words that harmless refuses, except as names of fields.
var forbidden = words("as async await catch class debugger delete enum eval export extends finally function get implements import in " +
	"instanceof interface new of package private protected public set static super throw try using with yield")

var keywords = words("break case const continue default do else for if let return switch typeof var void while")

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// punctuators are those of more than one character, the longest first.
var punctuators = []string{
	">>>=", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=",
	"=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**",
}

func (l *lexer) lex() token {
	t := l.scan()
	l.member = t.kind == punctuator && (t.text == "." || t.text == "?.")
	return t
}

func (l *lexer) scan() (t token) {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		t.newLine = t.newLine || l.text[l.at] == '\r' || l.text[l.at] == '\n'
		l.at++
	}
	rest := l.text[l.at:]
	if rest == "" {
		t.kind = eof
		return t
	}
	n := 1
	switch b := rest[0]; {
	case isLetter(b):
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n])) {
			n++
		}
		switch word := rest[:n]; {
		case l.member:
			t.kind, t.member = name, true
		case forbidden[word]:
			t.kind = bad
		case keywords[word]:
			t.kind = keyword
		default:
			t.kind = name
		}
	case isDigit(b), b == '.' && len(rest) > 1 && isDigit(rest[1]):
		t.kind = number
		for n < len(rest) && (isLetter(rest[n]) || isDigit(rest[n]) || rest[n] == '.') {
			n++
		}
	case b == '"' || b == '\'':
		t.kind = str
		for n < len(rest) && rest[n] != b && rest[n] != '\n' && rest[n] != '\r' {
			if rest[n] == '\\' {
				n++
			}
			n++
		}
		if n >= len(rest) || rest[n] != b {
			t.kind = bad
			return t
		}
		n++
	case strings.IndexByte("()[]{},;?:!~+-*/%<>=&|^.", b) < 0, // templates, escapes, private names, letters beyond ASCII
		strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "/*"), strings.HasPrefix(rest, ".."):
		t.kind = bad
		return t
	default:
		t.kind = punctuator
		for _, p := range punctuators {
			if strings.HasPrefix(rest, p) {
				n = len(p)
				break
			}
		}
	}
	t.text = rest[:n]
	l.at += n
	return t
}

func isLetter(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || b == '_' || b == '$'
}
func isDigit(b byte) bool { return '0' <= b && b <= '9' }
