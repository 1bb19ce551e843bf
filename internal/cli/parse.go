package cli

import (
	"fmt"
	"strings"
)

// optionError is a mistake in the options: it is shown with its source, the usage of the option and the way to the help.
type optionError struct {
	source string
	option string // official name of a known option, or empty
	text   string
	advice string // one sentence, or empty
}

func (e *optionError) Error() string {
	text := fmt.Sprintf("Error in %s: %s", e.source, e.text)
	if e.advice != "" {
		text += " " + e.advice
	}
	return text
}

// refusal is any other reason not to start; it is shown as it is.
type refusal string

func (r refusal) Error() string { return string(r) }

func refusef(format string, args ...any) refusal { return refusal(fmt.Sprintf(format, args...)) }

// hint appends what the operator can do.
func (r refusal) hint(format string, args ...any) refusal {
	return refusal(strings.TrimRight(string(r), ".") + ". " + fmt.Sprintf(format, args...))
}

// parseWords reads the words after the command.
func parseWords(words []string, cmd command) (settings, error) {
	s := make(settings)
	for i := 0; i < len(words); i++ {
		word := words[i]
		o := find(word, cmd)
		if o == nil {
			return nil, unknownWord(word, cmd)
		}
		value := ""
		if o.arg != "" {
			i++
			if i == len(words) || words[i] == "" || looksLikeOption(words[i]) {
				return nil, &optionError{source: fromCommandLine, option: o.long, text: "Option '" + word + "' is missing its parameter."}
			}
			value = words[i]
		}
		s[o.long] = values{source: fromCommandLine, list: append(s[o.long].list, value)}
	}
	return s, nil
}

func unknownWord(word string, cmd command) error {
	if !looksLikeOption(word) {
		return &optionError{source: fromCommandLine, text: fmt.Sprintf(
			"Unexpected positional parameter '%s' (did you forget the option name, or forget to quote a parameter list?).", word)}
	}
	e := &optionError{source: fromCommandLine, text: "Unrecognized option '" + word + "'."}
	if name, value, ok := strings.Cut(word, "="); ok {
		if o := find(name, cmd); o != nil && o.arg != "" {
			e.advice = fmt.Sprintf("Write the value as a word of its own: %s %s", name, value)
		}
	}
	return e
}
