package reql

import (
	"sync"

	"rethinkdb/internal/datum"
)

// A query is first split into tokens, without building values: RethinkDB refuses text that is not JSON before it
// looks at anything else, and the number of elements of an array is known before its first element is read.
//
// The tape lists the tokens in the order of the text. An array or object is one token followed by those of its
// elements (for objects key, value, key, value, …).

type tokenKind uint8

const (
	tokNull tokenKind = iota
	tokFalse
	tokTrue
	tokNumber
	tokString  // without escapes: the text between the quotes is the value
	tokEscaped // a string with backslashes
	tokArray
	tokObject
)

func (k tokenKind) typeName() string {
	switch k {
	case tokNull:
		return "NULL"
	case tokFalse, tokTrue:
		return "BOOL"
	case tokNumber:
		return "NUMBER"
	case tokString, tokEscaped:
		return "STRING"
	case tokArray:
		return "ARRAY"
	default:
		return "OBJECT"
	}
}

type token struct {
	kind  tokenKind
	count uint32 // elements of an array, pairs of an object
	pos   uint32 // of the first byte of the text; for strings after the quote
	end   uint32 // after the last byte; for strings before the closing quote
	next  uint32 // index on the tape of the token after this one and all of its elements
}

// maxDepth bounds the nesting of a query. The original accepts 20,000 nested arrays and dies of 20,000 nested objects.
const maxDepth = 25_000

// maxTokens bounds the memory that a query's text of up to 128 MiB can grow to.
const maxTokens = 16 << 20

type tape struct {
	toks  []token
	stack []uint32 // open arrays and objects
	order []uint32 // room for parser.order
}

var tapes = sync.Pool{New: func() any { return new(tape) }} // saves the tape's growth, 3 allocations a query

func (t *tape) release() {
	if cap(t.toks) > 1<<14 {
		return
	}
	t.toks, t.stack = t.toks[:0], t.stack[:0]
	tapes.Put(t)
}

// lex fills the tape from s and tells whether s is one JSON value (anything after a NUL byte is ignored).
// tooDeep and tooMany tell which limit was hit.
func (t *tape) lex(s string) (ok, tooDeep, tooMany bool) {
	i := skipSpace(s, 0)
	for {
		// a value is due at i
		if i >= len(s) {
			return false, false, false
		}
		if len(t.toks) >= maxTokens {
			return false, false, true
		}
		switch c := s[i]; {
		case c == '{' || c == '[':
			kind := tokArray
			if c == '{' {
				kind = tokObject
			}
			t.toks = append(t.toks, token{kind: kind, pos: uint32(i)})
			j := skipSpace(s, i+1)
			if j < len(s) && s[j] == c+2 { // ']' is '[' + 2 and '}' is '{' + 2
				last := &t.toks[len(t.toks)-1]
				last.end, last.next = uint32(j+1), uint32(len(t.toks))
				i = j + 1
				break
			}
			if len(t.stack) >= maxDepth {
				return false, true, false
			}
			t.stack = append(t.stack, uint32(len(t.toks)-1))
			if kind == tokObject {
				if i, ok = t.key(s, j); !ok {
					return false, false, false
				}
			} else {
				i = j
			}
			continue
		case c == '"':
			if i, ok = t.str(s, i); !ok {
				return false, false, false
			}
		case c == '-' || c >= '0' && c <= '9':
			_, j, err := datum.ScanJSONNumber(s, i)
			if err != nil {
				return false, false, false
			}
			t.leaf(tokNumber, i, j)
			i = j
		case c == 't' && len(s) >= i+4 && s[i:i+4] == "true":
			t.leaf(tokTrue, i, i+4)
			i += 4
		case c == 'f' && len(s) >= i+5 && s[i:i+5] == "false":
			t.leaf(tokFalse, i, i+5)
			i += 5
		case c == 'n' && len(s) >= i+4 && s[i:i+4] == "null":
			t.leaf(tokNull, i, i+4)
			i += 4
		default:
			return false, false, false
		}
		// a value has ended at i
		for {
			i = skipSpace(s, i)
			if len(t.stack) == 0 {
				return i >= len(s) || s[i] == 0, false, false
			}
			if i >= len(s) {
				return false, false, false
			}
			top := &t.toks[t.stack[len(t.stack)-1]]
			top.count++
			if s[i] == ',' {
				i = skipSpace(s, i+1)
				if top.kind == tokObject {
					if i, ok = t.key(s, i); !ok {
						return false, false, false
					}
				}
				break
			}
			if top.kind == tokArray && s[i] != ']' || top.kind == tokObject && s[i] != '}' {
				return false, false, false
			}
			i++
			top.end, top.next = uint32(i), uint32(len(t.toks))
			t.stack = t.stack[:len(t.stack)-1]
		}
	}
}

func (t *tape) leaf(k tokenKind, pos, end int) {
	t.toks = append(t.toks, token{kind: k, pos: uint32(pos), end: uint32(end), next: uint32(len(t.toks) + 1)})
}

// key reads a member's name and the colon, and gives the place of the value.
func (t *tape) key(s string, i int) (int, bool) {
	if i >= len(s) || s[i] != '"' {
		return 0, false
	}
	i, ok := t.str(s, i)
	if !ok {
		return 0, false
	}
	i = skipSpace(s, i)
	if i >= len(s) || s[i] != ':' {
		return 0, false
	}
	return skipSpace(s, i+1), true
}

// str reads the string whose quote is at i and gives the place after its end.
func (t *tape) str(s string, i int) (int, bool) {
	if end := i + 1 + datum.PlainPrefix(s[i+1:]); end < len(s) && s[end] == '"' {
		t.leaf(tokString, i+1, end)
		return end + 1, true
	}
	_, next, err := datum.ScanJSONString(s, i+1)
	if err != nil {
		return 0, false
	}
	t.leaf(tokEscaped, i+1, next-1)
	return next, true
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}
