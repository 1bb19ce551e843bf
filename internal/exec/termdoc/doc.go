// Package termdoc reads the documentation of ReQL's terms and writes docs/reql.md with it.
//
// A term is documented by the comment on the line before its registration, in a notation that reads well there:
//
//	// Family: Strings
//	//
//	// string.split() → array
//	// string.split(separator[, max]) → array
//	//
//	// The parts of a string between separators. The text is Markdown, in paragraphs.
//	//
//	// Options:
//	// - name (type; default): what it does, in one line or
//	//   several
//	//
//	// Errors:
//	// - QueryLogic: Text of … the error.
//	//
//	//	> r.expr("a b").split()
//	//	["a","b"]
//	register(reql.TermSplit, spec{…})
//
// Family is one of page.md's; without it, it is that of the comment before it in the file. A form is written as in
// JavaScript, with a name or a type for each argument; [, x] may be left out and x… may be repeated. The text of an error
// is the one in the sources with … for each part that varies. An example is a query in the notation of package reqltest, which
// may go on in lines that are indented, and below it the answer as the scripts in testdata have it; all examples of a comment
// run one after the other over fresh tables. A comment above a line with two terms documents all from the one to the
// other.
//
// The package does not know the registrations: the test of package exec brings both together, checks that they agree, runs the
// examples, and with -rewrite writes their answers and the page.
package termdoc
