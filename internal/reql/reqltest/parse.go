package reqltest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"rethinkdb/internal/reql"
)

// Query gives the START query message for a script. Global optional arguments follow the expression after a semicolon:
// `r.range(10); max_batch_rows: 3`.
func Query(script string) ([]byte, error) {
	p := &parser{s: script, vars: map[string]int{}}
	term, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("at %q: %w", p.rest(), err)
	}
	return json.Marshal(term)
}

type parser struct {
	s    string
	i    int
	vars map[string]int // numbers of the variables in scope
	next int
}

func (p *parser) rest() string {
	r := p.s[min(p.i, len(p.s)):]
	return r[:min(len(r), 40)]
}

func (p *parser) space() {
	for p.i < len(p.s) && unicode.IsSpace(rune(p.s[p.i])) {
		p.i++
	}
}

// take skips tok if it is next.
func (p *parser) take(tok string) bool {
	p.space()
	if strings.HasPrefix(p.s[p.i:], tok) {
		p.i += len(tok)
		return true
	}
	return false
}

func (p *parser) expect(tok string) error {
	if !p.take(tok) {
		return fmt.Errorf("expected %q", tok)
	}
	return nil
}

func (p *parser) ident() string {
	p.space()
	start := p.i
	for p.i < len(p.s) && (p.s[p.i] == '_' || p.s[p.i] == '$' || unicode.IsLetter(rune(p.s[p.i])) || p.i > start && unicode.IsDigit(rune(p.s[p.i]))) {
		p.i++
	}
	return p.s[start:p.i]
}

func (p *parser) parse() (any, error) {
	term, err := p.expr()
	if err != nil {
		return nil, err
	}
	query := []any{1, term}
	if p.take(";") {
		opts := map[string]any{}
		for {
			name := p.ident()
			if err := p.expect(":"); err != nil {
				return nil, err
			}
			if opts[name], err = p.expr(); err != nil {
				return nil, err
			}
			if !p.take(",") {
				break
			}
		}
		query = append(query, opts)
	}
	p.space()
	if p.i < len(p.s) {
		return nil, fmt.Errorf("unexpected text")
	}
	return query, nil
}

func (p *parser) expr() (any, error) {
	term, err := p.primary()
	if err != nil {
		return nil, err
	}
	for {
		switch {
		case p.take("("):
			args, _, err := p.args(")")
			if err != nil {
				return nil, err
			}
			term = []any{reql.TermBracket, append([]any{term}, args...)}
		case p.take("."):
			name := p.ident()
			if err := p.expect("("); err != nil {
				return nil, err
			}
			if term, err = p.callTerm(name, []any{term}); err != nil {
				return nil, err
			}
		default:
			return term, nil
		}
	}
}

// callTerm reads the arguments of a term and builds it.
func (p *parser) callTerm(name string, args []any) (any, error) {
	more, opts, err := p.args(")")
	if err != nil {
		return nil, err
	}
	if args = append(args, more...); args == nil {
		args = []any{}
	}
	if name == "do" {
		last := len(args) - 1
		args = append([]any{args[last]}, args[:last]...)
		name = "funcall"
	}
	if name == "expr" && len(args) == 1 && len(opts) == 0 {
		return args[0], nil
	}
	typ, ok := termNumber(name)
	if !ok {
		return nil, fmt.Errorf("no term %q", name)
	}
	if len(opts) > 0 {
		return []any{typ, args, opts}, nil
	}
	return []any{typ, args}, nil
}

// args reads arguments and named optional arguments up to end.
func (p *parser) args(end string) ([]any, map[string]any, error) {
	var args []any
	opts := map[string]any{}
	if p.take(end) {
		return args, opts, nil
	}
	for {
		p.space()
		mark := p.i
		if name := p.ident(); name != "" && p.take(":") {
			v, err := p.expr()
			if err != nil {
				return nil, nil, err
			}
			opts[name] = v
		} else {
			p.i = mark
			v, err := p.expr()
			if err != nil {
				return nil, nil, err
			}
			args = append(args, v)
		}
		if p.take(end) {
			return args, opts, nil
		}
		if err := p.expect(","); err != nil {
			return nil, nil, err
		}
	}
}

func (p *parser) primary() (any, error) {
	p.space()
	if p.i >= len(p.s) {
		return nil, fmt.Errorf("unexpected end")
	}
	switch c := p.s[p.i]; {
	case c == '"' || c == '-' || c >= '0' && c <= '9':
		return p.literal()
	case c == '[':
		p.i++
		elems, opts, err := p.args("]")
		if err == nil && len(opts) > 0 {
			err = fmt.Errorf("a name inside an array")
		}
		if elems == nil {
			elems = []any{}
		}
		return []any{reql.TermMakeArray, elems}, err
	case c == '{':
		p.i++
		return p.object()
	case c == '(':
		if obj, ok := strings.CutPrefix(p.s[p.i:], "({"); ok { // what an arrow needs before an object
			p.i = len(p.s) - len(obj)
			v, err := p.object()
			if err == nil {
				err = p.expect(")")
			}
			return v, err
		}
		return p.function()
	}
	name := p.ident()
	switch name {
	case "":
		return nil, fmt.Errorf("unexpected character")
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	case "r":
		if err := p.expect("."); err != nil {
			return nil, err
		}
		name = p.ident()
		if name == "row" {
			return []any{reql.TermImplicitVar, []any{}}, nil
		}
		if p.take("(") {
			return p.callTerm(name, nil)
		}
		typ, ok := termNumber(name) // a constant, such as r.minval
		if !ok {
			return nil, fmt.Errorf("no term %q", name)
		}
		return []any{typ, []any{}}, nil
	}
	if p.take("=>") {
		return p.body([]string{name})
	}
	n, ok := p.vars[name]
	if !ok {
		return nil, fmt.Errorf("no variable %q", name)
	}
	return []any{reql.TermVar, []any{n}}, nil
}

func (p *parser) function() (any, error) {
	p.i++ // the parenthesis
	var names []string
	for !p.take(")") {
		name := p.ident()
		if name == "" {
			return nil, fmt.Errorf("expected a parameter")
		}
		names = append(names, name)
		p.take(",")
	}
	if err := p.expect("=>"); err != nil {
		return nil, err
	}
	return p.body(names)
}

func (p *parser) body(names []string) (any, error) {
	outer := p.vars
	p.vars = map[string]int{}
	for k, v := range outer {
		p.vars[k] = v
	}
	nums := make([]any, len(names))
	for i, n := range names {
		p.next++
		p.vars[n], nums[i] = p.next, p.next
	}
	body, err := p.expr()
	p.vars = outer
	return []any{reql.TermFunc, []any{[]any{reql.TermMakeArray, nums}, body}}, err
}

func (p *parser) object() (any, error) {
	obj := map[string]any{}
	for !p.take("}") {
		p.space()
		var key string
		if p.i < len(p.s) && p.s[p.i] == '"' {
			v, err := p.literal()
			if err != nil {
				return nil, err
			}
			key, _ = v.(string)
		} else {
			key = p.ident()
		}
		if err := p.expect(":"); err != nil {
			return nil, err
		}
		v, err := p.expr()
		if err != nil {
			return nil, err
		}
		obj[key] = v
		p.take(",")
	}
	return obj, nil
}

// literal reads a JSON string or number.
func (p *parser) literal() (any, error) {
	d := json.NewDecoder(strings.NewReader(p.s[p.i:]))
	d.UseNumber()
	var v any
	if p.s[p.i] == '"' {
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		p.i += int(d.InputOffset())
		return v, nil
	}
	start := p.i
	for p.i < len(p.s) && strings.ContainsRune("+-.eE0123456789", rune(p.s[p.i])) {
		if p.s[p.i] == '.' && (p.i+1 >= len(p.s) || !unicode.IsDigit(rune(p.s[p.i+1]))) {
			break // the dot of a method
		}
		p.i++
	}
	text := p.s[start:p.i]
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		return nil, err
	}
	return json.Number(text), nil
}

var numbers = func() map[string]reql.TermType {
	m := map[string]reql.TermType{}
	for t := reql.TermType(1); t < 300; t++ {
		if t.Known() {
			m[strings.ReplaceAll(t.String(), "_", "")] = t
		}
	}
	m["js"] = reql.TermJavaScript
	return m
}()

func termNumber(name string) (reql.TermType, bool) {
	t, ok := numbers[strings.ToLower(strings.ReplaceAll(name, "_", ""))]
	return t, ok
}
