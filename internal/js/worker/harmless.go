package worker

import "strings"

// An engine is made for each query with a script, so that what a script does to the global object, to the built-ins or to its own
// closures ends with its query. To make one and throw it away takes ten times as long as to run a small script in it.
//
// harmless recognizes scripts that cannot leave anything behind, so that the next query may have the engine:
//
//	(function(row) { if (row.age > 17) return row.name + "!"; return null; })
//	(x => x * 2 + 1)
//
// It is a list of what is allowed, and refuses everything else: a script that it refuses costs an engine, and one that it
// accepted wrongly would show or spoil something of another query. What it accepts is one function in parentheses in which
//
//   - nothing is called: no parenthesis after an operand, no `new`, no template, no operator that calls (`in`, `instanceof`, `...`,
//     `for (… of …)`);
//   - nothing is assigned but the function's own variables and parameters, and nothing is deleted;
//   - there is no other function, so that a `var` is a variable of this one, wherever it stands;
//   - the text has one reading: no comments, no regular expressions, no escapes or letters beyond ASCII outside of strings.
//
// What is left reads values and computes new ones. An operator may call the valueOf or toString of an object that the script has
// made, which can then only be a built-in, is called without arguments of the script's choice, and changes that object at most.
func harmless(source string) bool {
	if len(source) > maxHarmlessBytes || strings.Contains(source, "<!--") || strings.Contains(source, "-->") {
		return false
	}
	c := checker{lexer: lexer{text: source}, own: map[string]bool{}}
	return c.header() && c.body() && c.end()
}

// maxHarmlessBytes bounds the time for a look at a script.
const maxHarmlessBytes = 4096

// checker reads a script from the left to the right, with one token before the present one and one behind it.
type checker struct {
	lexer
	beforePrevious, previous, present, next token

	own    map[string]bool // names that may be assigned
	braces []bool          // of the open braces: it is a block, not an object
	parens int             // open parentheses, and brackets
	bare   bool            // the function is an arrow with an expression, whose end is that of the parentheses around it
}

// advance moves to the next token.
func (c *checker) advance() {
	c.beforePrevious, c.previous, c.present = c.previous, c.present, c.next
	c.next = c.lex()
}

// take moves on if the next token is this one.
func (c *checker) take(text string) bool {
	if c.next.text != text {
		return false
	}
	c.advance()
	return true
}

// header reads what comes before the body: `(function name(a, b) {`, `(a =>`, `((a, b) =>`.
func (c *checker) header() bool {
	c.next = c.lex()
	if !c.take("(") {
		return false
	}
	if c.take("function") {
		if c.next.kind == name {
			c.advance()
		}
		return c.parameters() && c.take("{")
	}
	if c.next.kind == name {
		c.own[c.next.text] = true
		c.advance()
	} else if !c.parameters() {
		return false
	}
	if !c.take("=>") {
		return false
	}
	if !c.take("{") {
		// After a comma there may be other expressions, which are not in the function.
		c.bare, c.own, c.parens = true, nil, 1
	}
	return true
}

func (c *checker) parameters() bool {
	if !c.take("(") {
		return false
	}
	for c.next.kind == name {
		c.own[c.next.text] = true
		c.advance()
		if !c.take(",") {
			break
		}
	}
	return c.take(")")
}

// end tells whether nothing follows the function but the parenthesis around it.
func (c *checker) end() bool {
	if !c.bare && !c.take(")") {
		return false
	}
	c.take(";")
	return c.next.kind == eof
}

// body reads up to the brace that closes a block, or the parenthesis around an expression.
func (c *checker) body() bool {
	c.braces = append(c.braces, true)
	for {
		c.advance()
		ok := true
		switch t := c.present; t.kind {
		case bad, eof:
			return false
		case keyword:
			ok = c.statement(t.text)
		case punctuator:
			ok = c.punctuator(t.text)
		}
		if !ok {
			return false
		}
		if !c.bare && len(c.braces) == 0 || c.bare && c.parens == 0 {
			return c.parens == 0 && len(c.braces) <= 1
		}
	}
}

// statement judges a keyword. In an object it would be the name of a function.
func (c *checker) statement(word string) bool {
	block := c.braces[len(c.braces)-1]
	if word == "typeof" || word == "void" {
		return block || c.next.text != "("
	}
	if c.bare || !block {
		return false
	}
	switch word {
	case "var":
		if c.next.kind != name {
			return false
		}
		c.own[c.next.text] = true
	case "let":
		// After `if (x)` and the like it can be a name.
		switch c.previous.text {
		case "{", "}", ";", "(":
		default:
			return false
		}
		return c.next.kind == name && !c.next.newLine
	case "const":
		return c.next.kind == name
	}
	return true
}

func (c *checker) punctuator(p string) bool {
	switch p {
	case "(", "[":
		c.parens++
		return p == "[" || !c.operand(c.previous)
	case ")", "]":
		c.parens--
		return c.parens >= 0
	case "{":
		block := false
		switch c.previous.text {
		case ")", ";", "}", "{", "else", "do":
			block = true
		}
		c.braces = append(c.braces, block)
		return true
	case "}":
		c.braces = c.braces[:len(c.braces)-1]
		return !c.bare || len(c.braces) > 0
	case "=":
		if d := c.beforePrevious; d.kind == keyword && (d.text == "let" || d.text == "const") && c.previous.kind == name {
			return true
		}
		return c.mine(c.previous)
	case "++", "--":
		if c.operand(c.previous) {
			return c.mine(c.previous) && c.next.kind == punctuator && c.next.text != "(" && c.next.text != "["
		}
		c.advance()
		switch c.next.text {
		case ".", "?.", "[", "(":
			return false
		}
		return c.mine(c.present)
	case "/":
		// After anything else it could begin a regular expression.
		t := c.previous
		return !c.present.newLine && (t.kind == number || t.kind == name || t.kind == punctuator && t.text == "]")
	case "=>":
		return false
	}
	if assigns(p) {
		return c.mine(c.previous) && (p != "/=" || !c.present.newLine)
	}
	return true
}

// operand tells whether a parenthesis after t would be a call.
func (c *checker) operand(t token) bool {
	switch t.kind {
	case name, number, str:
		return true
	case punctuator:
		return t.text == ")" || t.text == "]" || t.text == "}" || t.text == "?."
	}
	return false
}

// mine tells whether t may be assigned.
func (c *checker) mine(t token) bool {
	return t.kind == name && !t.member && c.own[t.text]
}

// assigns tells whether an operator is one like +=.
func assigns(p string) bool {
	switch p {
	case "+=", "-=", "*=", "**=", "/=", "%=", "<<=", ">>=", ">>>=", "&=", "|=", "^=", "&&=", "||=", "??=":
		return true
	}
	return false
}
