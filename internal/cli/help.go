package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"rethinkdb/internal/admin"
)

const (
	helpIndent = 28 // column of the descriptions
	helpWidth  = 79
)

// introductions say what a command does; its options follow.
var introductions = map[command]string{
	porcelain: `Usage: rethinkdb [options]
       rethinkdb COMMAND [options]

Without a command: serve the data directory, and create it with a database
named test when it is missing. Then point a driver at port 28015 and a browser
at port 8080. Stop with Ctrl-C or SIGTERM.
`,
	serve: `Usage: rethinkdb serve [options]

Serve an existing data directory. Unlike rethinkdb without a command it never
creates one, so that a file system that is not mounted is noticed.
`,
	create: `Usage: rethinkdb create [options]

Prepare a data directory for a new server and exit. The directory must be
missing or empty.
`,
	proxy: `Usage: rethinkdb proxy [options]

Answer queries for a cluster without holding data, beside the clients: name any
of its servers with --join. A proxy keeps nothing, and is a new one at each
start.
`,
	administration: `Usage: rethinkdb admin [options] [COMMAND]

Run one command on a server, or without one open a console: one command a line,
with a history, and completion by the tab key. Commands may come from a pipe.
`,
	reencrypt: `Usage: rethinkdb reencrypt [options]

Write all files of a data directory anew, encrypted with a new data key, while
the server is stopped: to encrypt a directory that is not, or to get rid of what
was encrypted with an old key. After a crash run it again. It needs free space
for the largest file.
`,
	createCerts: `Usage: rethinkdb create-certs [options]

Make certificates for TLS when nobody else does: an authority, a certificate of
the server and one of a client, with their keys, as PEM files in a directory.
Then the options of the server that use them are printed. Run it again to add
clients, or with --renew before the certificates expire.
`,
	auditVerify: `Usage: rethinkdb audit-verify [options] FILE...

Find lines of an audit log (--audit-log) that were changed, removed or
exchanged. Name all files of one log, in any order. The exit status is 1 when
something is found. What was cut off at the end shows only when an entry is
known from elsewhere: give --last, or --join for the running server.
`,
	securityCheck: `Usage: rethinkdb security-check [options]
       rethinkdb security-check --directory path [options of serve]

Say for each port who may come in, and what could be closed, with the command
that closes it: of a server that runs, or with --directory or --config-file of
one that is to be started with these options. The exit status is 1 when
something serious is open.
`,
}

// documented are the commands that have a page of help.
var documented = []command{serve, create, proxy, administration, createCerts, securityCheck, reencrypt, auditVerify}

const commandList = `Commands:
  create                    prepare a data directory and exit
  serve                     serve an existing data directory
  admin                     set the authentication key, list and change tables
  create-certs              make certificates for TLS
  reencrypt                 encrypt an existing data directory anew
  audit-verify              find lines of an audit log that were changed
  security-check            say what is open, and how to close it
  export, import, dump, restore, index-rebuild, repl
                            run the tool rethinkdb-NAME of the Python driver
  help [COMMAND]            print help, here or for a command
  --version                 print the version

Run 'rethinkdb help COMMAND' for the options of a command.
`

func printHelp(w io.Writer, cmd command) {
	var b strings.Builder
	b.WriteString(introductions[cmd])
	section := unlistedSection
	for _, o := range options {
		if o.commands&cmd == 0 || o.section == unlistedSection {
			continue
		}
		if o.section != section {
			section = o.section
			fmt.Fprintf(&b, "\n%s:\n", section)
		}
		b.WriteString(o.usage())
	}
	if cmd == porcelain {
		b.WriteString("\n" + commandList)
	}
	if cmd == administration {
		b.WriteString("\nCommands:\n" + admin.Commands())
	}
	// Help that nobody can read has nobody to complain to either.
	_, _ = io.WriteString(w, b.String())
}

// usage is the option's entry in the help, one or more lines.
func (o option) usage() string {
	name := "  " + o.long
	if o.short != "" {
		name = "  " + o.short + " [ " + o.long + " ]"
	}
	if o.arg != "" {
		name += " " + o.arg
	}
	var b strings.Builder
	b.WriteString(name)
	column := utf8.RuneCountInString(name)
	if column+2 > helpIndent {
		b.WriteByte('\n')
		column = 0
	}
	for i, line := range wrap(o.help, helpWidth-helpIndent) {
		if i > 0 {
			column = 0
		}
		b.WriteString(strings.Repeat(" ", helpIndent-column) + line + "\n")
	}
	return b.String()
}

// wrap breaks text between words into lines of at most width columns, where the words allow it.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
