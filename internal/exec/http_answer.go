package exec

import (
	"mime"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"rethinkdb/internal/datum"
	"rethinkdb/internal/httpfetch"
)

// resultFormat is how r.http makes a value of the body of an answer.
type resultFormat uint8

const (
	formatAuto resultFormat = iota // by the Content-Type
	formatText
	formatJSON
	formatJSONP
	formatBinary
)

var resultFormats = map[string]resultFormat{
	"auto": formatAuto, "text": formatText, "json": formatJSON, "jsonp": formatJSONP, "binary": formatBinary,
}

// badAnswer is the error of an answer that does not say what it should.
type badAnswer struct {
	text   string
	header datum.Value // absent when it is the header that is wrong
	body   []byte      // to be quoted, or nil
}

func (e *badAnswer) Error() string { return e.text }

// read makes values of an answer. The errors are *badAnswer, or that the query has ended.
func (f resultFormat) read(fr *frame, resp *httpfetch.Response, method string) (header, body datum.Value, err error) {
	if header, err = headerObject(resp.Header); err != nil {
		return header, body, err
	}
	if method == http.MethodHead {
		return header, datum.Null, nil
	}
	if f == formatAuto {
		body, err = autoBody(fr, resp)
	} else {
		body, err = f.body(fr, resp.Body)
	}
	if e, ok := err.(*badAnswer); ok { //nolint:errorlint // never wrapped
		e.header = header
	}
	return header, body, err
}

func autoBody(fr *frame, resp *httpfetch.Response) (datum.Value, error) {
	kind := strings.ToLower(resp.Header.Get("Content-Type"))
	is := func(names ...string) bool {
		for _, n := range names {
			if strings.HasPrefix(kind, n) {
				return true
			}
		}
		return false
	}
	switch {
	case is("application/json-p", "text/javascript", "text/json-p"):
		for _, f := range [...]resultFormat{formatJSON, formatJSONP} {
			if v, err := f.body(fr, resp.Body); err == nil {
				return v, nil
			}
		}
	case is("application/json"):
		return formatJSON.body(fr, resp.Body)
	case is("audio/", "image/", "video/", "application/octet-stream"):
		return formatBinary.body(fr, resp.Body)
	}
	return formatText.body(fr, decodeText(resp))
}

// decodeText gives the body of an answer in UTF-8 when the server has said that it is in Latin-1, which is what many old
// servers send.
func decodeText(resp *httpfetch.Response) []byte {
	_, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || !strings.EqualFold(params["charset"], "iso-8859-1") || utf8.Valid(resp.Body) {
		return resp.Body
	}
	out := make([]rune, len(resp.Body))
	for i, b := range resp.Body {
		out[i] = rune(b)
	}
	return []byte(string(out))
}

func (f resultFormat) body(fr *frame, b []byte) (datum.Value, error) {
	switch f {
	case formatBinary:
		return datum.Binary(b), nil
	case formatJSON:
		return jsonBody(fr, b, b)
	case formatJSONP:
		if inner, ok := unwrapJSONP(b); ok {
			return jsonBody(fr, inner, inner)
		}
		return datum.Value{}, &badAnswer{text: "failed to parse JSONP response", body: b}
	}
	if !utf8.Valid(b) {
		return datum.Value{}, &badAnswer{text: "the response is not text in UTF-8; use the option result_format: 'binary'"}
	}
	return datum.String(string(b)), nil
}

func jsonBody(fr *frame, b, quote []byte) (datum.Value, error) {
	v, err := datum.ReadJSON(b)
	if e, ok := err.(*datum.SyntaxError); ok { //nolint:errorlint // never wrapped
		return v, &badAnswer{text: "failed to parse JSON response: " + e.Msg, body: quote}
	}
	if err == nil {
		err = checkArrays(fr, v)
	}
	if err != nil {
		return v, &badAnswer{text: err.Error()}
	}
	return v, nil
}

// checkArrays is the error of a value some array of which is over the limit. The depth of what comes from JSON is limited.
func checkArrays(fr *frame, v datum.Value) error {
	switch v.Kind() {
	case datum.KindArray:
		if err := fr.checkArray(v.Len()); err != nil {
			return err
		}
		for i := range v.Len() {
			if err := checkArrays(fr, v.At(i)); err != nil {
				return err
			}
		}
	case datum.KindObject:
		for i := range v.Len() {
			_, e := v.FieldAt(i)
			if err := checkArrays(fr, e); err != nil {
				return err
			}
		}
	}
	return nil
}

// JSONP is JSON as the argument of a call: f(…), o.f(…) or o["f"](…), with an optional semicolon.
var jsonpForms = func() []*regexp.Regexp {
	const (
		identifier = `\s*[$_\p{Ll}\p{Lt}\p{Lu}\p{Lm}\p{Lo}\p{Nl}][$_\p{Ll}\p{Lt}\p{Lu}\p{Lm}\p{Lo}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*\s*`
		argument   = `\(((?s:.*))\)\s*;?\s*`
	)
	var forms []*regexp.Regexp
	for _, callee := range [...]string{identifier, identifier + `\.` + identifier, identifier + `\[\s*['"].*['"]\s*\]\s*`} {
		forms = append(forms, regexp.MustCompile(`^`+callee+argument+`$`))
	}
	return forms
}()

func unwrapJSONP(b []byte) (inner []byte, ok bool) {
	for _, form := range jsonpForms {
		if m := form.FindSubmatch(b); m != nil {
			return m[1], true
		}
	}
	return nil, false
}

// linkForm is one link of a Link header, from the beginning of what is left of the line.
var linkForm = regexp.MustCompile(`^\s*<([^>]*)>\s*(?:;\s*([^,]+)\s*(?:,|$))`)

// headerObject gives a header as an object: the last line of each name, and the links by their parameters.
func headerObject(h http.Header) (datum.Value, error) {
	var fields, links datum.ObjectBuilder
	hasLinks := false
	for name, lines := range h {
		if len(lines) == 0 {
			continue
		}
		name = strings.ToLower(name)
		if name != "link" {
			fields.Overwrite(validText(name), datum.String(validText(lines[len(lines)-1])))
			continue
		}
		for _, line := range lines {
			rest := validText(line)
			for {
				m := linkForm.FindStringSubmatch(rest)
				if m == nil {
					break
				}
				links.Overwrite(m[2], datum.String(m[1]))
				hasLinks = true
				rest = rest[len(m[0]):]
			}
			if rest != "" {
				return datum.Value{}, &badAnswer{text: "failed to parse link header line: '" + validText(line) + "'"}
			}
		}
	}
	if hasLinks {
		fields.Overwrite("link", links.Value())
	}
	return fields.Value(), nil
}

func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
