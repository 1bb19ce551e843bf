package termdoc

import (
	"fmt"
	"strings"
)

// Form is one way to write a term: `array.slice(left[, right]) → array`.
type Form struct {
	Text     string
	Name     string
	Min, Max int // number of arguments, with the one before the dot; Max < 0 is any number
}

// parseForm reads a form. What is not a call, such as `value("field") → value`, is named by what stands before its bracket.
func parseForm(text string) (Form, error) {
	f := Form{Text: text}
	call, _, ok := strings.Cut(text, " → ")
	if !ok {
		return f, fmt.Errorf("form %q has no →", text)
	}
	f.Name = call
	if open := strings.IndexAny(call, "(["); open >= 0 {
		f.Name = call[:open]
		f.count(call[open+1:])
	}
	receiver, name, dot := strings.Cut(f.Name, ".")
	if dot {
		f.Name = name
	}
	if receiver != "r" && receiver != "" {
		f.add(false, false)
	}
	return f, nil
}

// count adds the arguments in args, for example `a, b[, c…], name: value)`; named ones are options.
func (f *Form) count(args string) {
	optional := false
	for args != "" {
		end := strings.IndexAny(args, "[],)")
		if end < 0 {
			return
		}
		if arg := strings.TrimSpace(args[:end]); arg != "" && !strings.Contains(arg, ": ") {
			f.add(optional, strings.HasSuffix(arg, "…"))
		}
		switch args[end] {
		case '[':
			optional = true
		case ']':
			optional = false
		}
		args = args[end+1:]
	}
}

// add counts an argument.
func (f *Form) add(optional, repeated bool) {
	if !optional {
		f.Min++
	}
	switch {
	case repeated:
		f.Max = -1
	case f.Max >= 0:
		f.Max++
	}
}
