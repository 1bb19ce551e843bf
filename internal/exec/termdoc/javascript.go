package termdoc

import (
	"strings"
	"unicode"
)

// javaScript writes a query of the notation of package reqltest as a user of the JavaScript driver does: optional
// arguments in an object at the end of a call, those of the whole query in run.
func javaScript(query string) string {
	if q, opts, ok := strings.Cut(query, "; "); ok {
		return javaScript(q) + ".run(conn, {" + opts + "})"
	}
	var out strings.Builder
	var open []string // what closes each bracket that is open, innermost last
	for i := 0; i < len(query); {
		c := query[i]
		switch c {
		case '"':
			end := i + 1
			for end < len(query) && query[end] != '"' {
				if query[end] == '\\' {
					end++
				}
				end++
			}
			out.WriteString(query[i : end+1])
			i = end + 1
			continue
		case '(', '[', '{':
			open = append(open, map[byte]string{'(': ")", '[': "]", '{': "}"}[c])
		case ')', ']', '}':
			last := len(open) - 1
			out.WriteString(open[last])
			open = open[:last]
			i++
			continue
		}
		if last := len(open) - 1; last >= 0 && open[last] == ")" && optionAhead(query[i:]) && !isWord(query[i-1]) {
			open[last] = "})"
			out.WriteByte('{')
		}
		out.WriteByte(c)
		i++
	}
	return out.String()
}

func isWord(c byte) bool { return c == '_' || unicode.IsLetter(rune(c)) || unicode.IsDigit(rune(c)) }

// optionAhead tells whether s begins with the name of an optional argument.
func optionAhead(s string) bool {
	end := 0
	for end < len(s) && isWord(s[end]) {
		end++
	}
	return end > 0 && strings.HasPrefix(s[end:], ": ")
}
