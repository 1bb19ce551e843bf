package datum

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Texts of syntax errors, as r.json reports them.
const (
	errDocumentEmpty      = "The document is empty."
	errDocumentRoot       = "The document root must not follow by other values."
	errValueInvalid       = "Invalid value."
	errObjectName         = "Missing a name for object member."
	errObjectColon        = "Missing a colon after a name of object member."
	errObjectComma        = "Missing a comma or '}' after an object member."
	errArrayComma         = "Missing a comma or ']' after an array element."
	errUnicodeHex         = "Incorrect hex digit after \\u escape in string."
	errUnicodeSurrogate   = "The surrogate pair in string is invalid."
	errEscapeInvalid      = "Invalid escape character in string."
	errMissQuote          = "Missing a closing quotation mark in string."
	errNumberTooBig       = "Number too big to be stored in double."
	errNumberMissFraction = "Miss fraction part in number."
	errNumberMissExponent = "Miss exponent in number."
)

// SyntaxError says what is wrong with JSON.
type SyntaxError struct {
	Msg    string
	Offset int
}

func (e *SyntaxError) Error() string { return e.Msg }

func syntax(msg string, offset int) error { return &SyntaxError{msg, offset} }

// ParseJSON returns the value that the JSON text b stands for, as r.json does: objects with a $reql_type$ become
// pseudo-types, duplicate keys and strings that are not UTF-8 are errors. The value does not refer to b.
func ParseJSON(b []byte) (Value, error) {
	v, err := ReadJSON(b)
	if e, ok := err.(*SyntaxError); ok { //nolint:errorlint // made below
		text := string(b)
		if len(text) > 40 {
			text = text[:37] + "..."
		}
		return Value{}, errorf(Logic, "Failed to parse \"%s\" as JSON: %s", text, e.Msg)
	}
	return v, err
}

// ReadJSON is ParseJSON for those who have their own words for text that is no JSON: it is a *SyntaxError.
func ReadJSON(b []byte) (Value, error) {
	if bytes.IndexByte(b, 0) >= 0 {
		return Value{}, errorf(Logic, "Encountered unescaped null byte in JSON string.")
	}
	p := jsonParser{src: string(b)}
	v, err := p.document()
	if err != nil {
		return Value{}, err
	}
	if p.err != nil { // the reference finds these only after it has parsed everything
		return Value{}, p.err
	}
	return v, nil
}

// maxJSONValues is how many values there may be in one document. Each takes 24 bytes, and a text has one in every two bytes.
const (
	maxJSONValues    = 8 << 20
	errTooManyValues = "There are more than 8388608 values."
)

// jsonParser reads one document. All strings without escapes are slices of src, which is one copy of the input, and
// each array and each object is one slice, cut from the stacks when it is complete.
type jsonParser struct {
	src    string
	err    error // the first error that is not one of syntax
	count  int   // values of arrays and objects so far
	elems  []Value
	fields []Field
}

func (p *jsonParser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *jsonParser) document() (Value, error) {
	i := skipSpace(p.src, 0)
	if i == len(p.src) {
		return Value{}, syntax(errDocumentEmpty, i)
	}
	v, i, err := p.value(i, 0)
	if err != nil {
		return Value{}, err
	}
	if i = skipSpace(p.src, i); i < len(p.src) {
		return Value{}, syntax(errDocumentRoot, i)
	}
	return v, nil
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// value parses the value that begins at i, where there is no white space, and returns where it ends.
func (p *jsonParser) value(i, depth int) (Value, int, error) {
	if i == len(p.src) {
		return Value{}, i, syntax(errValueInvalid, i)
	}
	switch p.src[i] {
	case '{':
		return p.object(i+1, depth+1)
	case '[':
		return p.array(i+1, depth+1)
	case '"':
		v, next, err := scanString(p.src, i+1)
		if err == nil {
			p.checkString(v)
		}
		return v, next, err
	case 'n':
		return Null, i + 4, p.word(i, "null")
	case 't':
		return True, i + 4, p.word(i, "true")
	case 'f':
		return False, i + 5, p.word(i, "false")
	}
	f, next, err := scanNumber(p.src, i)
	return Number(f), next, err
}

func (p *jsonParser) word(i int, w string) error {
	if strings.HasPrefix(p.src[i:], w) {
		return nil
	}
	return syntax(errValueInvalid, i)
}

func (p *jsonParser) checkString(v Value) {
	if p.err == nil {
		p.err = CheckUTF8(v.str())
	}
}

func (p *jsonParser) array(i, depth int) (Value, int, error) {
	if depth > MaxDepth {
		return Value{}, i, syntax("Nesting depth limit exceeded.", i)
	}
	if i = skipSpace(p.src, i); i < len(p.src) && p.src[i] == ']' {
		return Array(nil), i + 1, nil
	}
	base := len(p.elems)
	for {
		v, next, err := p.value(i, depth)
		if err != nil {
			return Value{}, next, err
		}
		if p.elems == nil {
			p.elems = make([]Value, 0, 32)
		}
		if p.count++; p.count > maxJSONValues {
			return Value{}, i, syntax(errTooManyValues, i)
		}
		p.elems = append(p.elems, v)
		i = skipSpace(p.src, next)
		if i == len(p.src) || p.src[i] != ',' && p.src[i] != ']' {
			return Value{}, i, syntax(errArrayComma, i)
		}
		i++
		if p.src[i-1] == ']' {
			elems := slices.Clone(p.elems[base:])
			p.elems = p.elems[:base]
			return Array(elems), i, nil
		}
		i = skipSpace(p.src, i)
	}
}

func (p *jsonParser) object(i, depth int) (Value, int, error) {
	if depth > MaxDepth {
		return Value{}, i, syntax("Nesting depth limit exceeded.", i)
	}
	if i = skipSpace(p.src, i); i < len(p.src) && p.src[i] == '}' {
		return sortedObject(nil), i + 1, nil
	}
	base := len(p.fields)
	pseudo := false
	for {
		if i == len(p.src) || p.src[i] != '"' {
			return Value{}, i, syntax(errObjectName, i)
		}
		k, next, err := scanString(p.src, i+1)
		if err != nil {
			return Value{}, next, err
		}
		p.checkString(k)
		key := k.str()
		pseudo = pseudo || key == typeKey
		if i = skipSpace(p.src, next); i == len(p.src) || p.src[i] != ':' {
			return Value{}, i, syntax(errObjectColon, i)
		}
		v, next, err := p.value(skipSpace(p.src, i+1), depth)
		if err != nil {
			return Value{}, next, err
		}
		if p.fields == nil {
			p.fields = make([]Field, 0, 32)
		}
		if p.count++; p.count > maxJSONValues {
			return Value{}, i, syntax(errTooManyValues, i)
		}
		p.fields = append(p.fields, Field{key, v})
		i = skipSpace(p.src, next)
		if i == len(p.src) || p.src[i] != ',' && p.src[i] != '}' {
			return Value{}, i, syntax(errObjectComma, i)
		}
		i++
		if p.src[i-1] == '}' {
			fields := slices.Clone(p.fields[base:])
			p.fields = p.fields[:base]
			return p.makeObject(fields, pseudo), i, nil
		}
		i = skipSpace(p.src, i)
	}
}

func (p *jsonParser) makeObject(fields []Field, pseudo bool) Value {
	v := Object(fields)
	for j := 1; j < len(fields); j++ {
		if fields[j-1].Key == fields[j].Key {
			p.fail(DuplicateKeyError(fields[j].Key))
			return v
		}
	}
	if pseudo {
		converted, err := FromPseudo(v)
		if err != nil {
			p.fail(err)
			return v
		}
		v = converted
	}
	return v
}

// DuplicateKeyError is the error of a JSON object that has a key twice.
func DuplicateKeyError(key string) error {
	return errorf(Logic, "Duplicate key %s in JSON.", String(key).Print())
}

// ScanJSONString returns the JSON string that begins at i, after the opening quote, and where it ends, after the closing
// quote. Without escapes it is a slice of src. Errors are *SyntaxError; see CheckUTF8 for what they leave unchecked.
func ScanJSONString(src string, i int) (v Value, next int, err error) { return scanString(src, i) }

// ScanJSONNumber returns the JSON number that begins at i and where it ends. Errors are *SyntaxError.
func ScanJSONNumber(src string, i int) (f float64, next int, err error) { return scanNumber(src, i) }

// scanString returns the string that begins at i, after the opening quote. Without escapes it is a slice of src, and
// plain.
func scanString(src string, i int) (Value, int, error) {
	end := i + PlainPrefix(src[i:])
	if end == len(src) {
		return Value{}, end, syntax(errMissQuote, end)
	}
	switch src[end] {
	case '"':
		return PlainString(src[i:end]), end + 1, nil
	case '\\':
		return unescape(src, i, end)
	}
	return Value{}, end, badControl(src[end], end)
}

// badControl is the error of a control character in a string.
func badControl(c byte, at int) error {
	if c == 0 {
		return syntax(errMissQuote, at)
	}
	return syntax(errEscapeInvalid, at)
}

// unescape returns the string that begins at i and has its first escape at esc.
func unescape(src string, i, esc int) (Value, int, error) {
	size := strings.IndexByte(src[esc+1:], '"') // a good guess
	buf := make([]byte, 0, esc-i+max(size, 0)+8)
	buf = append(buf, src[i:esc]...)
	for i = esc; ; {
		n := PlainPrefix(src[i:])
		buf = append(buf, src[i:i+n]...)
		i += n
		if i == len(src) {
			return Value{}, i, syntax(errMissQuote, i)
		}
		switch src[i] {
		case '"':
			return String(aliasString(buf)), i + 1, nil
		case '\\':
		default:
			return Value{}, i, badControl(src[i], i)
		}
		if i+1 == len(src) {
			return Value{}, i, syntax(errEscapeInvalid, i)
		}
		c := src[i+1]
		i += 2
		switch c {
		case '"', '\\', '/':
			buf = append(buf, c)
		case 'b':
			buf = append(buf, '\b')
		case 'f':
			buf = append(buf, '\f')
		case 'n':
			buf = append(buf, '\n')
		case 'r':
			buf = append(buf, '\r')
		case 't':
			buf = append(buf, '\t')
		case 'u':
			code, next, err := unicodeEscape(src, i)
			if err != nil {
				return Value{}, i, err
			}
			i = next
			buf = appendCode(buf, code)
		default:
			return Value{}, i - 2, syntax(errEscapeInvalid, i-2)
		}
	}
}

// unicodeEscape parses what follows \u at i, with the second half of a surrogate pair.
func unicodeEscape(src string, i int) (code rune, next int, err error) {
	code, ok := hex4(src, i)
	if !ok {
		return 0, i, syntax(errUnicodeHex, i)
	}
	i += 4
	if code < 0xD800 || code > 0xDBFF {
		return code, i, nil // as in the reference, the second half alone is let through
	}
	if !strings.HasPrefix(src[i:], `\u`) {
		return 0, i, syntax(errUnicodeSurrogate, i)
	}
	low, ok := hex4(src, i+2)
	switch {
	case !ok:
		return 0, i, syntax(errUnicodeHex, i)
	case low < 0xDC00 || low > 0xDFFF:
		return 0, i, syntax(errUnicodeSurrogate, i)
	}
	return (code-0xD800)<<10 + low - 0xDC00 + 0x10000, i + 6, nil
}

func hex4(src string, i int) (rune, bool) {
	if len(src)-i < 4 {
		return 0, false
	}
	var code rune
	for _, c := range []byte(src[i : i+4]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		code = code<<4 | rune(c)
	}
	return code, true
}

// appendCode appends a code point in UTF-8, also half of a surrogate pair.
func appendCode(dst []byte, code rune) []byte {
	if code >= 0xD800 && code <= 0xDFFF {
		return append(dst, 0xE0|byte(code>>12), 0x80|byte(code>>6)&0x3F, 0x80|byte(code)&0x3F)
	}
	return utf8.AppendRune(dst, code)
}

// scanNumber returns the number that begins at i.
func scanNumber(src string, i int) (float64, int, error) {
	start := i
	if i < len(src) && src[i] == '-' {
		i++
	}
	if i == len(src) || src[i] < '0' || src[i] > '9' {
		return 0, i, syntax(errValueInvalid, i)
	}
	first := i
	var u uint64
	if src[i] == '0' {
		i++
	} else {
		for i < len(src) && src[i]-'0' <= 9 {
			u = u*10 + uint64(src[i]-'0')
			i++
		}
	}
	if i-first <= 15 && (i == len(src) || src[i] != '.' && src[i]|0x20 != 'e') { // exact
		f := float64(u)
		if first > start {
			f = math.Copysign(f, -1)
		}
		return f, i, nil
	}
	if i < len(src) && src[i] == '.' {
		from := i + 1
		for i++; i < len(src) && src[i]-'0' <= 9; i++ {
		}
		if i == from {
			return 0, i, syntax(errNumberMissFraction, i)
		}
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		from := i
		for i < len(src) && src[i]-'0' <= 9 {
			i++
		}
		if i == from {
			return 0, i, syntax(errNumberMissExponent, i)
		}
	}
	f, err := strconv.ParseFloat(src[start:i], 64)
	if err != nil && math.IsInf(f, 0) {
		return 0, start, syntax(errNumberTooBig, start)
	}
	return f, i, nil
}
