package admin

import (
	"errors"
	"strings"
)

var errQuote = errors.New("unmatched quote")

// split splits a line into words at white space. Quotes of both kinds hold a word together, and a backslash takes the quote,
// space or backslash after it literally.
func split(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inside := false // a word has begun, perhaps an empty one
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && i+1 < len(line) && strings.IndexByte("\"'\\ \t", line[i+1]) >= 0:
			i++
			word.WriteByte(line[i])
			inside = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, inside = c, true
		case strings.IndexByte(" \t\r\n", c) >= 0:
			if inside {
				words = append(words, word.String())
				word.Reset()
			}
			inside = false
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if quote != 0 {
		return nil, errQuote
	}
	if inside {
		words = append(words, word.String())
	}
	return words, nil
}
